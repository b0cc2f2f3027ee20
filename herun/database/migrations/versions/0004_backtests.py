"""Our own outages as rows, so that a replay knows them; jobs of backtests and traces, and their results."""

from herun.database.migrate import run_sql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run_sql(__file__)
