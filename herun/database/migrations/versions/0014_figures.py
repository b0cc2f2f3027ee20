"""Frozen bulletins with the orders that they counted, and topics of what people report."""

from herun.database.migrate import run_sql

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    run_sql(__file__)
