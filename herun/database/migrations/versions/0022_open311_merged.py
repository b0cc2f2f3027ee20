"""A request that is merged into a confidential order is open until that has an answer."""

from herun.database.migrate import run_sql

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    run_sql(__file__)
