"""`make bench-people`: workers and residents at once on a whole stack, over HTTP.

Residents report, half of them twice at once with one key, look at their order and rate it. Workers look for what is
theirs, take it through its life, and fight with each other and with the desk over what is free. Exit code 1 if an order
was opened or taken twice, if an answer was a server error, if the database found a deadlock, or if the history of
orders is not whole. With BENCH_ORDERS=1000000 the table holds so many orders of others besides.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from herun.order_audit import verify
from tests.load.estate import SITE, Callers, furnish, http_of, resident, worker
from tests.load.many_orders import RESIDENTS, WORKERS, empty, fill
from tests.load.probe import spread
from tests.load.report import say
from tests.support.box import Box

CONNECTIONS: Final = 100  # of all people together; what is measured begins when somebody has one
LOOKS_A_SECOND: Final = 50.0  # of all who wait for something to do, so that looking is not all that is measured
PATIENCE_S: Final = 600.0
_FREE_CATEGORY: Final = "dust"  # nobody has the skill: the desk dispatches these, several at once to several
_NEXT: Final = {"dispatched": "handle", "handling": "resolve", "resolved": "answer"}


@dataclass
class Crowd:
    """All people, and what they met with."""

    callers: Callers
    workers: int
    residents: int
    writes: list[float] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    opened: set[str] = field(default_factory=set)
    reports: int = 0
    faults: list[str] = field(default_factory=list)
    free: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONNECTIONS))
    rated: int = 0
    took_s: float = 0.0
    fought: int = 0  # orders that several dispatched at once

    @property
    def idle_s(self) -> float:
        """Between two looks of somebody who waits."""
        return (self.workers + self.residents) / LOOKS_A_SECOND

    async def write(self, who: str, path: str, body: Any, key: str | None = None) -> httpx.Response:
        """A POST, measured."""
        return await self._timed(self.writes, who, "POST", path, body, key)

    async def look(self, who: str, query: str) -> list[dict[str, Any]]:
        """A list of orders, measured."""
        response = await self._timed(self.looks, who, "GET", f"work-orders?{query}")
        items: list[dict[str, Any]] = response.json()["items"] if response.is_success else []
        return items

    async def _timed(self, times: list[float], who: str, method: str, path: str, *rest: Any) -> httpx.Response:
        # Not left to the client's own pool, which is slow, and not fair, with hundreds that wait.
        async with self.free:
            began = time.perf_counter()
            response = await self.callers.call(who, method, path, *rest)
            times.append((time.perf_counter() - began) * 1000)
        self.statuses[response.status_code] += 1
        if response.status_code >= 500:
            self.faults.append(f"{method} {path}: {response.status_code} {response.text[:200]}")
        return response

    async def live(self) -> None:
        """Everybody at once, until each resident has rated all orders of theirs."""
        began, over = time.monotonic(), asyncio.Event()
        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
            for n in range(self.workers):
                group.create_task(self._work(worker(n), over))
            async with asyncio.TaskGroup() as reporting:
                for n in range(self.residents):
                    reporting.create_task(self._reside(n))
            over.set()
        self.took_s = time.monotonic() - began

    async def _reside(self, n: int) -> None:
        who, chance = resident(n), random.Random(n)
        category = chance.choice(["water", "fire", "noise", _FREE_CATEGORY])
        # Words of their own: of what several say alike the rules make a topic, which has an order of its own.
        text = "".join(chr(chance.randrange(0x4E00, 0x9FA5)) for _ in range(20))
        number = await self._report(who, {"category": category, "text": text}, f"{who}-1", twice=n % 2 == 0)
        if category == _FREE_CATEGORY:
            await self._fight(number, chance)
        waiting = True
        while waiting:
            waiting = False
            for order in await self.look(who, "limit=50"):
                if order["number"] != number:
                    continue
                if order["state"] == "answered":
                    response = await self.write(
                        who, f"work-orders/{order['number']}/rate", {"score": 5, "solved": True}
                    )
                    self.rated += response.is_success
                waiting |= order["state"] not in {"rated", "answered"}
            await asyncio.sleep(self.idle_s if waiting else 0)

    async def _report(self, who: str, body: dict[str, Any], key: str, *, twice: bool) -> str:
        sent = [self.write(who, "reports", body, key) for _ in range(1 + twice)]
        responses = await asyncio.gather(*sent)
        numbers = {str(response.json().get("number", response.text)) for response in responses}
        if len(numbers) != 1:
            self.faults.append(f"one key of {who} opened {numbers}")
        number = min(numbers - {response.text for response in responses})  # there is one, or nothing was opened at all
        self.opened.add(number)
        self.reports += 1
        return number

    async def _fight(self, number: str, chance: random.Random) -> None:
        """The desk's people dispatch it to different workers at the same moment: one of them does."""
        self.fought += 1
        names = chance.sample(range(self.workers), 3)
        sent = [
            self.write(by, f"work-orders/{number}/dispatch", {"worker": worker(name)})
            for by, name in zip(("oscar", "susan", "oscar"), names, strict=True)
        ]
        done = [response for response in await asyncio.gather(*sent) if response.is_success]
        if len(done) != 1:
            self.faults.append(f"{number} was dispatched {len(done)} times at once")

    async def _work(self, who: str, over: asyncio.Event) -> None:
        while not over.is_set():
            found = await self.look(who, "limit=200")
            mine = [order for order in found if order["state"] in _NEXT and order["number"] in self.opened]
            for order in mine:
                action = _NEXT[order["state"]]
                body = {} if action == "handle" else {"text": "Pumped out"}
                # Sent twice, as an impatient finger does: once is done, the other is refused.
                sent = [self.write(who, f"work-orders/{order['number']}/{action}", body) for _ in range(2)]
                done = [response.status_code for response in await asyncio.gather(*sent)]
                if done.count(200) > 1:
                    self.faults.append(f"{order['number']}: {action} was done twice")
            await asyncio.sleep(0 if mine else self.idle_s)


def faults(box: Box, crowd: Crowd) -> list[str]:
    """What must not be, as the database has it."""
    with box.database() as connection:
        (count,) = connection.execute("SELECT count(*) FROM work_orders WHERE channel <> 'pattern'").fetchone() or (0,)
        (deadlocks,) = connection.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone() or (0,)
        twice = connection.execute(
            "SELECT number FROM order_history JOIN work_orders USING (site, number)"
            " WHERE channel <> 'pattern' GROUP BY number"
            " HAVING count(*) FILTER (WHERE action = 'dispatch') <> 1 OR count(*) FILTER (WHERE action = 'rate') <> 1"
        ).fetchall()
    found = list(crowd.faults)
    if count != crowd.reports:
        found.append(f"{count} orders for {crowd.reports} reports")
    if deadlocks:
        found.append(f"{deadlocks} deadlocks")
    if twice:
        found.append(f"dispatched or rated not once: {twice[:5]}")
    if crowd.rated != crowd.reports:
        found.append(f"{crowd.rated} ratings of {crowd.reports} orders")
    found += [each for verdict in verify(box.variable("database_url"), SITE) for each in verdict.breaks]
    return found


def run(box: Box, workers: int, residents: int, others: int = 0) -> tuple[Crowd, list[str]]:
    """A crowd of this size, among so many orders of others, and what went wrong."""
    if others:  # which are of so many people
        workers = max(workers, WORKERS)
        furnish(box, workers, max(residents, RESIDENTS))
        fill(box, others)
    else:
        furnish(box, workers, residents)

    async def together() -> Crowd:
        async with http_of(box, CONNECTIONS) as http:
            crowd = Crowd(Callers(box, http), workers, residents)
            await crowd.live()
            return crowd

    crowd = asyncio.run(together())
    if others:
        empty(box)  # nothing but the history of what the crowd did is looked at
    return crowd, faults(box, crowd)


def main() -> None:
    """A whole crowd, and the figures."""
    workers = int(os.environ.get("BENCH_WORKERS", WORKERS))
    residents = int(os.environ.get("BENCH_RESIDENTS", RESIDENTS))
    others = int(os.environ.get("BENCH_ORDERS", "0"))
    with tempfile.TemporaryDirectory(prefix="herun-people-") as folder, Box(Path(folder)) as box:
        crowd, wrong = run(box, workers, residents, others)
    say(f"{workers} workers, {residents} residents, {others} orders of others: {crowd.took_s:.0f} s")
    say(f"{crowd.reports} orders, {crowd.fought} of them dispatched by several at once")
    say(f"{len(crowd.writes)} writes, ms: {spread(crowd.writes)}")
    say(f"{len(crowd.looks)} lists, ms: {spread(crowd.looks)}")
    say(f"answers by status: {dict(sorted(crowd.statuses.items()))}")
    say("nothing twice, no deadlock, the history is whole" if not wrong else f"WRONG: {wrong}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
