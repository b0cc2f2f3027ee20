"""A zone with two doors and a camera, and what people do to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from herun.events import FLAG_DERIVED, Event
from herun.frames import Control
from herun.schedule import DEFAULT_TIME_ZONE, local_time, zone_named
from processor.engine.decisions import Decisions
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SECOND_US, SITE, START_US, event, put_device

ZONE: Final = "z1"
FRONT: Final = "front"  # the entry door
BACK: Final = "back"
CAMERA: Final = "camera"
DEVICES: Final = (put_device(FRONT, zone=ZONE), put_device(BACK, zone=ZONE), put_device(CAMERA, zone=ZONE))
EVERY_DAY: Final = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def at(second: float) -> int:
    """So many seconds after 2026-09-21 22:13:20 in Shanghai, a Monday."""
    return START_US + round(second * SECOND_US)


def window(mode: str, begin: str, end: str, days: list[str] | None = None) -> dict[str, Any]:
    return {"days": days or EVERY_DAY, "from": begin, "to": end, "mode": mode}


class Desk:
    """An engine with the zone, and a person who arms it. `told` is all that the engine derived."""

    def __init__(self, *controls: Control, delays: tuple[int, int] = (0, 0), **plan: Any) -> None:
        self.driver = Driver(*DEVICES, *controls)
        self.told: list[Event] = []
        self.events: list[tuple[Event, int]] = []  # stored, with flags
        self.refused: list[Any] = []
        self.changes = 0
        self.sent = 0
        self.delays = delays
        if plan or any(delays):
            self.plan(**plan)

    def plan(self, zone: str = ZONE, **plan: Any) -> None:
        entry, leave = self.delays
        body = {"entry_doors": [FRONT], "entry_delay_s": entry, "exit_delay_s": leave, **plan}
        self.control("arming.plan.put", self.change(zone) | {"plan": body})

    def change(self, zone: str = ZONE) -> dict[str, Any]:
        self.changes += 1
        return {"zone": zone, "change": self.changes, "who": "oscar", "why": "test"}

    def set(self, mode: str, second: float | None = None, *, until: float | None = None, force: bool = False) -> None:
        body = self.change() | {"mode": mode, "force": force, "until_us": None if until is None else at(until)}
        self.control("arming.mode.set", body, second)

    def bypass(self, device: str, second: float, until: float | None) -> None:
        until_us = None if until is None else at(until)
        self.control("arming.bypass", {"device": device, "until_us": until_us, "who": "oscar", "why": "broken"}, second)

    def service(self, second: float, begin: float, end: float, **more: Any) -> None:
        body = {"window": "w1", "kind": "drill", "begin_us": at(begin), "end_us": at(end), "who": "susan", **more}
        self.control("service.window.put", body, second)

    def control(self, kind: str, body: dict[str, Any], second: float | None = None) -> None:
        control = Control(SITE, f"c{self.driver.position}", kind, body)
        self._take(self.driver.control(control, at=None if second is None else at(second)))

    def say(self, event_type: str, device: str, second: float, *, arrives: float | None = None, **data: Any) -> None:
        self.sent += 1
        said = self.event(f"e{self.sent}", second, device=device, event_type=event_type, data=data)
        self._take(self.driver.events(said, at=at(second if arrives is None else arrives)))

    def event(self, event_id: str, second: float, **more: Any) -> Event:
        return event(event_id, at(second), **{"device": CAMERA, "event_type": "person.captured", "data": {}, **more})

    def open(self, device: str, second: float, **more: Any) -> None:
        self.say("door.opened", device, second, **more)

    def close(self, device: str, second: float, **more: Any) -> None:
        self.say("door.closed", device, second, **more)

    def person(self, second: float, **more: Any) -> None:
        self.say("person.captured", CAMERA, second, **more)

    def pass_until(self, second: float) -> None:
        self._take(self.driver.tick(at(second)))

    def restart(self) -> None:
        self.driver.restart()

    @property
    def story(self) -> list[tuple[str, int, str]]:
        """(type, second, mode) of all that was told."""
        return [(each.event_type, (each.event_time - START_US) // SECOND_US, _mode(each)) for each in self.told]

    @property
    def local_story(self) -> list[str]:
        """The same, the time as a clock in Shanghai shows it."""
        zone = zone_named(DEFAULT_TIME_ZONE)
        return [f"{local_time(zone, each.event_time):%a %H:%M} {each.event_type} {_mode(each)}" for each in self.told]

    def told_of(self, *types: str) -> list[dict[str, Any]]:
        return [data_of(each) for each in self.told if each.event_type in types]

    def flags(self, event_id: str) -> int:
        return next(flags for event, flags in self.events if event.event_id == event_id)

    def _take(self, decisions: Decisions) -> None:
        self.told += [each for each in derived(decisions.rows) if not each.event_type.startswith("passage.")]
        self.events += [(event, flags) for event, _, flags in decisions.rows]
        self.refused += decisions.refused_controls


def derived(rows: Iterable[tuple[Event, int, int]]) -> list[Event]:
    return [event for event, _, flags in rows if flags & FLAG_DERIVED]


def data_of(event: Event) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.json.decode(event.data)
    return data


def _mode(event: Event) -> str:
    return str(data_of(event).get("mode", ""))
