"""Of a merged order it is known who works on the one that stands for it."""

from herun.database.migrate import run_sql

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    run_sql(__file__)
