"""What people do, over HTTP: the desk, the workers, the residents. Each looks now and then, thinks, and acts."""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import httpx

from herun.clock import MINUTE_US, Clock
from simulators.api import AGAIN, LiveEvent, Person, RefusedError
from simulators.estate import Estate
from simulators.photo import photo
from simulators.population import Account
from simulators.provision import Keys
from simulators.scenario import Reports
from simulators.waiting import pause, until

LOOKS_UP: Final = "look up"  # the deed of a reporter who asks by number and phone
TOO_LATE: Final = frozenset({HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND})  # somebody moved it, or merged it away
SAME_MATTER: Final = 0.9  # likeness from which on an operator merges: building, category and most of the words
PAGE: Final = 100  # newest orders that somebody looks at
THINGS_IN_MIND: Final = 500  # of one person
LOOKS_ANYWAY: Final = 8  # whoever had no reason to look that often does it all the same

# How long people take before they act, in minutes of the estate's time.
THINKING_MIN: Final[dict[str, tuple[float, float]]] = {
    "acknowledge": (0.5, 2),
    "merge": (0.5, 2),
    "accept": (1, 3),
    "dispatch": (1, 3),
    "handle": (2, 5),
    "resolve": (4, 12),
    "answer": (1, 4),
    "rate": (2, 8),
    "close": (5, 10),
}


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that somebody did."""

    at_us: int
    who: str
    what: str
    number: str


OnDeed = Callable[[Deed], None]


class Agenda:
    """When somebody will get round to each thing: a moment after they first saw it."""

    def __init__(self, rng: random.Random, clock: Clock) -> None:
        self._rng = rng
        self._clock = clock
        self._due: OrderedDict[tuple[str, str], int] = OrderedDict()

    def is_due(self, thing: str, action: str) -> bool:
        """True once the thinking time for this action has passed."""
        now_us = self._clock.now_us()
        key = (thing, action)
        if key not in self._due:
            self._due[key] = now_us + int(self._rng.uniform(*THINKING_MIN[action]) * MINUTE_US)
            if len(self._due) > THINGS_IN_MIND:
                self._due.popitem(last=False)
        return now_us >= self._due[key]

    def presses(self) -> bool:
        """True if the time of something has come."""
        now_us = self._clock.now_us()
        return any(due_us <= now_us for due_us in self._due.values())

    def drop_until(self, at_us: int) -> None:
        """Forgets what was due by then: whoever looked since, and left it, has found it done by somebody else."""
        for key in [key for key, due_us in self._due.items() if due_us <= at_us]:
            del self._due[key]

    def done(self, thing: str, action: str) -> None:
        """Forgets it; the next time it takes as long again."""
        self._due.pop((thing, action), None)


@dataclass(frozen=True)
class Desk:
    """What everybody has in hand: their sign-in, their site, their agenda, and where deeds are told."""

    person: Person
    account: Account
    estate: Estate
    clock: Clock
    agenda: Agenda
    on_deed: OnDeed

    async def look(self) -> None:
        """Looks once, and does what is due. What is nobody's day's work is left to the others."""

    def concerns(self, _live: LiveEvent) -> bool:
        """True if what the site's feed shows may be something to do for them."""
        return False

    async def orders(self) -> list[dict[str, Any]]:
        """The newest orders that this person may see."""
        page = await self.person.get(f"/v1/sites/{self.estate.site}/work-orders", limit=PAGE)
        found: list[dict[str, Any]] = page["items"]
        return found

    async def act(self, number: str, action: str, body: dict[str, Any]) -> None:
        """Does one thing to an order if it is time. That somebody else was faster is no failure."""
        if not self.agenda.is_due(number, action):
            return
        await self.do(f"/v1/sites/{self.estate.site}/work-orders/{number}/{action}", body, number=number, what=action)

    async def do(self, path: str, body: dict[str, Any], *, number: str, what: str) -> None:
        """Sends one deed and tells of it."""
        self.agenda.done(number, what)
        try:
            await self.person.post(path, body)
        except RefusedError as error:
            if error.status not in TOO_LATE:
                raise
        else:
            self.on_deed(Deed(self.clock.now_us(), self.account.username, what, number))


@dataclass(frozen=True)
class Worker(Desk):
    """Handles and resolves what was dispatched to them."""

    def concerns(self, live: LiveEvent) -> bool:
        return live.kind == "order" and live.body["worker"] == self.account.username

    async def look(self) -> None:
        for order in await self.orders():
            if order["worker"] != self.account.username:
                continue
            if order["state"] == "dispatched":
                await self.act(order["number"], "handle", {})
            elif order["state"] != "handling" or not self.agenda.is_due(order["number"], "resolve"):
                continue
            elif await self._show(order["number"]):
                await self.act(order["number"], "resolve", {"text": "已到现场处理完毕。Done on the spot."})

    async def _show(self, number: str) -> bool:
        """What it looked like and looks like now: some categories ask for both. False if it is theirs no more."""
        path = f"/v1/sites/{self.estate.site}/work-orders/{number}/pictures"
        try:
            sent = {each["kind"] for each in (await self.person.get(path))["items"]}
            for kind, shade in (("before", 90), ("after", 220)):
                if kind not in sent:
                    await self.person.post(path, photo(shade), kind=kind)
        except RefusedError as error:
            if error.status not in TOO_LATE:
                raise
            return False
        return True


@dataclass(frozen=True)
class Operator(Desk):
    """Acknowledges alerts, answers what is resolved, merges reports of one thing, dispatches what found no worker."""

    def concerns(self, live: LiveEvent) -> bool:
        return live.kind in {"alert", "order"}

    async def look(self) -> None:
        page = await self.person.get(f"/v1/sites/{self.estate.site}/alerts", limit=PAGE)
        for alert in page["items"]:
            if alert["acknowledged"] is None and self.agenda.is_due(alert["alert_id"], "acknowledge"):
                path = f"/v1/sites/{self.estate.site}/alerts/{alert['alert_id']}/acknowledge"
                await self.do(path, {}, number=alert["alert_id"], what="acknowledge")
        for order in await self.orders():
            number = order["number"]
            if order["state"] == "submitted":
                await self.act(number, "accept", {})
            elif order["state"] == "accepted":
                await self.act(number, "dispatch", {"worker": self._crew_for(order["category"])})
            elif order["state"] == "resolved":
                await self.act(number, "answer", {"text": "问题已处理,感谢您的反馈。It has been seen to; thank you."})
            elif order["state"] in {"dispatched", "handling"} and order["origin"] == "report":
                await self._merge(order)

    async def _merge(self, order: dict[str, Any]) -> None:
        """Into an earlier order of the same matter, if there is one."""
        if not self.agenda.is_due(order["number"], "merge"):
            return
        found = await self.person.get(f"/v1/sites/{self.estate.site}/work-orders/{order['number']}/duplicates")
        for candidate in found["items"]:
            earlier = candidate["order"]
            if candidate["likeness"] >= SAME_MATTER and earlier["opened_at"] < order["opened_at"]:
                body = {"master": earlier["number"], "reason": "同一问题。The same matter."}
                await self.act(order["number"], "merge", body)
                return
        self.agenda.done(order["number"], "merge")

    def _crew_for(self, category: str) -> str:
        crews = self.estate.with_role("property_staff")
        return next((crew.username for crew in crews if category in crew.skills), crews[0].username)


@dataclass(frozen=True)
class Supervisor(Desk):
    """Does what a scenario says, and nothing of their own accord."""


@dataclass(frozen=True)
class Neighbour(Desk):
    """A resident: rates what was answered in their house, or to them; a reporter looks up the answer first."""

    def concerns(self, live: LiveEvent) -> bool:
        return live.kind == "order" and live.body["state"] == "answered"

    async def look(self) -> None:
        for order in await self.orders():
            number = order["number"]
            if not _waits_for_a_word(order) or not self.agenda.is_due(number, "rate"):
                continue
            if order["reporter"] == self.account.username:
                await self._look_up(number)
            await self.act(number, "rate", {"score": 5, "solved": True, "comment": "谢谢!Thanks!"})

    async def _look_up(self, number: str) -> None:
        """As somebody without an account would: by the number and the end of the phone number."""
        progress = await self.person.progress(number, self.account.phone)
        if progress["answer"]:
            self.on_deed(Deed(self.clock.now_us(), self.account.username, LOOKS_UP, number))


def _waits_for_a_word(order: dict[str, Any]) -> bool:
    """True if it is answered, itself or with the one that it was merged into, and nobody has rated it."""
    if order["state"] == "merged":
        return order["answer"] is not None and order["rating"] is None
    return bool(order["state"] == "answered")


_WHAT_THEY_ARE: Final[dict[str, type[Worker | Operator | Supervisor | Neighbour]]] = {
    "grid_worker": Worker,
    "property_staff": Worker,
    "operator": Operator,
    "supervisor": Supervisor,
    "resident": Neighbour,
}


class People:
    """Everybody on one estate who signs in."""

    def __init__(self, http: httpx.AsyncClient, estate: Estate, keys: Keys, clock: Clock, on_deed: OnDeed) -> None:
        self._clock = clock
        self._passwords = keys.passwords
        self._desks = {
            account.username: _WHAT_THEY_ARE[account.roles[0]](
                person=Person(http, account.username, keys.passwords[account.username]),
                account=account,
                estate=estate,
                clock=clock,
                agenda=Agenda(estate.rng("mind", account.username), clock),
                on_deed=on_deed,
            )
            for account in estate.accounts
            if account.signs_in and account.roles[0] in _WHAT_THEY_ARE
        }
        self._residents = [self._desks[account.username] for account in estate.with_role("resident")]
        self._named = {name: self._desks[account.username].person for name, account in estate.named.items()}
        self.concerned: set[str] = set()  # who has a reason to look

    def person(self, role: str) -> Person:
        """The sign-in of the first who holds this role."""
        return next(desk.person for desk in self._desks.values() if role in desk.account.roles)

    @property
    def named(self) -> dict[str, Person]:
        """The sign-ins by the short names of scenarios."""
        return self._named

    def on_live(self, live: LiveEvent) -> None:
        """The site's feed has shown something: whom it concerns looks the next time that they may."""
        self.concerned.update(username for username, desk in self._desks.items() if desk.concerns(live))

    def sign_ins(self) -> Iterator[tuple[str, str, str]]:
        """Role, username and password of the first who holds each role."""
        first: dict[str, str] = {}
        for username, desk in self._desks.items():
            first.setdefault(desk.account.roles[0], username)
        return ((role, username, self._passwords[username]) for role, username in first.items())

    async def live(self, stop: asyncio.Event, pace_s: float) -> None:
        """Everybody may look every `pace_s` seconds (of the machine's time), one after the other within it.

        They do if the feed showed something for them, if the time of something has come, and now and then anyway.
        """
        async with asyncio.TaskGroup() as group:
            for n, desk in enumerate(self._desks.values()):
                group.create_task(self._look_again_and_again(desk, stop, pace_s, pace_s * n / len(self._desks)))

    async def report(self, reports: Iterable[Reports], start_us: int, stop: asyncio.Event) -> None:
        """Residents send in their reports, each at its time."""
        for report in reports:
            if await until(self._clock, start_us + report.at, stop):
                return
            desk = self._residents[report.resident]
            body = {"category": report.category, "text": report.text, "building": report.building}
            order = await desk.person.post(f"/v1/sites/{desk.estate.site}/reports", body)
            desk.on_deed(Deed(self._clock.now_us(), desk.account.username, "report", order["number"]))

    async def _look_again_and_again(self, desk: Desk, stop: asyncio.Event, pace_s: float, first_s: float) -> None:
        wait_s, passed_over = first_s, LOOKS_ANYWAY
        while not await pause(stop, wait_s):
            wait_s, passed_over = pace_s, passed_over + 1
            if desk.account.username not in self.concerned and not desk.agenda.presses() and passed_over < LOOKS_ANYWAY:
                continue
            self.concerned.discard(desk.account.username)
            passed_over, began_us = 0, self._clock.now_us()
            try:
                await desk.look()
                desk.agenda.drop_until(began_us)
            except httpx.TransportError:
                wait_s, passed_over = 2 * pace_s, LOOKS_ANYWAY  # the server is away: look again later
            except RefusedError as error:
                if error.status not in AGAIN:
                    raise
                wait_s, passed_over = 2 * pace_s, LOOKS_ANYWAY
