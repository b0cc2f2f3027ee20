"""Orders that have something due, and what was told of them."""

from __future__ import annotations

import time
from typing import Final

from herun.clock import MINUTE_US, to_datetime, to_text
from tests.integration.api.running import NOON_US, SITE, World

ADD_ORDERS: Final = """
    INSERT INTO work_orders (site, number, origin, state, category, severity, title, text, opened_seq, opened_at,
                             updated_at, version)
    SELECT %(site)s, 'WO20260601-' || lpad(n::text, 6, '0'), 'report', 'accepted', 'water', 'info', '{}', '{}', -n,
           %(at)s, %(at)s, 1
    FROM generate_series(1, %(count)s) AS n
"""
# Due in an order of their own, several at the same moment.
ADD_DEADLINES: Final = """
    INSERT INTO order_deadlines (site, number, kind, step, level, is_escalation, reached_at, due_at)
    SELECT %(site)s, 'WO20260601-' || lpad(n::text, 6, '0'), 'promise', '100%%', 'supervisor', true, due, due
    FROM generate_series(1, %(count)s) AS n, LATERAL (
        SELECT %(at)s::timestamptz - make_interval(secs => (n * 7919 %% 3001))) AS chosen (due)
"""


def add_due(world: World, count: int, site: str = SITE) -> None:
    """Orders that each have something due, since a minute ago and longer."""
    at = to_datetime(world.clock.now_us() - MINUTE_US)
    world.rows(ADD_ORDERS, count=count, at=at, site=site)
    world.rows(ADD_DEADLINES, count=count, at=at, site=site)
    world.rows("ANALYZE work_orders, order_deadlines")  # as a database does by itself that has been up for a minute


def left(world: World) -> int:
    """How many are due and have not fired; whoever does not act is told again a day later."""
    query = "SELECT count(*) AS n FROM order_deadlines WHERE fired_at IS NULL AND due_at <= %(at)s"
    return int(world.rows(query, at=to_datetime(world.clock.now_us()))[0]["n"])


def told(world: World) -> list[str]:
    """The orders whose history says that somebody was told, as the site's feed has it."""
    rows = world.rows(
        "SELECT number FROM order_history WHERE action IN ('reminded', 'escalated') AND site = 's1' ORDER BY feed_seq"
    )
    return [row["number"] for row in rows]


def in_order(world: World) -> list[str]:
    rows = world.rows("SELECT number FROM order_deadlines WHERE fired_at IS NOT NULL ORDER BY due_at, id")
    return [row["number"] for row in rows]


def at_noon() -> dict[str, str]:
    """The settings of a process whose clock stands where that of the tests does."""
    return {"clock": f"{to_text(NOON_US)}@1", "clock_epoch": str(time.time_ns() // 1000)}
