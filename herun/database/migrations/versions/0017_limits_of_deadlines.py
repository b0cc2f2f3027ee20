"""A deadline knows the limit that it reminds of."""

from herun.database.migrate import run_sql

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    run_sql(__file__)
