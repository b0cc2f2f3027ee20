"""What an order was opened with is sealed in its history, and it is known where the chain of a site begins."""

from herun.database.migrate import run_sql

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    run_sql(__file__)
