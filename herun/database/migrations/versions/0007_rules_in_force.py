"""Which version of each rule is in force, as rows of their own: ten thousand are counted and paged through."""

from herun.database.migrate import run_sql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run_sql(__file__)
