"""The whole cycle of a work order: put aside, merged, split, given back, rated by round; its history is chained."""

from herun.database.migrate import run_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run_sql(__file__)
