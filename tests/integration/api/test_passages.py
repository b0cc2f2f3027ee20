"""Who went in and out, who is inside, and how it is judged."""

from __future__ import annotations

import json
import random
from typing import Any, Final

import pytest
from psycopg.types.json import Jsonb

from herun.clock import DAY_US, HOUR_US, parse_time, to_datetime
from herun.events import FLAG_DERIVED, FLAG_OUT_OF_SERVICE
from herun.passages import PassageSettings
from tests.integration.api.running import NOON_US, World
from tests.unit.processor.passages.test_state import live

PLATES: Final = {"f1": "苏E12345", "f2": "苏EBC999"}


def add(
    world: World,
    n: int,
    *,
    event_type: str = "passage.completed",
    at_us: int | None = None,
    flags: int = FLAG_DERIVED,
    **data: Any,
) -> None:
    """A derived event, as the processor writes it; that of an entry says that gate-in:e<n> is inside."""
    at = NOON_US + n * 1_000_000 if at_us is None else at_us
    body = {"kind": "vehicle", "direction": "in", "confidence": 0.9, "reads": 3, "plate_event": f"e{n}", **data}
    body = {"plate_fold": "f1", "plate_device": "gate-in", "plate_time": at, **body}
    if event_type == "passage.completed" and {body["kind"], body["direction"]} == {"vehicle", "in"}:
        body = {"opens": f"gate-in:e{n}", "opens_at": at, "opens_plate_time": at, **body}
    body = {name: value for name, value in body.items() if value is not None}
    told: dict[str, Any] = {"event_time": to_datetime(at), "recorded_time": to_datetime(at + 10), "data": Jsonb(body)}
    world.add_event(n, device="gate-in", event_type=event_type, flags=flags, **told)
    if body["kind"] == "vehicle" and body["plate_fold"] in PLATES:
        read: dict[str, Any] = {"event_time": to_datetime(at), "event_id": f"e{n}", "device": "gate-in"}
        world.add_event(1000 + n, plate=PLATES[body["plate_fold"]], **read)


async def inside(world: World, query: str = "") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await world.by("oscar").get(f"passages/inside{query}"))["items"]
    return items


async def test_passages_come_newest_first_with_the_plate_that_won_masked(world: World) -> None:
    add(world, 1)
    add(world, 2, plate_fold="f2", direction="out", stay_s=60, match="exact", closes="gate-in:e1")
    add(world, 3, kind="person", count=2, plate_event=None)
    items = (await world.by("audrey").get("passages"))["items"]
    assert [(each["kind"], each["plate"], each["count"]) for each in items] == [
        ("person", None, 2), ("vehicle", "苏E****9", 1), ("vehicle", "苏E****5", 1),
    ]  # fmt: skip
    assert (items[1]["stay_s"], items[1]["match"], items[1]["direction"]) == (60, "exact", "out")


async def test_pages_of_passages_are_stable_while_new_ones_come(world: World) -> None:
    for n in range(7):
        add(world, n)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await world.by("oscar").get(f"passages?limit=3{cursor and '&cursor=' + cursor}")
        seen += [each["passage"] for each in page["items"]]
        cursor = page["next_cursor"]
        add(world, 100 + len(seen))
    assert seen == [f"1-{n}" for n in range(6, -1, -1)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kind=person", ["1-3"]),
        ("direction=out", ["1-2"]),
        ("device=nowhere", []),
        ("after=2026-06-01T12:00:02%2B08:00", ["1-3", "1-2"]),
        ("before=2026-06-01T12:00:02%2B08:00", ["1-1"]),
    ],
)
async def test_filters_leave_what_was_asked_for(world: World, query: str, found: list[str]) -> None:
    add(world, 1)
    add(world, 2, direction="out")
    add(world, 3, kind="person", count=1)
    assert [each["passage"] for each in (await world.by("oscar").get(f"passages?{query}"))["items"]] == found


async def test_who_has_plates_revealed_is_written_down_and_others_may_not(world: World) -> None:
    add(world, 1)
    for path in ("passages", "passages/inside"):
        assert (await world.by("oscar").get(f"{path}?reveal=true"))["items"][0]["plate"] == "苏E12345"
        for who in ("audrey", "admin"):
            assert (await world.by(who).call("GET", f"{path}?reveal=true")).status_code == 403
    entries = (await world.by("audrey").get("audit?action=personal.revealed"))["items"]
    assert [(each["actor"], each["subject"], each["detail"]["plates"]) for each in entries] == [
        ("oscar", "passages.inside", 1), ("oscar", "passages", 1),
    ]  # fmt: skip
    assert "12345" not in str(entries)


async def test_a_plate_that_is_kept_no_longer_is_not_shown(world: World) -> None:
    add(world, 1)
    world.rows("DELETE FROM events_personal")
    assert (await inside(world, "?reveal=true"))[0]["plate"] is None


async def test_who_has_entered_and_not_left_is_inside(world: World) -> None:
    add(world, 1)
    add(world, 2, plate_fold="f2")
    assert [each["plate"] for each in await inside(world)] == ["苏E****9", "苏E****5"]
    add(world, 3, direction="out", closes="gate-in:e1", stay_s=2)
    assert [each["plate"] for each in await inside(world)] == ["苏E****9"]
    add(world, 4, plate_fold="elsewhere", direction="out", closes="gate-in:e2", stay_s=2)
    assert await inside(world) == []


@pytest.mark.parametrize(
    ("why", "more"),
    [
        ("its exit was known before it", {"opens": None, "stay_s": 60}),
        ("it went out", {"direction": "out"}),
        ("a person is no car", {"kind": "person", "count": 1}),
        ("it is longer ago than anybody stays", {"at_us": NOON_US - 91 * DAY_US}),
    ],
)
async def test_who_is_not_inside(world: World, why: str, more: dict[str, Any]) -> None:
    add(world, 1, **more)
    assert await inside(world) == [], why


async def test_a_car_that_entered_twice_is_inside_once(world: World) -> None:
    add(world, 1)
    add(world, 2, closes="gate-in:e1")
    assert [each["entered_at"] for each in await inside(world)] == ["2026-06-01T04:00:02Z"]


async def test_an_entry_that_turns_out_to_be_inside_again_is_shown_with_its_own_time(world: World) -> None:
    add(world, 1)
    add(world, 2, direction="out", closes="gate-in:e1")
    opened: dict[str, Any] = {
        "opens": "gate-in:e1",
        "opens_at": NOON_US + 1_000_000,
        "opens_plate_time": NOON_US + 1_000_000,
    }
    add(world, 3, direction="out", **opened)
    assert [(each["entered_at"], each["plate"]) for each in await inside(world)] == [
        ("2026-06-01T04:00:01Z", "苏E****5")
    ]


async def test_an_entry_that_the_engine_has_forgotten_is_over(world: World) -> None:
    add(world, 1)
    add(world, 2, event_type="passage.flagged", finding="forgotten", closes="gate-in:e1")
    assert await inside(world) == []


@pytest.mark.parametrize("seed", range(4))
async def test_who_is_inside_is_what_the_engine_says(world: World, seed: int) -> None:
    """Over a stretch of anything at all, late and out of order, stored as the processor stores it."""
    estate = live(random.Random(seed), 250, restarts=False)
    for n, event in enumerate(estate.found):
        at = to_datetime(event.event_time)
        told: dict[str, Any] = {"event_time": at, "event_id": event.event_id, "recorded_time": at}
        data = Jsonb(json.loads(event.data))
        world.add_event(n, device=event.device, event_type=event.event_type, data=data, **told)
    cars = [car.base for car in estate.engine.state.passages.vehicles.values() if car.inside]
    held = [(car.device, car.at) for car in cars if car]
    assert len(held) == estate.inside > 0
    counted = await world.by("oscar").get("passages/occupancy")
    assert counted["vehicles_inside"] == estate.inside
    found = [(each["device"], parse_time(each["entered_at"])) for each in await inside(world)]
    assert sorted(found) == sorted(held)


async def test_who_leaves_in_a_drill_has_left_and_is_in_no_count(world: World) -> None:
    add(world, 1, inside=1)
    add(world, 2, flags=FLAG_DERIVED | FLAG_OUT_OF_SERVICE, direction="out", closes="gate-in:e1", inside=0)
    counted = await world.by("oscar").get("passages/occupancy")
    assert (counted["vehicles_inside"], counted["vehicles_in"], counted["vehicles_out"]) == (0, 1, 0)
    assert await inside(world) == []


async def test_occupancy_counts_since_the_local_midnight_or_as_asked(world: World) -> None:
    add(world, 1, inside=1)
    add(world, 2, plate_fold="f2", inside=2)
    add(world, 3, direction="out", closes="gate-in:e1", stay_s=2, inside=1)
    add(world, 4, kind="person", count=2)
    add(world, 5, kind="person", direction="out", count=1)
    add(world, 6, kind="person", count=3, at_us=NOON_US - 13 * HOUR_US)  # yesterday
    counted = await world.by("audrey").get("passages/occupancy")
    assert counted == {
        "vehicles_inside": 1, "since": "2026-06-01T00:00:00+08:00", "vehicles_in": 2, "vehicles_out": 1,
        "persons_in": 2, "persons_out": 1,
    }  # fmt: skip
    more = await world.by("audrey").get("passages/occupancy?since=2026-05-31T00:00:00%2B08:00")
    assert more["persons_in"] == 5


async def test_settings_are_the_engines_own_until_somebody_sets_them(world: World) -> None:
    import msgspec

    found = await world.by("oscar").get("passages/settings")
    assert (found["settings"], found["changed_by"]) == (msgspec.to_builtins(PassageSettings()), None)
    await world.admin.put("plate-lists/residents", {"plates": []})
    put = await world.by("susan").put("passages/settings", {"crowd_size": 30, "residents_list": "residents"})
    assert (put["settings"]["crowd_size"], put["changed_by"]) == (30, "susan")
    (row,) = world.rows("SELECT body FROM api_outbox WHERE kind = 'passages.put'")
    assert msgspec.convert(row["body"], PassageSettings).crowd_size == 30
    bodies = ({"crowd_size": 1}, {"merge_s": 0}, {"unknown": 1}, {"merge_s": True}, {"merge_s": "30"}, {"crowd_s": "9"})
    for bad in (*bodies, {"residents_list": "nolist"}):
        refused = await world.by("susan").call("PUT", "passages/settings", bad)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["loc"] == ["body", *bad]
    assert (await world.by("oscar").call("PUT", "passages/settings", {})).status_code == 403
