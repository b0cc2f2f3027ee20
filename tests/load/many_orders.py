"""`make bench-orders`: whether lists of orders and writes take as long with a million orders as with ten thousand.

Fills the orders, their ratings and one entry of the history each by COPY, and measures over HTTP, one request after the
other, on a whole stack. Exit code 1 if the slowest hundredth of any list takes `FLAT` times as long with the larger
number. BENCH_ORDERS=100000 is quicker.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from psycopg import sql
from psycopg.types.json import Jsonb

from api import cursors
from tests.load.estate import NEW_WORKER, NEWCOMER, SITE, SKILLS, Callers, building, furnish, http_of, resident, worker
from tests.load.probe import spread
from tests.load.report import say
from tests.support.box import Box

FEW: Final = 10_000
FLAT: Final = 1.5
WORKERS: Final = 50
RESIDENTS: Final = 500
LISTS: Final = 200  # requests of each list
WRITES: Final = 100  # whole lives: six writes each
NEWEST: Final = 2_000  # orders among which most of the open ones are
_OLD: Final = {"rated": 70, "closed": 24, "cancelled": 5, "merged": 1}
_NEW: Final = {"dispatched": 15, "handling": 10, "accepted": 3, "answered": 12, "rated": 60}
_FILLED: Final = "WO2023"  # with which the numbers of these begin
_START: Final = datetime(2023, 1, 1, tzinfo=UTC)

Row = dict[str, Any]


def orders(count: int) -> Iterator[Row]:
    """Orders of three years, the oldest first: almost all are over, the open ones are among the newest."""
    chance = random.Random(7)
    step = timedelta(days=3 * 365) / count
    for n in range(count):
        states = _NEW if n >= count - NEWEST else _OLD
        state = chance.choices(list(states), list(states.values()))[0]
        if chance.random() < 5 / count:
            state = "on_hold"
        yield _order(chance, n, state, _START + n * step)


def number_of(n: int) -> str:
    """The number of the n-th order."""
    return f"{_FILLED}{n // 1_000_000 + 1:02}01-{n % 1_000_000:06}"


def _order(chance: random.Random, n: int, state: str, at: datetime) -> Row:
    is_alert = chance.random() < 0.2
    who = chance.randrange(RESIDENTS)
    words = Jsonb({"zh": "地下室进水", "en": f"Water in the cellar, {n}"})
    has_worker = state not in {"accepted", "merged", "cancelled"}
    return {
        "site": SITE, "number": number_of(n), "origin": "alert" if is_alert else "report", "state": state,
        "category": chance.choice(SKILLS), "severity": "info", "title": words, "text": words,
        "building": building(who), "alert_id": uuid.UUID(int=n + 1) if is_alert else None,
        "reporter": None if is_alert else resident(who), "channel": "alert" if is_alert else "account",
        "confidential": chance.random() < 0.02, "worker": worker(chance.randrange(WORKERS)) if has_worker else None,
        "merged_into": number_of(n - 1) if state == "merged" and n else None,
        "hold_until": at + timedelta(days=9_000) if state == "on_hold" else None,
        "state_before": "handling" if state == "on_hold" else None, "accepted_at": at,
        "answered_at": datetime.now(UTC) if state == "answered" else None, "opened_seq": n + 1, "opened_at": at,
        "updated_at": at, "version": 1,
    }  # fmt: skip


def fill(box: Box, count: int) -> None:
    """These orders and no others."""
    with box.database() as connection:
        connection.execute("TRUNCATE work_orders CASCADE")
        _copy(connection, "work_orders", orders(count))
        _copy(connection, "order_history", map(_entry, orders(count)))
        _copy(connection, "order_ratings", (_rating(row) for row in orders(count) if row["state"] == "rated"))
        connection.execute("UPDATE feed_counters SET feed_seq = %s WHERE site = %s", (count, SITE))
        connection.execute("VACUUM ANALYZE work_orders, order_history, order_ratings")


def empty(box: Box) -> None:
    """Takes these orders out again, as if they had never been; whatever was opened since stays."""
    with box.database() as connection:
        for table in ("order_ratings", "order_history", "work_orders"):
            statement = sql.SQL("DELETE FROM {} WHERE number LIKE {}").format(sql.Identifier(table), f"{_FILLED}%")
            connection.execute(statement)


def _copy(connection: Any, table: str, rows: Iterator[Row]) -> None:
    first = next(rows)
    names = sql.SQL(", ").join(map(sql.Identifier, first))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    with connection.cursor().copy(statement) as copy:
        copy.write_row(list(first.values()))
        for row in rows:
            copy.write_row(list(row.values()))


def _entry(row: Row) -> Row:
    own = {name: row[name] for name in ("site", "number", "worker")}
    return own | {
        "n": 1, "action": "opened", "to_state": row["state"], "actor": "system", "at": row["opened_at"],
        "feed_seq": row["opened_seq"],
    }  # fmt: skip


def _rating(row: Row) -> Row:
    own = {"site": SITE, "number": row["number"], "at": row["updated_at"]}
    return own | {"round": 0, "rater": row["reporter"] or resident(0), "score": 5, "solved": True}


def _opened(count: int, later: int) -> str:
    """When the middle order was opened, or one after that."""
    step = timedelta(days=3 * 365) / count
    return (_START + step * (count // 2 + later)).isoformat().replace("+", "%2B")


def lists(count: int) -> dict[str, tuple[str, str]]:
    """Who asks for which list. Not `to` by itself: what is newer is passed over, the more the longer ago that is."""
    middle = f"cursor={cursors.encode(count // 2)}"
    return {
        "desk": ("oscar", ""),
        "desk, from the middle": ("oscar", middle),
        "desk, dispatched": ("oscar", "state=dispatched"),
        "desk, rated": ("oscar", "state=rated"),
        "desk, on hold": ("oscar", "state=on_hold"),
        "desk, of a worker": ("oscar", f"worker={worker(7)}"),
        "desk, at work of a worker": ("oscar", f"worker={worker(7)}&state=handling"),
        "desk, of a worker from the middle": ("oscar", f"worker={worker(7)}&{middle}"),
        "desk, parts only": ("oscar", "origin=split"),
        "desk, of a category": ("oscar", f"category={SKILLS[0]}"),
        "desk, of a building from the middle": ("oscar", f"building={building(7)}&{middle}"),
        "desk, of a unit (there are none)": ("oscar", "unit=nobody"),
        "desk, overdue": ("oscar", "overdue=true"),
        "desk, undecided": ("oscar", "undecided=true"),
        "desk, open": ("oscar", "open=true"),
        "desk, in several states": ("oscar", "state=accepted&state=on_hold&state=answered&state=merged"),
        "desk, critical (there are none)": ("oscar", "severity=critical"),
        "desk, by phone (there are none)": ("oscar", "channel=phone"),
        "desk, of a while": ("oscar", f"from={_opened(count, 0)}&to={_opened(count, 40)}"),
        "desk, in one": ("oscar", f"master={number_of(0)}"),
        "supervisor": ("susan", ""),
        "worker": (worker(20), ""),
        "worker who is new": (NEW_WORKER, ""),
        "resident who is new": (NEWCOMER, ""),
        "resident who is new, rated": (NEWCOMER, "state=rated"),
        "worker, at work": (worker(20), "state=handling"),
        "worker, from the middle": (worker(20), middle),
        "resident": (resident(7), ""),
        "resident, answered": (resident(7), "state=answered"),
        "resident, from the middle": (resident(7), middle),
    }


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds by list, and of all writes."""

    lists: dict[str, list[float]]
    writes: list[float]


async def measure(box: Box, count: int) -> Measured:
    """One request after the other, the lists in turns."""
    found: dict[str, list[float]] = {name: [] for name in lists(count)}
    async with http_of(box, 1) as http:
        callers = Callers(box, http)
        for turn in range(LISTS + 5):
            for name, (who, query) in lists(count).items():
                took = await _took(callers, who, "GET", f"work-orders?{query}")
                if turn >= 5:  # the first ones warm up
                    found[name].append(took[0])
        writes = [took for n in range(WRITES) for took in await _life(callers, n)]
    return Measured(found, writes)


async def _took(callers: Callers, who: str, method: str, path: str, body: Any = None) -> tuple[float, httpx.Response]:
    began = time.perf_counter()
    response = await callers.call(who, method, path, body)
    took = (time.perf_counter() - began) * 1000
    assert response.is_success, response.text
    return took, response


async def _life(callers: Callers, n: int) -> list[float]:
    """The milliseconds of each write in an order's whole life."""
    who = resident(n)
    took, response = await _took(callers, who, "POST", "reports", {"category": "water", "text": "Water in the cellar"})
    order, all_took = response.json(), [took]
    steps = [
        (order["worker"], "handle", {}), (order["worker"], "resolve", {"text": "Pumped out"}),
        ("oscar", "answer", {"text": "It was the pump"}), (who, "rate", {"score": 5, "solved": True}),
        (who, "confide", {"reason": "It names somebody"}),
    ]  # fmt: skip
    for by, action, body in steps:
        took, _ = await _took(callers, by, "POST", f"work-orders/{order['number']}/{action}", body)
        all_took.append(took)
    return all_took


def compare(few: Measured, many: Measured) -> bool:
    """Tells the figures; False if a list is not flat."""
    is_flat = True
    say("list: p50 / p99 ms with few, p50 / p99 ms with many, ratio of p99")
    for name in few.lists:
        before, after = spread(few.lists[name]), spread(many.lists[name])
        ratio = (after["p99"] or 0) / (before["p99"] or 1)
        is_flat &= ratio < FLAT
        say(f"{name}: {before['p50']} / {before['p99']}, {after['p50']} / {after['p99']}, {ratio:.2f}")
    before, after = spread(few.writes), spread(many.writes)
    say(f"writes: {before['p50']} / {before['p99']}, {after['p50']} / {after['p99']}")
    return is_flat


def main() -> None:
    """Measures with few orders, then with many."""
    many = int(os.environ.get("BENCH_ORDERS", "1000000"))
    with tempfile.TemporaryDirectory(prefix="herun-orders-") as folder, Box(Path(folder)) as box:
        furnish(box, WORKERS, RESIDENTS)
        measured = []
        for count in (FEW, many):
            say(f"{count} orders ...")
            fill(box, count)
            measured.append(asyncio.run(measure(box, count)))
        is_flat = compare(*measured)
    sys.exit(0 if is_flat else 1)


if __name__ == "__main__":
    main()
