"""Passages: their indexes, and the registers of visitors, care and settings."""

from herun.database.migrate import run_sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run_sql(__file__)
