"""What the demo has seen so far: rates, delays, alerts, orders, deeds, and which links of the chain are proven."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from simulators.answers import SeenAlert, expected_of
from simulators.api import LiveEvent
from simulators.happenings import Message
from simulators.people import LOOKS_UP, Deed
from simulators.scenario import ExpectedAlert, ExpectedOrder, Scenario

DELAYS_KEPT: Final = 2_000  # newest samples
UNDER_WAY_KEPT: Final = 5_000  # messages sent and not yet seen
RATE_OVER_S: Final = 5.0  # seconds of the machine's time that a rate is taken over
LINES_KEPT: Final = 200  # of the log
ALERTS_KEPT: Final = 500
ORDERS_KEPT: Final = 2_000

_DOES: Final = {
    "acknowledge": "has seen",
    "dispatch": "finds somebody for",
    "handle": "is at work on",
    "resolve": "is done with",
    "answer": "answers",
    "rate": "rates",
    "report": "reports, as",
    "merge": "finds reported already",
    LOOKS_UP: "reads the answer of",
}

# The states that one order has to be seen in, from the alert to the rating.
_A: Final = {"alert": "an alert", "report": "a report"}
WHOLE_WAY: Final = ("accepted", "dispatched", "handling", "resolved", "answered", "rated")


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain, and whether it was seen."""

    name: str
    seen: bool


@dataclass
class Rate:
    """How many a second, over the last RATE_OVER_S."""

    moments: deque[float] = field(default_factory=lambda: deque(maxlen=20_000))
    total: int = 0

    def count(self, at_s: float) -> None:
        self.moments.append(at_s)
        self.total += 1

    def per_second(self, now_s: float) -> float:
        while self.moments and self.moments[0] < now_s - RATE_OVER_S:
            self.moments.popleft()
        return len(self.moments) / RATE_OVER_S


@dataclass
class OrderSeen:
    """One work order as the feed told of it."""

    number: str
    category: str
    origin: str
    building: str | None
    title: str
    states: list[str] = field(default_factory=list)


class Board:
    """Takes in what is published, shown and done.

    `seconds` tells the machine's time, for rates and delays; `stamp` the estate's, for the log.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        seconds: Callable[[], float],
        stamp: Callable[[], str],
        on_line: Callable[[str], None],
    ) -> None:
        self._scenario = scenario
        self._seconds = seconds
        self._stamp = stamp
        self._on_line = on_line
        self._under_way: OrderedDict[tuple[str, str], float] = OrderedDict()
        self.sent = Rate()
        self.shown = Rate()
        self.about: Counter[str] = Counter()
        self.delays: deque[float] = deque(maxlen=DELAYS_KEPT)
        self.alerts: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self.orders: OrderedDict[str, OrderSeen] = OrderedDict()
        self.deeds: Counter[str] = Counter()
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)

    def on_message(self, message: Message) -> None:
        """A device has published."""
        now_s = self._seconds()
        self.sent.count(now_s)
        for event in message.events:
            self._under_way[message.device, event] = now_s
        while len(self._under_way) > UNDER_WAY_KEPT:
            self._under_way.popitem(last=False)

    def on_deed(self, deed: Deed) -> None:
        """Somebody has done something."""
        self.deeds[deed.what] += 1
        name = f"alert {deed.number[:8]}" if deed.what == "acknowledge" else deed.number
        self._say(f"{deed.who} {_DOES.get(deed.what, deed.what)} {name}")

    def on_live(self, live: LiveEvent) -> None:
        """The live feed has shown something."""
        now_s = self._seconds()
        self.shown.count(now_s)
        if live.kind == "event":
            self.about[live.body["event_type"]] += 1
            sent_s = self._under_way.pop((live.body["device"], live.body["event_id"]), None)
            if sent_s is not None:
                self.delays.append(now_s - sent_s)
        elif live.kind == "alert" and "rule_uid" in live.body:  # else somebody acknowledged or closed it
            self._take_alert(live.body)
        elif live.kind == "order":
            self._take_order(live.body)

    def delay_ms(self, share: float) -> float | None:
        """The delay from publish to feed that this share of the newest events did not exceed, in milliseconds."""
        if not self.delays:
            return None
        ordered = sorted(self.delays)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000

    def orders_by_state(self) -> Counter[str]:
        """How many orders stand where."""
        return Counter(order.states[-1] for order in self.orders.values() if order.states)

    def links(self) -> list[Link]:
        """Every link of the chain that this demo has to show."""
        return [
            Link("cars pass the gates", self.about["vehicle.passed"] > 0),
            Link("sensors report", self.about["reading.reported"] > 0),
            *(Link(f"alert: {_alert_name(each)}", self._saw_alert(each)) for each in self._scenario.answers.alerts),
            *(Link(f"order: {_order_name(each)}", self._saw_order(each)) for each in self._scenario.answers.orders),
            Link("a second report of one thing is merged into the first", any(map(_was_merged, self.orders.values()))),
            Link("a reporter reads the answer without signing in", self.deeds[LOOKS_UP] > 0),
            *(
                Link(f"order of {_A[origin]}: {state}", seen)
                for origin in ("alert", "report")
                for state, seen in self._way(origin)
            ),
        ]

    def _say(self, line: str) -> None:
        stamped = f"{self._stamp()} {line}"
        self.lines.append(stamped)
        self._on_line(stamped)

    def _take_alert(self, body: dict[str, Any]) -> None:
        before = self.alerts.get(body["alert_id"])
        self.alerts[body["alert_id"]] = body
        if before is None or before["state"] != body["state"]:
            where = body["device"] or body["zone"] or body["building"]
            self._say(f"alert {body['state']}: {body['title']['zh']} {body['title']['en']} ({where})")
        while len(self.alerts) > ALERTS_KEPT:
            self.alerts.popitem(last=False)

    def _take_order(self, body: dict[str, Any]) -> None:
        order = self.orders.get(body["number"])
        if order is None:
            order = self.orders[body["number"]] = OrderSeen(
                body["number"], body["category"], body["origin"], body["building"], body["title"]["en"]
            )
        if not order.states or order.states[-1] != body["state"]:
            order.states.append(body["state"])
            self._say(f"order {order.number} {body['state']}: {order.title}")
        while len(self.orders) > ORDERS_KEPT:
            self.orders.popitem(last=False)

    def _saw_alert(self, expected: ExpectedAlert) -> bool:
        return any(expected_of(expected, SeenAlert.read(body)) for body in self.alerts.values())

    def _saw_order(self, expected: ExpectedOrder) -> bool:
        wanted = (expected.category, expected.origin, expected.building)
        found = [o for o in self.orders.values() if (o.category, o.origin, o.building) == wanted]
        return len(found) >= expected.count

    def _way(self, origin: str) -> Iterator[tuple[str, bool]]:
        """The states of WHOLE_WAY, each seen if the order that came furthest was seen in it."""
        of_origin = [set(order.states) for order in self.orders.values() if order.origin == origin]
        best = max(of_origin, key=lambda states: len(states & set(WHOLE_WAY)), default=set())
        return ((state, state in best) for state in WHOLE_WAY)


def _was_merged(order: OrderSeen) -> bool:
    return "merged" in order.states


def _alert_name(expected: ExpectedAlert) -> str:
    return f"{expected.rule} at {expected.device or expected.zone or expected.building}"


def _order_name(expected: ExpectedOrder) -> str:
    times = f" ({expected.count})" if expected.count > 1 else ""
    return f"{expected.category} of {_A[expected.origin]} in {expected.building or 'no building'}{times}"
