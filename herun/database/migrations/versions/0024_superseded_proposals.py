"""A proposed rule is superseded when the arbiter decides otherwise on all orders that it comes from."""

from herun.database.migrate import run_sql

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    run_sql(__file__)
