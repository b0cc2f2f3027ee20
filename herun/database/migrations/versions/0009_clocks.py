"""Two clocks for every order: the promise to its reporter, and whose turn it was; pauses, extensions, deadlines."""

from herun.database.migrate import run_sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    run_sql(__file__)
