"""Sites, people, devices, rules, work orders, audit: the API's tables."""

from herun.database.migrate import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run_sql(__file__)
