"""Category trees of sites, what orders teach about categories, and how each order came to its own."""

from herun.database.migrate import run_sql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    run_sql(__file__)
