"""People change what a scenario says, when it says so, and a no is known where it is expected."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from herun.clock import ManualClock, parse_time
from simulators.api import Person, RefusedError
from simulators.changes import Changer, NotRefusedError
from simulators.scenario import Scenario

NOON = parse_time("2026-05-09T12:00:00+08:00")


@dataclass
class FakePerson:
    """Remembers what was sent; refuses deletions; has one alert to close from the second look on."""

    sent: list[tuple[str, str, Any]] = field(default_factory=list)
    looks: int = 0
    signed_in: bool = False

    async def sign_in(self) -> None:
        self.signed_in = True

    async def send(self, method: str, path: str, body: object = None) -> Any:
        if method == "DELETE":
            raise RefusedError(method, path, 403, {})
        self.sent.append((method, path, body))

    async def get(self, path: str, **_: object) -> Any:
        self.looks += 1
        return {"items": [{"alert_id": "a1"}] if self.looks > 1 else []}

    async def post(self, path: str, body: object = None) -> Any:
        self.sent.append(("POST", path, body))


def changer(person: FakePerson) -> Changer:
    whoever = cast("Person", person)
    people = {"admin": whoever, "operator": whoever, "supervisor": whoever}
    return Changer("s", people, ManualClock(NOON), NOON)  # type: ignore[arg-type]


def scenario(**more: Any) -> Scenario:
    return Scenario.model_validate({"name": "x", "title": {"en": "x"}, "lasts": "1h"} | more)


def test_rules_stand_before_what_is_set_up_and_moments_are_written_out() -> None:
    person = FakePerson()
    call = {"call": "PUT calendar/${year +0m}", "body": {"on": ["${date +0m}"]}}
    asyncio.run(changer(person).set_up(scenario(rules=[{"uid": "r"}], setup=[call])))
    assert person.sent == [
        ("PUT", "/v1/sites/s/rules/r", {"uid": "r"}),
        ("PUT", "/v1/sites/s/calendar/2026", {"on": ["2026-05-09"]}),
    ]


def test_a_refusal_is_an_error_unless_it_is_known() -> None:
    for refused in (None, 404):
        with pytest.raises(RefusedError):
            asyncio.run(changer(FakePerson()).set_up(scenario(setup=[{"call": "DELETE x", "refused": refused}])))
    asyncio.run(changer(FakePerson()).set_up(scenario(setup=[{"call": "DELETE x", "refused": 403}])))
    with pytest.raises(NotRefusedError):
        asyncio.run(changer(FakePerson()).set_up(scenario(setup=[{"call": "PUT x", "refused": 422}])))


def test_an_alert_is_closed_as_soon_as_it_is_there() -> None:
    person = FakePerson()
    closes = {"at": "0s", "closes": "r", "verdict": False}
    asyncio.run(changer(person).play(scenario(timeline=[closes]), asyncio.Event()))
    assert person.sent == [("POST", "/v1/sites/s/alerts/a1/close", {"verdict": "false"})]


def test_who_is_told_to_stop_changes_nothing_more() -> None:
    person, stop = FakePerson(), asyncio.Event()
    stop.set()
    asyncio.run(changer(person).play(scenario(timeline=[{"at": "5m", "call": "PUT x"}]), stop))
    assert person.sent == []


def test_who_acts_later_has_signed_in_before_the_play() -> None:
    person = FakePerson()
    asyncio.run(changer(person).set_up(scenario(timeline=[{"at": "5m", "who": "supervisor", "call": "PUT x"}])))
    assert person.signed_in
    assert person.sent == []
