"""Reports that wait to be sorted into topics are not forgotten when there are many."""

from herun.database.migrate import run_sql

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    run_sql(__file__)
