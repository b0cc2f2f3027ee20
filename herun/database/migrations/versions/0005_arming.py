"""Arming: what people want of zones, bypasses, service windows, decrees, and the history of all that."""

from herun.database.migrate import run_sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run_sql(__file__)
