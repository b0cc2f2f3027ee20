"""An estate with two gates, whose cameras say what is asked for."""

from __future__ import annotations

import json
from typing import Any, Final

from herun.events import Event
from herun.frames import Control
from herun.passages import COMPLETED, FLAGGED
from herun.personal import plate_hashes
from processor.engine.decisions import Decisions
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SECOND_US, SITE, START_US, put_device

LONGEST_STEP_US: Final = 120 * SECOND_US  # between frames that are no outage of ours
KEY: Final = b"a key for hashes"
MINUTE: Final = 60
HOUR: Final = 3600

GATES: Final = tuple(
    put_device(f"{gate}-{way}", kind="barrier_camera", zone=gate)
    for gate in ("north", "south")
    for way in ("in", "out")
)


def hashes(plate: str) -> dict[str, Any]:
    """What the gateway leaves of a plate in an event."""
    made = plate_hashes(KEY, plate)
    return {} if made is None else {"plate_hash": made.exact, "plate_fold": made.fold, "plate_near": list(made.near)}


def control(kind: str, body: dict[str, Any], control_id: str = "") -> Control:
    return Control(SITE, control_id or f"{kind}-{json.dumps(body)[:80]}", kind, body)


def settings(**changed: Any) -> Control:
    return control("passages.put", {"warm_up_hours": 0, "lateness_minutes": 10, **changed})


class Estate(Driver):
    """A driver that speaks of seconds, gates and plates; `found` are all derived events so far."""

    def __init__(self, *controls: Control, **changed: Any) -> None:
        self.found: list[Event] = []
        self.count = 0
        super().__init__(*GATES, settings(**changed), *controls, gap_us=LONGEST_STEP_US)

    def _apply(self, *arguments: Any) -> Decisions:
        decisions = super()._apply(*arguments)
        self.found += [event for event, n, _ in decisions.rows if n >= 1_000_000]
        assert decisions.refused_controls == []
        self.check()
        return decisions

    def check(self) -> None:
        """The counts are what counting gives, at any time."""
        passages = self.engine.state.passages
        for site, occupancy in passages.occupancy.items():
            cars = [car for (of, _), car in passages.vehicles.items() if of == site]
            assert occupancy.vehicles_inside == sum(car.inside for car in cars) >= 0
            assert occupancy.remembered == len(cars)
            assert occupancy.sightings == sum(of == site for of, _, _ in passages.sightings)

    def read(
        self, device: str, plate: str, second: float, *, arrives: float | None = None, n: int | None = None, **data: Any
    ) -> Decisions:
        """One read of a plate by a camera; `n` is its id, for repeats."""
        self.count += 1
        way = {"direction": device.rsplit("-", 1)[1]} if "-" in device else {}
        body = {**hashes(plate), **way, "confidence": 90, **data}
        return self.say(device, "vehicle.passed", second, arrives=arrives, n=n, **body)

    def say(
        self,
        device: str,
        event_type: str,
        second: float,
        *,
        arrives: float | None = None,
        n: int | None = None,
        **data: Any,
    ) -> Decisions:
        """Any event."""
        self.count += 1
        event = Event(SITE, device, f"e{self.count if n is None else n}", event_type, 1, at(second), json.dumps(data))
        return self.events(event, at=max(self.now, at(second if arrives is None else arrives)))

    def wait(self, seconds: float) -> None:
        """Time passes, second by second but for long waits."""
        self.pass_until(self.now + round(seconds * SECOND_US), step_us=SECOND_US if seconds <= HOUR else 60 * SECOND_US)

    def passages(self) -> list[dict[str, Any]]:
        return [json.loads(event.data) for event in self.found if event.event_type == COMPLETED]

    def findings(self) -> list[tuple[str, str, int]]:
        """What was found: finding, device and second."""
        flagged = [event for event in self.found if event.event_type == FLAGGED]
        return [
            (json.loads(event.data)["finding"], event.device, (event.event_time - START_US) // SECOND_US)
            for event in flagged
        ]

    @property
    def inside(self) -> int:
        return self.engine.state.passages.occupancy[SITE].vehicles_inside


def entries_inside(estate: Estate) -> set[str]:
    """Who is inside, by nothing but what the derived events say, as the API adds it up."""
    inside: set[str] = set()
    for said in (json.loads(event.data) for event in estate.found):
        if "closes" in said:
            inside.remove(said["closes"])
        if "opens" in said:
            assert said["opens"] not in inside
            inside.add(said["opens"])
    return inside


def at(second: float) -> int:
    return START_US + round(second * SECOND_US)
