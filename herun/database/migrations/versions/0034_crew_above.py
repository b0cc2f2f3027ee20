"""Of a part it is known who works on its whole, as of a merged order who works on the one that stands for it."""

from herun.database.migrate import run_sql

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    run_sql(__file__)
