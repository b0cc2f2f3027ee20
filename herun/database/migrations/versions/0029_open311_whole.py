"""Open311: requests that get no order stand behind the others, updates have pictures, all orders their own place."""

from herun.database.migrate import run_sql

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    run_sql(__file__)
