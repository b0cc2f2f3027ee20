"""Who is sent: dispatch rules, rosters, positions, offers, helpers, and what an arbiter's decisions propose."""

from herun.database.migrate import run_sql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run_sql(__file__)
