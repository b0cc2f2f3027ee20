"""What residents have of their reports: links, questions, pictures, return visits; a caller's name stands apart."""

from herun.database.migrate import run_sql

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    run_sql(__file__)
