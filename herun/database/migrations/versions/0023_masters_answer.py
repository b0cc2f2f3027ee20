"""Of a merged order it is known when the one that stands for it was answered, and whether that is confidential."""

from herun.database.migrate import run_sql

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    run_sql(__file__)
