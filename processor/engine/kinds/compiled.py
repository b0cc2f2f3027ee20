"""A compiled rule: what all kinds share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Final

import msgspec

from herun.cel import Data, Subject, compile_expression
from herun.events import Event
from herun.rules import PERSONAL_KEYS, Rule
from processor.engine.alerting import NOWHERE, Evaluation, RuleHead
from processor.engine.conditions import Test, equals
from processor.engine.state import Registration, RuleKey, State, TimerKey

SECOND_US: Final = 1_000_000
MAX_KEYS: Final = 100_000  # of one rule by plate or person: a city's cars in a window, 300 MB


class CompiledRule(ABC):
    """One rule of one site. `on_event` gets only events of its types and devices that pass `where`."""

    def __init__(self, site: str, rule: Rule, *, lasting: bool, duration_us: int | None = None) -> None:
        self.match = rule.match
        self.event_types = frozenset(rule.match.event_types)
        self.key_kind = rule.key
        self.key_field = PERSONAL_KEYS.get(rule.key)
        self.rule_key: RuleKey = (site, rule.uid)
        self.is_open = not (rule.match.devices or rule.match.device_kinds or rule.match.zones or rule.match.buildings)
        self.schedule = rule.schedule.model_dump_json() if rule.schedule else None
        self.armed_modes: frozenset[str] = frozenset(rule.armed_modes)
        self.lateness_us = round(rule.lateness_s * SECOND_US)
        self._where = {field: equals(field, value) for field, value in sorted(rule.match.where.items())}
        # Fields that must be this text for the rule to look: what an index can use.
        self.texts_wanted = self._texts_wanted(rule)
        self.head = RuleHead(
            site=site,
            uid=rule.uid,
            version=rule.version,
            severity=rule.severity,
            category=rule.category,
            opens_order=rule.opens_order,
            title={str(language): text for language, text in rule.title.items()},
            text={str(language): text for language, text in rule.text.items()},
            cooldown_us=round(rule.cooldown_s * SECOND_US),
            lasting=lasting,
            duration_us=duration_us,
            lateness_us=self.lateness_us if rule.cooldown_s else 0,
            connectivity=_tells_of_connection(rule),
            mode="monitor" if rule.mode == "monitor" else "live",
            order_category=rule.order_category,
        )

    @property
    def reads_data(self) -> bool:
        """True if the event's data must be decoded for this rule."""
        return True

    @staticmethod
    def _texts_wanted(rule: Rule) -> dict[str, str]:
        """By `where`, and by a condition, unless the kind must know when that does not hold any more."""
        wanted = {field: value for field, value in rule.match.where.items() if isinstance(value, str)}
        if rule.condition is not None and rule.kind != "true_for":
            wanted = dict(compile_expression(rule.condition).equalities) | wanted
        return wanted

    def tests_without(self, field: str | None) -> tuple[Test, ...]:
        """What `where` asks of the data, but for one field that was looked at already."""
        return tuple(test for name, test in self._where.items() if name != field)

    def has_in_scope(self, device: str, place: Registration) -> bool:
        """True if the rule looks at this device at all."""
        match = self.match
        return (
            (not match.devices or device in match.devices)
            and (not match.device_kinds or place.kind in match.device_kinds)
            and (not match.zones or place.zone in match.zones)
            and (not match.buildings or place.building in match.buildings)
        )

    def key_of(self, device: str, place: Registration) -> str | None:
        """The key under which the rule keeps this device's events; None if it has none (by zone, a device without).

        Empty if only the event knows it.
        """
        return {"device": device, "zone": place.zone, "building": place.building, "site": self.head.site}.get(
            self.key_kind, ""
        )

    def place_of(self, state: State, key: str, devices: Iterable[str]) -> Registration:
        """Where that is what several of these devices share: their zone with its building, or their building."""
        if self.key_kind == "building":
            return msgspec.structs.replace(NOWHERE, building=key)
        if self.key_kind != "zone":
            return NOWHERE
        buildings = {state.registered.get((self.head.site, each), NOWHERE).building for each in devices}
        return msgspec.structs.replace(NOWHERE, zone=key, building=buildings.pop() if len(buildings) == 1 else None)

    @abstractmethod
    def on_event(self, ev: Evaluation, key: str, event: Event, data: Data, subject: Subject) -> None:
        """Looks at one event, kept under the key."""

    def on_timer(self, ev: Evaluation, timer: TimerKey, due: int) -> None:
        """One of the rule's timers is due; `timer` is as it was armed."""
        raise AssertionError(f"{type(self).__name__} arms no timers, but {timer} was due at {due} ({ev.now})")

    def wake(self, ev: Evaluation, key: str, at: int) -> None:
        """It may raise again: what began meanwhile under this key, and still holds, is raised at this time."""
        del ev, key, at

    def follow_service(self, ev: Evaluation, device: str | None = None) -> None:
        """The device, or any (None), has gone out of service or is back."""
        del ev, device

    def hold_back(self, ev: Evaluation) -> None:
        """Its alerts are over: what holds is noted as not raised (muted), so that it is raised when it wakes."""
        del ev

    def forget_device(self, ev: Evaluation, device: str, place: Registration | None) -> None:
        """The device is at another place now, or gone (None): what it held under keys that are not its own is over."""
        del ev, device, place

    def forget(self, ev: Evaluation) -> None:
        """The rule is gone or decides otherwise: nothing that it knew holds any more, its timers included."""
        del ev


def _tells_of_connection(rule: Rule) -> bool:
    return rule.key == "device" and (rule.kind == "absence" or "device.disconnected" in rule.match.event_types)
