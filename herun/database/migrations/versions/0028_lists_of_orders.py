"""Lists of orders by category, unit, grid, building and phone, and of what is late, walk indexes."""

from herun.database.migrate import run_sql

revision = "0028"
down_revision = "0023"


def upgrade() -> None:
    run_sql(__file__)
