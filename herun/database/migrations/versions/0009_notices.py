"""Notices: the inbox of each person, what is still to be sent, and how people want to be told."""

from herun.database.migrate import run_sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    run_sql(__file__)
