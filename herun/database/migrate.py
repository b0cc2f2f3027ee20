"""Brings a database to the schema of this version."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy
from alembic import command, op
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.pool import NullPool

from herun.database.pool import role_conninfo

_FOLDER = Path(__file__).parent / "migrations"


def migrate(url: str, to: str = "head") -> str:
    """Runs the missing migrations, each in a transaction, and returns the revision reached. Raises psycopg.Error."""
    config = _config()
    with _engine(url).connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)
        connection.commit()
        return MigrationContext.configure(connection).get_current_revision() or ""


@cache
def head_revision() -> str:
    """The revision that this version of the code needs; all migrations are read for it, once."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current_revision(url: str) -> str:
    """The database's revision; empty if it was never migrated."""
    with _engine(url).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def raw_connection() -> psycopg.Connection[Any]:
    """The psycopg connection of the running migration: .sql files run as they are, past SQLAlchemy's parameters."""
    connection = op.get_bind().connection.driver_connection
    if not isinstance(connection, psycopg.Connection):
        raise TypeError(f"migrations need psycopg, not {type(connection)}")
    return connection


def run_sql(version_file: str) -> None:
    """Runs the .sql file beside a version's .py file."""
    raw_connection().execute(Path(version_file).with_suffix(".sql").read_bytes())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config


def _engine(url: str) -> sqlalchemy.Engine:
    info = role_conninfo(url, None, "herun-migrate")
    return sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(info, prepare_threshold=None), poolclass=NullPool
    )
