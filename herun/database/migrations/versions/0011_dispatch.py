"""Who is sent: dispatch rules, rosters, positions, offers, helpers, and what an arbiter's decisions propose."""

from herun.database.migrate import run_sql

revision = "0011"
down_revision = "0008"


def upgrade() -> None:
    run_sql(__file__)
