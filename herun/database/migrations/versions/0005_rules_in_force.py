"""Which version of each rule is in force, as rows of their own: ten thousand are counted and paged through."""

from herun.database.migrate import run_sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run_sql(__file__)
