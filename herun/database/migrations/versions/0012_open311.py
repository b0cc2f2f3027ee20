"""Open311: who may use it, what came through it, and what of it has to be forgotten."""

from herun.database.migrate import run_sql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run_sql(__file__)
