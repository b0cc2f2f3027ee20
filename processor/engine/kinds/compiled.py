"""A compiled rule: what all kinds share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Final

from herun.events import Event
from herun.rules import AbsenceRule, CountRule, PlateListRule, ThresholdRule, TrueForRule
from processor.engine.alerting import Evaluation, RuleHead
from processor.engine.conditions import Data, Test, equals
from processor.engine.state import CellKey, Registration, TimerKey

SECOND_US: Final = 1_000_000

AnyRule = ThresholdRule | TrueForRule | AbsenceRule | PlateListRule | CountRule


class CompiledRule(ABC):
    """One rule of one site. `on_event` gets only events of its types and devices that pass `where`."""

    lasting: ClassVar[bool] = True

    def __init__(self, site: str, rule: AnyRule, duration_us: int | None = None) -> None:
        self.match = rule.match
        self.event_types = frozenset(rule.match.event_types)
        self.key_kind = rule.key
        self._where = {field: equals(field, value) for field, value in sorted(rule.match.where.items())}
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
            lasting=self.lasting,
            duration_us=duration_us,
            connectivity=_tells_of_connection(rule),
            mode="monitor" if rule.mode == "monitor" else "live",
            order_category=rule.order_category,
        )

    @property
    def reads_data(self) -> bool:
        """True if the event's data must be decoded for this rule."""
        return bool(self._where) or self.key_kind == "plate"

    def cell_of(self, data: Data) -> CellKey:
        """The cell of a rule by plate, whose key only the event knows."""
        return (self.head.site, self.head.uid, data["plate_hash"])

    def tests_without(self, field: str | None) -> tuple[Test, ...]:
        """What `where` asks of the data, but for one field that was looked at already."""
        has_plate = (_has_plate,) if self.key_kind == "plate" else ()
        return (*has_plate, *(test for name, test in self._where.items() if name != field))

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
        """The key under which the rule keeps this device's events; None if it has none (by zone, a device without)."""
        return {
            "device": device,
            "zone": place.zone,
            "building": place.building,
            "site": self.head.site,
            "plate": "",  # known only from the event
        }[self.key_kind]

    @abstractmethod
    def on_event(self, ev: Evaluation, cell: CellKey, event: Event, data: Data, *, late: bool) -> None:
        """Looks at one event, kept under the cell. `late`: the device's newest is newer than this one."""

    def on_timer(self, ev: Evaluation, timer: TimerKey, due: int) -> None:
        """One of the rule's timers is due; `timer` is as it was armed."""
        raise NotImplementedError(f"{type(self).__name__} arms no timers, but {timer} was due at {due} ({ev.now})")


def _tells_of_connection(rule: AnyRule) -> bool:
    return rule.key == "device" and (rule.kind == "absence" or "device.disconnected" in rule.match.event_types)


def _has_plate(data: Data) -> bool:
    return type(data.get("plate_hash")) is str
