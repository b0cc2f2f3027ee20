"""Migrating a database, with its failures in words."""

from __future__ import annotations

import psycopg
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from herun.database.migrate import migrate
from herun.stack.folder import StackError
from herun.stack.postgres import address_of


def migrate_database(dsn: str) -> str:
    """Brings the database to this version's schema; the revision. Blocks. Raises StackError."""
    try:
        return migrate(dsn)
    except (psycopg.Error, SQLAlchemyError, CommandError) as error:
        raise StackError(f"the database at {address_of(dsn)} could not be migrated: {error}") from error
