"""Open311: an update's status is kept, pictures are all JPEG, and what the system opens by itself is not published."""

from herun.database.migrate import run_sql

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    run_sql(__file__)
