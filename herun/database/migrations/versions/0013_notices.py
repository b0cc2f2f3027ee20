"""Notices: the inbox of each person, what is still to be sent, and how people want to be told."""

from herun.database.migrate import run_sql

revision = "0013"
down_revision = "0007"


def upgrade() -> None:
    run_sql(__file__)
