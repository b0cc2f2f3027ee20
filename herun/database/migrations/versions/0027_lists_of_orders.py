"""Lists of orders by what the desk asks for walk indexes; draws keep what their orders were."""

from herun.database.migrate import run_sql

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    run_sql(__file__)
