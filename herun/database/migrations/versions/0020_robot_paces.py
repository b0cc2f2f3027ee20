"""When each robot of a group chat may be written to again is kept."""

from herun.database.migrate import run_sql

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    run_sql(__file__)
