"""Looking at events."""

from __future__ import annotations

from typing import Any

import pytest

from herun.catalogue import CATALOGUE
from herun.events import FLAG_DERIVED, FLAG_LATE, FLAG_OUT_OF_SERVICE
from tests.integration.api.running import World


async def read_all(world: World, query: str = "", between: Any = None) -> list[str]:
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await world.by("oscar").get(f"events?limit=3{query}{cursor and '&cursor=' + cursor}")
        found += [event["event_id"] for event in page["items"]]
        cursor = page["next_cursor"]
        if between:
            between()
    return found


async def test_events_come_newest_first_in_the_order_of_processing(world: World) -> None:
    for position, n in [(2, 0), (1, 1), (1, 0), (2, 1)]:
        world.add_event(n, position=position)
    assert await read_all(world) == ["2-1", "2-0", "1-1", "1-0"]


async def test_pages_are_stable_while_new_events_come(world: World) -> None:
    for n in range(10):
        world.add_event(n)
    late = iter(range(100))
    seen = await read_all(world, between=lambda: world.add_event(next(late), position=2))
    assert seen == [f"1-{n}" for n in range(9, -1, -1)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("&device=d2", ["1-3"]),
        ("&type=door.opened", ["1-2"]),
        ("&type=nothing", []),
        ("&after=2026-06-01T04:00:00.000002Z", ["1-3", "1-2"]),
        ("&before=2026-06-01T12:00:00.000001%2B08:00", ["1-0"]),
        ("&device=d1&after=2026-06-01T04:00:00.000001Z&before=2026-06-01T04:00:00.000002Z", ["1-1"]),
    ],
)
async def test_filters_leave_what_was_asked_for(world: World, query: str, expected: list[str]) -> None:
    world.add_event(0)
    world.add_event(1)
    world.add_event(2, event_type="door.opened")
    world.add_event(3, device="d2")
    assert await read_all(world, query) == expected


async def test_an_event_says_what_the_engine_made_of_it(world: World) -> None:
    for n, flags in enumerate([0, FLAG_LATE, FLAG_OUT_OF_SERVICE, FLAG_DERIVED | FLAG_OUT_OF_SERVICE]):
        world.add_event(n, flags=flags)
    found = (await world.by("oscar").get("events"))["items"]
    assert [(each["late"], each["out_of_service"], each["derived"]) for each in reversed(found)] == [
        (False, False, False), (True, False, False), (False, True, False), (False, True, True),
    ]  # fmt: skip


async def test_personal_values_are_masked(world: World) -> None:
    world.add_event(0, plate="苏E12345")
    for who in ("oscar", "audrey", "admin"):
        (event,) = (await world.by(who).get("events"))["items"]
        assert event["personal"] == {"plate": "苏E****5"}
    assert world.rows("SELECT * FROM audit_log WHERE action = 'personal.revealed'") == []


async def test_whoever_has_personal_values_revealed_is_written_down(world: World) -> None:
    world.add_event(0, plate="苏E12345")
    (event,) = (await world.by("oscar").get("events?reveal=true&device=d1"))["items"]
    assert event["personal"] == {"plate": "苏E12345"}
    (entry,) = (await world.by("audrey").get("audit?action=personal.revealed"))["items"]
    assert (entry["actor"], entry["subject"], entry["detail"]["device"]) == ("oscar", "events", "d1")
    assert entry["detail"]["events"] == 1
    assert "苏E12345" not in str(entry)


@pytest.mark.parametrize("who", ["audrey", "admin"])
async def test_roles_that_need_no_plates_have_none_revealed(world: World, who: str) -> None:
    world.add_event(0, plate="苏E12345")
    assert (await world.by(who).call("GET", "events?reveal=true")).status_code == 403


@pytest.mark.parametrize(
    "query", ["cursor=x", "cursor=MQ", "limit=0", "limit=201", "after=yesterday", "after=2026-01-01"]
)
async def test_a_bad_question_is_told_what_is_wrong(world: World, query: str) -> None:
    response = await world.by("oscar").call("GET", f"events?{query}")
    assert response.status_code in {400, 422}
    assert response.headers["content-type"] == "application/problem+json"


async def test_the_event_types_are_told_with_what_their_fields_can_be(world: World) -> None:
    types = {each["name"]: each for each in (await world.by("oscar").get("/v1/event-types"))["items"]}
    assert set(types) == set(CATALOGUE)
    (position,) = types["gate.moved"]["fields"]
    assert (position["name"], position["required"]) == ("position", True)
    assert position["words"] == ["open", "closed", "between"]
    assert types["gate.moved"]["example"] == {"position": "open"}
    assert [types[name]["derived"] for name in ("gate.moved", "passage.flagged")] == [False, True]
    assert (await world.nobody.call("GET", "/v1/event-types")).status_code == 401
