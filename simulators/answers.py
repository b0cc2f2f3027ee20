"""What came out, held against the known answers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulators.scenario import ExpectedAlert, ExpectedEvent, ExpectedOrder, MustNotCome, Scenario


@dataclass(frozen=True, slots=True, order=True)
class SeenAlert:
    """An alert as the system shows it."""

    rule: str
    device: str | None
    zone: str | None
    building: str | None
    state: str
    times: int = 1
    correction: str | None = None
    merged: bool = False
    verdict: str | None = None

    @classmethod
    def read(cls, body: dict[str, Any]) -> SeenAlert:
        """From the alert's JSON."""
        return cls(
            rule=body["rule_uid"],
            device=body["device"],
            zone=body["zone"],
            building=body["building"],
            state=body["state"],
            times=body.get("count", 1),
            correction=body.get("correction"),
            merged=body.get("merged_into") is not None,
            verdict=body["closed"]["verdict"] if body.get("closed") else None,
        )

    def __str__(self) -> str:
        more = [self.state, *(each for each in (self.correction, "merged" if self.merged else None) if each)]
        return f"{self.rule} at {self.device or self.zone or self.building} ({', '.join(more)})"


@dataclass(frozen=True, slots=True, order=True)
class SeenOrder:
    """A work order as the system shows it."""

    category: str
    origin: str
    building: str | None
    state: str

    @classmethod
    def read(cls, body: dict[str, Any]) -> SeenOrder:
        """From the order's JSON."""
        return cls(body["category"], body["origin"], body["building"], body["state"])

    def __str__(self) -> str:
        return f"{self.category} of a {self.origin} in {self.building or 'no building'} ({self.state})"


@dataclass(frozen=True, slots=True)
class Seen:
    """All that came out: alerts, orders, the stored events of the types asked for, and what the API shows by path."""

    alerts: Sequence[SeenAlert] = ()
    orders: Sequence[SeenOrder] = ()
    events: Sequence[dict[str, Any]] = ()
    shown: Mapping[str, Any] = field(default_factory=dict)


def differences(scenario: Scenario, seen: Seen) -> list[str]:
    """In words, how what came out differs from the known answers; empty if it does not."""
    answers, alerts, orders = scenario.answers, seen.alerts, seen.orders
    return [
        *(line for alert in answers.alerts for line in _alert_differences(alert, alerts)),
        *(line for order in answers.orders for line in _order_differences(order, orders)),
        *(line for event in answers.events for line in _event_differences(event, seen.events)),
        *(
            f"{shows.get} shows {seen.shown.get(shows.get)}, expected {shows.has}"
            for shows in answers.shows
            if not holds(shows.has, seen.shown.get(shows.get))
        ),
        *(f"not expected: alert {alert}" for alert in alerts if not any(expected_of(e, alert) for e in answers.alerts)),
        *(f"not expected: order {order}" for order in orders if not any(_is_order(e, order) for e in answers.orders)),
        *(
            f"not expected: event {event['event_type']} of {event['device']} {event['data']}"
            for event in seen.events
            if not any(_is_event(e, event) for e in answers.events)
        ),
        *(line for never in answers.never for line in _must_not_come(never, alerts)),
    ]


def holds(wanted: Any, there: Any) -> bool:
    """True if what is there has at least what is wanted; of a list, each wanted thing is somewhere in it.

    A list in which nothing is wanted is to be empty.
    """
    if isinstance(wanted, dict):
        return isinstance(there, dict) and all(name in there and holds(wanted[name], there[name]) for name in wanted)
    if isinstance(wanted, list):
        if not isinstance(there, list) or (there and not wanted):
            return False
        return all(any(holds(each, one) for one in there) for each in wanted)
    return bool(wanted == there)


def _is_event(expected: ExpectedEvent, event: dict[str, Any]) -> bool:
    return (
        expected.type == event["event_type"]
        and expected.device in {None, event["device"]}
        and holds(expected.where, event["data"])
    )


def _event_differences(expected: ExpectedEvent, events: Iterable[dict[str, Any]]) -> Iterator[str]:
    found = sum(_is_event(expected, event) for event in events)
    if found != expected.count:
        name = f"event {expected.type} of {expected.device or 'any device'} {expected.where or ''}"
        yield f"{name}: {found} times, expected {expected.count}"


def expected_of(expected: ExpectedAlert, seen: SeenAlert) -> bool:
    """True if this alert is one of those expected, whatever its state."""
    return expected.rule == seen.rule and all(
        wanted is None or wanted == there
        for wanted, there in (
            (expected.device, seen.device),
            (expected.zone, seen.zone),
            (expected.building, seen.building),
            (expected.correction, seen.correction),
            (expected.merged, seen.merged),
        )
    )


def _alert_differences(expected: ExpectedAlert, alerts: Iterable[SeenAlert]) -> Iterator[str]:
    found = [alert for alert in alerts if expected_of(expected, alert)]
    name = f"alert {expected.rule} at {expected.device or expected.zone or expected.building}"
    if len(found) != expected.count:
        yield f"{name}: {len(found)} times, expected {expected.count}"
    for alert in found:
        for what in ("state", "times", "verdict"):
            wanted, there = getattr(expected, what), getattr(alert, what)
            if wanted is not None and wanted != there:
                yield f"{name}: {what} is {there}, expected {wanted}"


def _is_order(expected: ExpectedOrder, seen: SeenOrder) -> bool:
    return (expected.category, expected.origin, expected.building) == (seen.category, seen.origin, seen.building)


def _order_differences(expected: ExpectedOrder, orders: Iterable[SeenOrder]) -> Iterator[str]:
    found = [order for order in orders if _is_order(expected, order)]
    name = f"order {expected.category} of a {expected.origin} in {expected.building or 'no building'}"
    if len(found) != expected.count:
        yield f"{name}: {len(found)} times, expected {expected.count}"
    states = {expected.state} if isinstance(expected.state, str) else set(expected.state)
    if found and {order.state for order in found} != states:
        yield f"{name}: are {sorted(order.state for order in found)}, expected {sorted(states)}"


def _must_not_come(never: MustNotCome, alerts: Iterable[SeenAlert]) -> Iterator[str]:
    for alert in alerts:
        if alert.rule == never.rule and never.device in {alert.device, alert.zone}:
            yield f"must not come: alert {alert}, because {never.because}"
