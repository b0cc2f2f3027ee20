"""A request that is merged into a confidential order is open until that has an answer."""

from herun.database.migrate import run_sql

revision = "0023"
down_revision = "0020"


def upgrade() -> None:
    run_sql(__file__)
