"""Passages of a drill can be told from others."""

from herun.database.migrate import run_sql

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    run_sql(__file__)
