"""The engine hears what zones and buildings are called, for the texts of alerts."""

from herun.database.migrate import run_sql

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    run_sql(__file__)
