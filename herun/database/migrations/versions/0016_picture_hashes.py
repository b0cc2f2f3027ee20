"""What each picture was when it was taken in, so that evidence can say whether it still is."""

from herun.database.migrate import run_sql

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    run_sql(__file__)
