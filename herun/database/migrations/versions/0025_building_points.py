"""A building may say where it stands, so that a report by map point finds it."""

from herun.database.migrate import run_sql

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    run_sql(__file__)
