"""What Open311 brings is whole: a request that gets no order stands behind the others."""

from herun.database.migrate import run_sql

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    run_sql(__file__)
