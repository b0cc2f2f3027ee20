"""What came out, held against the known answers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simulators.scenario import ExpectedAlert, ExpectedOrder, MustNotCome, Scenario


@dataclass(frozen=True, slots=True, order=True)
class SeenAlert:
    """An alert as the system shows it."""

    rule: str
    device: str | None
    zone: str | None
    building: str | None
    state: str

    @classmethod
    def read(cls, body: dict[str, Any]) -> SeenAlert:
        """From the alert's JSON."""
        return cls(body["rule_uid"], body["device"], body["zone"], body["building"], body["state"])

    def __str__(self) -> str:
        return f"{self.rule} at {self.device or self.zone or self.building} ({self.state})"


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


def differences(scenario: Scenario, alerts: Sequence[SeenAlert], orders: Sequence[SeenOrder]) -> list[str]:
    """In words, how what came out differs from the known answers; empty if it does not."""
    answers = scenario.answers
    return [
        *(line for alert in answers.alerts for line in _alert_differences(alert, alerts)),
        *(line for order in answers.orders for line in _order_differences(order, orders)),
        *(f"not expected: alert {alert}" for alert in alerts if not any(expected_of(e, alert) for e in answers.alerts)),
        *(f"not expected: order {order}" for order in orders if not any(_is_order(e, order) for e in answers.orders)),
        *(line for never in answers.never for line in _must_not_come(never, alerts)),
    ]


def expected_of(expected: ExpectedAlert, seen: SeenAlert) -> bool:
    """True if this alert is one of those expected, whatever its state."""
    return expected.rule == seen.rule and all(
        wanted is None or wanted == there
        for wanted, there in (
            (expected.device, seen.device),
            (expected.zone, seen.zone),
            (expected.building, seen.building),
        )
    )


def _alert_differences(expected: ExpectedAlert, alerts: Iterable[SeenAlert]) -> Iterator[str]:
    found = [alert for alert in alerts if expected_of(expected, alert)]
    name = f"alert {expected.rule} at {expected.device or expected.zone or expected.building}"
    if len(found) != expected.count:
        yield f"{name}: {len(found)} times, expected {expected.count}"
    if expected.state is not None:
        yield from (
            f"{name}: is {alert.state}, expected {expected.state}" for alert in found if alert.state != expected.state
        )


def _is_order(expected: ExpectedOrder, seen: SeenOrder) -> bool:
    return (expected.category, expected.origin, expected.building) == (seen.category, seen.origin, seen.building)


def _order_differences(expected: ExpectedOrder, orders: Iterable[SeenOrder]) -> Iterator[str]:
    found = [order for order in orders if _is_order(expected, order)]
    name = f"order {expected.category} of a {expected.origin} in {expected.building or 'no building'}"
    if len(found) != expected.count:
        yield f"{name}: {len(found)} times, expected {expected.count}"
    yield from (
        f"{name}: is {order.state}, expected {expected.state}" for order in found if order.state != expected.state
    )


def _must_not_come(never: MustNotCome, alerts: Iterable[SeenAlert]) -> Iterator[str]:
    for alert in alerts:
        if alert.rule == never.rule and never.device in {alert.device, alert.zone}:
            yield f"must not come: alert {alert}, because {never.because}"
