"""Lists of orders by severity and channel walk indexes."""

from herun.database.migrate import run_sql

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    run_sql(__file__)
