"""A return visit asks how content the reporter is, too."""

from herun.database.migrate import run_sql

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    run_sql(__file__)
