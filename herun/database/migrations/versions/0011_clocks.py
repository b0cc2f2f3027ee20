"""Two clocks for every order: the promise to its reporter, and whose turn it was; pauses, extensions, deadlines."""

from herun.database.migrate import run_sql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run_sql(__file__)
