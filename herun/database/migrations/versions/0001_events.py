"""Events, alerts, the engine's offset, snapshots and outbox: the processor's tables."""

from herun.database import capabilities
from herun.database.migrate import raw_connection, run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    run_sql(__file__)
    connection = raw_connection()
    if capabilities.probe(connection).timescale:
        capabilities.make_hypertable(connection, "events", "event_time", "7 days")
        capabilities.make_hypertable(connection, "events_personal", "event_time", "7 days")
