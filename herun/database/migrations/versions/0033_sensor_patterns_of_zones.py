"""Sensors that lie in no building are a pattern of their zone."""

from herun.database.migrate import run_sql

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    run_sql(__file__)
