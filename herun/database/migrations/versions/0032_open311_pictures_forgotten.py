"""Pictures that came by Open311 are forgotten as all others are."""

from herun.database.migrate import run_sql

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    run_sql(__file__)
