"""A random walk through the life of orders: several people at once on the real API and database, and the clock jumps.

Hypothesis chooses such moves too (test_order_machine.py), a few at a time, and makes what fails smaller. What takes
many steps to come about is found here: one seed, as many steps as one likes, and no database that is put back for each
example. Who is first when several ask at once is the database's choice; a seed and its step are told.

How what happened at once is judged: each entry of the history carries the number that the site's counter gave it, so
the order of what was done is known. The book does the same in that order and has to come to the same entries; whatever
was refused has to be rightly refused at some moment in between.

Two moves of three are a stretch without company: the service is called step by step in one transaction, which costs a
fifth of a request. Nothing is rolled back there: the service refuses before it writes, and a connection that is rolled
back forgets its prepared statements. What the routes ask for (roles, whole bodies) goes over HTTP.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from api.clocks import sweep
from api.outbox import service as outbox
from api.problems import Problem
from api.resources import Resources
from api.transactions import Transaction, begin
from api.work_orders import times
from herun.alerts import AlertState
from herun.clock import to_datetime
from herun.database.pool import make_pool
from herun.order_audit import verify
from tests.integration.api.cycle import straight
from tests.integration.api.cycle.book import Book
from tests.integration.api.cycle.hours import SETTINGS
from tests.integration.api.cycle.paper import CLOCK_ACTIONS, DECISIONS, Line, Wish
from tests.integration.api.cycle.reasons import TRIES, Reason
from tests.integration.api.cycle.wishes import NEW_PEOPLE, PEOPLE, Drawer
from tests.integration.api.running import SITE, As, World

STEPS: Final = int(os.environ.get("HERUN_CYCLE_STEPS", "10000"))  # of one walk; two are walked
ENOUGH: Final = 5000  # steps for somebody to try what few try
LOOK_EVERY: Final = 1000  # steps between two looks at all lists, the feed and the rows
STATEMENTS: Final = 1000  # kept prepared by the walk's own connection
AT_ONCE: Final = 6  # at most: requests in flight
STRETCH: Final = 16  # at most: steps without company
_JUMPS: Final = [
    timedelta(seconds=1), timedelta(minutes=17), timedelta(minutes=50), timedelta(hours=7), timedelta(days=3),
    timedelta(days=7),
]  # fmt: skip
_ENTRIES: Final = (
    "SELECT h.number, h.n, h.action, h.from_state, h.to_state, h.actor, h.worker, h.at, h.reason, h.detail, h.feed_seq,"
    " o.alert_id FROM order_history AS h JOIN work_orders AS o USING (site, number)"
    " WHERE h.site = %(site)s AND h.feed_seq > %(after)s ORDER BY h.feed_seq"
)

_TOLD: Final = {"reminded", "escalated"}
say: Final = logging.getLogger(__name__).info

Look = Callable[["Walk"], Awaitable[None]]


@dataclass
class Asked:
    """A wish that was sent, once or twice with one key, and how it was answered."""

    wish: Wish
    status: int
    answer: dict[str, Any]
    kinds: set[Reason] = field(default_factory=set)

    @property
    def is_done(self) -> bool:
        return self.status < 300

    @property
    def reason(self) -> Reason:
        kind = str(self.answer.get("type", "")).rpartition(":")[2]
        return self.status, "validation" if self.wish.is_malformed and self.status == 422 else kind


@dataclass
class Walk:
    """One walk; `looks` are made every `LOOK_EVERY` steps and at the end."""

    world: World
    seed: int
    looks: list[Look]
    steps: int = 0
    done: int = 0
    refused: Counter[str] = field(default_factory=Counter)  # by why
    feed_seq: int = 0
    looked_at: int = 0  # the feed_seq of the last look
    lines: list[Line] = field(default_factory=list)  # since the last look
    callers: dict[str, As] = field(default_factory=dict)
    last_told: tuple[datetime, int] = (datetime.min.replace(tzinfo=UTC), 0)  # of the deadlines, by (due, id)
    notices: int = 0  # the id of the last that was looked at
    too_many: Counter[str] = field(default_factory=Counter)  # notices that the look before counted

    own: Resources = field(init=False)  # a connection of its own for what needs no company

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.book = Book(PEOPLE, to_datetime(self.world.clock.now_us()))
        self.drawer = Drawer(self.chance, self.book)
        self.cleared: set[str] = set()
        self.opened: dict[str, Any] = {}

    async def go(self, steps: int) -> None:
        """Walks on. Raises AssertionError, with seed and step, where API and book part."""
        async with self.begun():
            await self._go(steps)

    @asynccontextmanager
    async def begun(self) -> AsyncIterator[Walk]:
        """Makes the people and limits of the book, and opens the connection of its own."""
        await self.world.admin.post("people", {"people": NEW_PEOPLE})
        await self.world.admin.put("limits", SETTINGS)
        self.callers = {each.name: self.world.by(each.name) for each in PEOPLE}
        async with make_pool(self.world.database_url, outbox.ROLE, "walk", 1) as pool:
            self.own = replace(self.world.resources, pool=pool)
            yield self

    async def _go(self, steps: int) -> None:
        every = max(LOOK_EVERY, steps // 20)  # a look reads all that there is
        next_look, began = every, time.monotonic()
        while self.steps < steps:
            try:
                await self._move()
                if self.steps >= min(next_look, steps):
                    next_look += every
                    await self.look()
                    say(f"seed {self.seed}: {self.steps} steps, {time.monotonic() - began:.0f} s")
            except AssertionError as error:
                raise AssertionError(f"seed {self.seed}, step {self.steps}: {error}") from error
        took = time.monotonic() - began
        say(f"seed {self.seed}: {self.steps} steps, {self.done} done, {len(self.book.papers)} orders, {took:.0f} s")
        say(f"refused: {dict(self.refused.most_common())}")
        assert self.done > 0.3 * self.steps  # a walk that is refused everywhere shows nothing
        assert self.steps < ENOUGH or self.refused["own_cause"] > 0, "nobody decided on what is their own"

    async def look(self) -> None:
        """All looks."""
        for look in self.looks:
            await look(self)
        self.looked_at, self.lines = self.feed_seq, []

    async def _move(self) -> None:
        drawn = self.chance.random()
        if drawn < 0.03:
            await self.jump()
        elif drawn < 0.05:
            await self.alert()
        elif drawn < 0.3:
            await self.together()
        else:
            await self.alone()

    async def jump(self) -> None:
        """The clock jumps while people act, and what is due by then is done."""
        # The keepers of time run at once with people: who is first is decided by the database too.
        self.world.clock.advance(self.chance.choice(_JUMPS) // timedelta(microseconds=1))
        self.book.now = to_datetime(self.world.clock.now_us())
        await self.together(times._round(self.world.resources), sweep.sweep(self.world.resources))
        while await times._round(self.world.resources) + await sweep.sweep(self.world.resources):
            await self._follow([])
        assert not self.book.due(), f"not done in time: {self.book.due()}"
        assert not self.book.reminders_due(), f"nobody was told: {self.book.reminders_due()}"

    async def alert(self) -> None:
        """An alert opens an order, or one that did is over."""
        self.steps += 1
        if self.opened and self.chance.random() < 0.5:
            number, alert = self.opened.popitem()
            later = {name: getattr(alert, name) for name in alert.__struct_fields__}
            later |= {"version": 2, "state": AlertState.CLEARED, "cleared_at": alert.raised_at + 1}
            await self.world.follow(type(alert)(**later))
            await self._expect(self.book.alert_cleared(number), await self._new_entries())
            return
        alert = self.world.alert()
        await self.world.follow(alert)
        entries = await self._new_entries()
        number = entries[0]["number"]
        self.opened[number] = alert
        await self._expect(self.book.alert_opened(number), entries)

    async def together(self, *others: Awaitable[Any]) -> None:
        """Several people act at once, and `others` with them."""
        near = self.drawer.some_order()
        wishes = [self.drawer.wish(near) for _ in range(self.chance.randint(1, AT_ONCE))]
        answers = await asyncio.gather(*others, *map(self._ask, wishes))
        self.steps += len(wishes)
        await self._follow(answers[len(others) :])

    async def alone(self) -> None:
        """People act one after the other."""
        near = self.drawer.some_order()
        lines: list[Line] = []
        async with begin(self.own, SITE) as tx:
            tx.connection.prepared_max = STATEMENTS
            for _ in range(self.chance.randint(1, STRETCH)):
                wish = self.drawer.wish(near)
                if not wish.is_malformed and self.book.people[wish.who].roles & TRIES[wish.action]:
                    lines += await self._step(tx, wish)
            entries = await self._entries(tx)
        await self._expect(lines, entries)
        assert len(entries) == len(lines), f"nobody asked for {entries[len(lines) :]}"

    async def _step(self, tx: Transaction, wish: Wish) -> list[Line]:
        self.steps += 1
        reasons = self.book.refusals(wish)
        try:
            mine = replace(tx, actor=wish.who)
            answer = await straight.ask(mine, self.own, self.book.people[wish.who], wish)
        except Problem as problem:
            reason = (problem.status_code, problem.code)
            if reason not in reasons:
                raise AssertionError(f"{wish}: {reason}, but the book: {reasons}") from problem
            self.refused[problem.code] += 1
            return []
        assert not reasons, f"{wish} was done against {reasons}"
        if wish.action == "read":
            assert answer["state"] == self.book.papers[wish.number].state
            return []
        self.done += 1
        if wish.action == "dispatch":
            fitting = wish.body.get("worker") or self.book.fitting(self.book.papers[wish.number])
            assert answer["worker"] == fitting, f"{wish}: {answer['worker']} and not {fitting}"
        return self.book.done(wish, answer)

    async def _ask(self, wish: Wish) -> Asked:
        caller = self.callers[wish.who]
        if wish.action == "read":
            return _asked(wish, await caller.call("GET", f"work-orders/{wish.number}"))
        path = "reports" if wish.action == "report" else f"work-orders/{wish.number}/{_path(wish)}"
        if self.chance.random() > 0.03:
            return _asked(wish, await caller.call("POST", path, wish.body))
        key = self.drawer.tag()
        sent = [caller.call("POST", path, wish.body, key=key) for _ in range(2)]
        first, second = sorted(await asyncio.gather(*sent), key=lambda each: each.status_code)
        if second.is_success:
            assert first.content == second.content, "the same key had two answers"
        return _asked(wish, first)

    async def _new_entries(self) -> list[dict[str, Any]]:
        async with begin(self.world.resources, SITE) as tx:
            return await self._entries(tx)

    async def _entries(self, tx: Transaction) -> list[dict[str, Any]]:
        entries = await tx.all(_ENTRIES, after=self.feed_seq)
        for entry in entries:
            assert entry["feed_seq"] == self.feed_seq + 1, f"a gap before {entry}"
            assert entry["at"] == self.book.now, entry
            self.feed_seq += 1
        return entries

    async def _follow(self, asked: list[Asked]) -> None:
        entries = await self._new_entries()
        refused = [each for each in asked if not each.is_done]
        reads = [each for each in asked if each.is_done and each.wish.action == "read"]
        done = sorted(
            (each for each in asked if each.is_done and each.wish.action != "read"),
            key=lambda each: _place(each, entries),
        )
        self.done += len(done)
        fits = [self._judge(refused, reads, done)]
        for each in done:
            entries = await self._own_doing(entries)
            reasons = self.book.refusals(each.wish)
            assert not reasons, f"{each.wish} was done against {reasons}"
            entries = await self._expect(self.book.done(each.wish, each.answer), entries)
            fits.append(self._judge(refused, reads, done))
        entries = await self._own_doing(entries)
        assert not entries, f"nobody asked for {entries}"
        self._judge(refused, reads, done)
        self._conclude(refused, reads, fits, done)

    def _judge(self, refused: list[Asked], reads: list[Asked], done: list[Asked]) -> dict[str, str | None]:
        """Notes what would be said now; whom each order that is to be dispatched fits now."""
        for each in refused:
            each.kinds |= self.book.refusals(each.wish)
        for each in reads:
            paper = self.book.papers.get(each.wish.number)
            if paper and self.book.sees(each.wish.who, paper) and paper.state == each.answer["state"]:
                each.kinds.add((200, "read"))
        free = [
            each.wish.number for each in done if each.wish.action == "dispatch" and not each.wish.body.get("worker")
        ]
        return {number: self.book.fitting(self.book.papers[number]) for number in free}

    def _conclude(
        self, refused: list[Asked], reads: list[Asked], fits: list[dict[str, str | None]], done: list[Asked]
    ) -> None:
        for each in refused:
            assert each.reason in each.kinds, f"{each.wish}: {each.status} {each.answer}, but the book: {each.kinds}"
            self.refused[each.reason[1]] += 1
        for each in reads:
            assert each.kinds, f"{each.wish} saw {each.answer['state']}, which is not theirs or never was"
        for each in done:
            if each.wish.number in fits[0] and each.wish.action == "dispatch" and not each.wish.body.get("worker"):
                fitting = {fit[each.wish.number] for fit in fits}
                assert each.answer["worker"] in fitting, f"{each.wish}: {each.answer['worker']} and not {fitting}"

    async def _own_doing(self, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Takes off what happened by itself because a time was over."""
        while entries and _is_of_time(entries[0]):
            number = entries[0]["number"]
            if entries[0]["action"] in _TOLD:
                entries = await self._expect(self._reminded(entries[0]), entries)
                continue
            assert self.book.due().get(number) == entries[0]["action"], f"too early: {entries[0]}"
            entries = await self._expect(self.book.time_is_over(number), entries)
        return entries

    def _reminded(self, entry: dict[str, Any]) -> list[Line]:
        """What the book has of a deadline: each once, and in the order of (due, id)."""
        said = entry["detail"]
        lines, deadline = self.book.reminded(entry["number"], said["kind"], said["step"])
        assert (deadline.step, deadline.level) == (said["step"], said["level"]), f"{entry}, but the book: {deadline}"
        told = deadline.due, said["deadline"]
        assert told > self.last_told, f"out of order: {entry} after {self.last_told}"
        self.last_told = told
        return lines

    async def _expect(self, lines: list[Line], entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The entries after those that the book has too; one step's may touch several orders in any order."""
        found = [
            (e["number"], e["n"], e["action"], e["from_state"], e["to_state"], e["actor"], e["worker"])
            for e in entries[: len(lines)]
        ]
        assert sorted(map(repr, found)) == sorted(map(repr, lines)), f"history {found}\n book {lines}"
        self.lines += found
        return entries[len(lines) :]


def _asked(wish: Wish, response: httpx.Response) -> Asked:
    assert response.status_code < 500, f"{wish}: {response.status_code} {response.text}"
    return Asked(wish, response.status_code, response.json())


def _path(wish: Wish) -> str:
    match wish.action:
        case "tick":
            return f"checklist/{wish.item}/tick"
        case "pause":
            return "pauses"
        case "correct":
            return "category"
        case "extend":
            return "extensions"
        case action if action in DECISIONS:
            verb, what = action.split("-")
            return f"{what}s/{wish.item}/{verb}"
    return wish.action


def _is_of_time(entry: dict[str, Any]) -> bool:
    is_close = entry["action"] == "close" and entry["from_state"] == "answered"
    return bool(entry["actor"] == "system" and (entry["action"] in {"resume", *_TOLD} or is_close))


def _place(asked: Asked, entries: list[dict[str, Any]]) -> int:
    """Where an entry of it stands."""
    wish, answer = asked.wish, asked.answer
    for index, entry in enumerate(entries):
        if wish.action == "tick":
            detail = entry["detail"] or {}
            is_it = entry["action"] == "ticked" and entry["number"] == wish.number and detail["item"] == wish.item
        elif wish.action in CLOCK_ACTIONS:
            tag = wish.body["reason" if wish.action == "extend" else "note"]
            is_it = entry["number"] == wish.number and str(entry["reason"]).endswith(tag)
        elif wish.action in {"checklist", "correct"}:
            is_it = entry["reason"] == wish.body["text" if wish.action == "checklist" else "reason"]
        else:
            is_it = (entry["number"], entry["n"]) == (answer["number"], answer["version"])
        if is_it:
            return index
    raise AssertionError(f"{wish} was answered {asked.status}, but no entry says so")


async def look_at_the_chain(walk: Walk) -> None:
    """Nothing was changed, nothing is missing, and each order is where its history says."""
    (verdict,) = await asyncio.to_thread(verify, walk.world.servers.superuser_url, SITE)
    assert not verdict.breaks, str(verdict)
    assert verdict.entries == walk.feed_seq, str(verdict)
