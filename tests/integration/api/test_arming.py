"""Arming: what people may ask, what the engine is told, and what it said."""

from __future__ import annotations

from typing import Any, Final

import pytest
from psycopg.types.json import Jsonb

from herun import arming
from herun.calendar import Decree
from herun.clock import parse_time, to_datetime
from herun.events import FLAG_DERIVED
from tests.integration.api.running import NOON_US, World

ZONE: Final = "arming/zones/z1"
NIGHT: Final = {"days": ["workday"], "from": "22:00", "to": "06:00", "mode": "night"}
PLAN: Final = {
    "windows": [NIGHT], "otherwise": "disarmed", "entry_delay_s": 30, "exit_delay_s": 60, "entry_doors": ["d1"],
}  # fmt: skip
TOMORROW: Final = "2026-06-02T12:00:00+08:00"
DRILL: Final = {
    "kind": "drill", "zones": ["z1"], "begins_at": "2026-06-02T10:00:00+08:00", "ends_at": TOMORROW,
    "why": "fire drill",
}  # fmt: skip
OF_2027: Final = {"year": 2027, "holidays": {"元旦": ["2027-01-01"]}, "make_up_workdays": ["2027-01-03"]}


def controls(world: World) -> list[tuple[str, Any]]:
    rows = world.rows("SELECT kind, body FROM api_outbox WHERE kind <> 'device.put' ORDER BY id")
    return [(row["kind"], row["body"]) for row in rows]


def says(world: World, n: int, event_type: str, *, device: str = "z1", flags: int = FLAG_DERIVED, **data: Any) -> None:
    body = {"zone": "z1", "who": "oscar", "why": "", "forced": False, **data}
    world.add_event(n, position=5, device=device, event_type=event_type, data=Jsonb(body), flags=flags)


async def actual(world: World) -> Any:
    return (await world.admin.get(ZONE))["actual"]


async def test_a_mode_is_asked_for_and_the_engine_is_told_who_wants_it_and_why(world: World) -> None:
    shown = await world.by("oscar").post(f"{ZONE}/mode", {"mode": "armed", "until": TOMORROW, "why": "all left"})
    assert (shown["wanted"]["mode"], shown["wanted"]["changed_by"], shown["actual"]) == ("armed", "oscar", None)
    await world.by("susan").post(f"{ZONE}/mode", {"mode": "disarmed"})
    first, second = controls(world)
    assert first == (
        "arming.mode.set",
        {
            "zone": "z1", "change": 1, "mode": "armed", "until_us": parse_time(TOMORROW), "force": False,
            "who": "oscar", "why": "all left",
        },
    )  # fmt: skip
    assert arming.ModeSet.model_validate(second[1]).change == 2


async def test_a_plan_comes_back_as_it_was_put_and_is_told(world: World) -> None:
    await world.admin.post("devices", {"devices": [{"device": "d1", "zone": "z1"}]})
    await world.by("oscar").post(f"{ZONE}/mode", {"mode": "armed"})
    put = await world.admin.put(f"{ZONE}/plan?why=nights", PLAN)
    assert (put["wanted"]["plan"], put["wanted"]["mode"], put["wanted"]["plan_why"]) == (PLAN, "armed", "nights")
    kind, body = controls(world)[-1]
    assert (kind, body["change"], body["who"]) == ("arming.plan.put", 2, "admin")
    assert arming.PlanPut.model_validate(body).plan == arming.ArmingPlan.model_validate(PLAN)
    assert (await world.admin.call("PUT", "layout", {})).status_code == 409
    removed = await world.admin.call("DELETE", f"{ZONE}/plan")
    assert removed.json()["wanted"] is None
    assert controls(world)[-1] == ("arming.plan.removed", {"zone": "z1", "change": 3, "who": "admin", "why": ""})
    assert (await world.admin.call("DELETE", f"{ZONE}/plan")).status_code == 404


async def test_who_set_the_mode_and_why_stays_when_the_plan_is_changed(world: World) -> None:
    def told(wanted: dict[str, Any]) -> list[tuple[Any, Any, Any]]:
        return [(wanted[f"{of}changed_by"], wanted[f"{of}changed_at"], wanted[f"{of}why"]) for of in ("", "plan_")]

    async def wanted() -> dict[str, Any]:
        (zone,) = [each for each in (await world.admin.get("arming/zones"))["items"] if each["zone"] == "z1"]
        found: dict[str, Any] = zone["wanted"]
        return found

    nobody, begin = (None, None, None), "2026-06-01T04:00:00Z"
    await world.admin.put(f"{ZONE}/plan?why=first", {})
    assert told(await wanted()) == [nobody, ("admin", begin, "first")]
    world.clock.advance(60_000_000)
    await world.by("oscar").post(f"{ZONE}/mode", {"mode": "armed", "why": "all left"})
    set_by = ("oscar", "2026-06-01T04:01:00Z", "all left")
    assert told(await wanted()) == [set_by, ("admin", begin, "first")]
    world.clock.advance(60_000_000)
    changed = await world.admin.put(f"{ZONE}/plan?why=nights", {"exit_delay_s": 60})
    assert told(changed["wanted"]) == told(await wanted()) == [set_by, ("admin", "2026-06-01T04:02:00Z", "nights")]
    await world.admin.call("DELETE", f"{ZONE}/plan")
    shown = await world.by("oscar").post(f"{ZONE}/mode", {"mode": "home"})
    assert told(shown["wanted"]) == [("oscar", "2026-06-01T04:02:00Z", None), nobody]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (f"{ZONE}/mode", {"mode": "asleep"}, 422),
        (f"{ZONE}/mode", {"mode": "armed", "force": True}, 422),
        (f"{ZONE}/mode", {"mode": "armed", "until": "2026-06-01T12:00:00+08:00"}, 422),
        (f"{ZONE}/mode", {"mode": "armed", "until": "2028-06-01T12:00:00+08:00"}, 422),
        ("arming/zones/z9/mode", {"mode": "armed"}, 404),
    ],
)
async def test_a_mode_that_cannot_be_is_refused(world: World, path: str, body: Any, status: int) -> None:
    response = await world.by("oscar").call("POST", path, body)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert controls(world) == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (f"{ZONE}/plan", {"entry_doors": ["d9"]}, 422),
        (f"{ZONE}/plan", {"entry_doors": ["d1"]}, 422),  # it is of no zone
        (f"{ZONE}/plan", {"windows": [NIGHT | {"to": "22:00"}]}, 422),
        (f"{ZONE}/plan", {"entry_delay_s": 601}, 422),
        (f"{ZONE}/plan", {"entry_delay_s": "30"}, 422),
        ("arming/zones/z9/plan", {}, 404),
        ("arming/bypasses/d9", {"until": TOMORROW, "why": "x"}, 404),
        ("arming/bypasses/d1", {"until": "2026-08-01T00:00:00Z", "why": "x"}, 422),
        ("arming/bypasses/d1", {"until": TOMORROW, "why": " "}, 422),
        ("arming/service-windows/w1", DRILL | {"zones": ["z9"]}, 422),
        ("arming/service-windows/w1", DRILL | {"devices": ["d9"]}, 422),
        ("arming/service-windows/w1", DRILL | {"ends_at": DRILL["begins_at"]}, 422),
        ("arming/service-windows/w1", DRILL | {"begins_at": "2026-04-02T10:00:00+08:00"}, 422),
        ("arming/service-windows/w1", DRILL | {"ends_at": "2026-06-01T10:00:00+08:00"}, 422),
        ("calendar/2026", OF_2027, 422),
        ("calendar/2027", OF_2027 | {"make_up_workdays": ["2027-01-04"]}, 422),
    ],
)
async def test_what_cannot_be_planned_is_refused(world: World, path: str, body: Any, status: int) -> None:
    await world.admin.post("devices", {"devices": [{"device": "d1"}]})
    response = await world.admin.call("PUT", path, body)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert controls(world) == []


async def test_what_the_engine_has_comes_back_through_its_events(world: World) -> None:
    await world.admin.post("devices", {"devices": [{"device": "d1", "zone": "z1"}]})
    assert await actual(world) is None
    says(world, 0, "zone.arming", mode="armed", delay_s=60)
    found = await actual(world)
    assert (found["mode"], found["arming"]) == ("disarmed", "armed")
    assert parse_time(found["armed_at"]) == NOON_US + 60_000_000
    says(world, 1, "zone.armed", mode="armed", before="disarmed")
    says(world, 2, "zone.disarmed", flags=0, mode="disarmed", before="armed")  # said by a device: no word of the engine
    found = await actual(world)
    assert (found["mode"], found["who"], found["arming"], found["intruded_at"]) == ("armed", "oscar", None, None)
    says(world, 3, "entry.begun", device="d1", mode="armed", delay_s=30)
    assert (await actual(world))["entered_at"] is not None
    says(world, 4, "intrusion.confirmed", device="d1", mode="armed")
    says(world, 5, "intrusion.confirmed", device="d1", mode="armed", zone="z0")  # where it was before
    found = await actual(world)
    assert (found["mode"], found["entered_at"]) == ("armed", None)
    assert parse_time(found["intruded_at"]) == NOON_US + 4
    says(world, 6, "door.left_open", device="d1", mode="armed")
    found = await actual(world)
    assert (parse_time(found["left_open"]["at"]), found["left_open"]["door"]) == (NOON_US + 6, "d1")
    assert found["intruded_at"] is not None
    says(world, 7, "zone.disarmed", mode="disarmed", before="armed")
    assert (await actual(world))["left_open"] is None


async def test_a_refusal_of_the_engine_is_shown_with_the_doors_that_stand_open(world: World) -> None:
    await world.admin.post("devices", {"devices": [{"device": "d1", "zone": "z1"}]})
    says(world, 1, "zone.armed", mode="home", before="disarmed", who="susan", why="evening")
    doors: dict[str, Any] = {"doors": "d1, d2", "open": 2, "waits": False}
    says(world, 2, "arming.refused", device="d1", mode="armed", stays="home", why="leaving", **doors)
    found = await actual(world)
    assert (found["mode"], found["arming"]) == ("home", None)
    assert (parse_time(found["since"]), found["who"], found["why"]) == (NOON_US + 1, "susan", "evening")
    assert (found["refused"]["who"], found["refused"]["why"]) == ("oscar", "leaving")
    assert (found["refused"]["mode"], found["refused"]["doors"], found["refused"]["open"]) == ("armed", "d1, d2", 2)
    says(world, 3, "zone.disarmed", mode="disarmed", before="home")
    assert (await actual(world))["refused"] is None


async def test_all_zones_are_listed_with_years_that_nobody_has_decreed(world: World) -> None:
    listed = await world.admin.get("arming/zones")
    assert ([each["zone"] for each in listed["items"]], listed["unknown_years"]) == (["z0", "z1"], [])
    world.clock.at_us = parse_time("2026-11-30T23:59:00+08:00")
    assert (await world.admin.get("arming/zones"))["unknown_years"] == []
    world.clock.at_us = parse_time("2026-12-01T00:00:00+08:00")
    assert (await world.admin.get("arming/zones"))["unknown_years"] == [2027]
    await world.by("susan").put("calendar/2027", OF_2027)
    assert (await world.admin.get("arming/zones"))["unknown_years"] == []


async def test_a_decree_is_put_and_told(world: World) -> None:
    before = await world.admin.get("calendar/2027")
    assert (before["known"], before["holidays"]) == (False, {})
    put = await world.admin.put("calendar/2027?why=the%20decree%20is%20out", OF_2027)
    assert (put["known"], put["holidays"], put["make_up_workdays"]) == (True, OF_2027["holidays"], ["2027-01-03"])
    assert put["changed_by"] == "admin"
    ((kind, body),) = controls(world)
    assert (kind, Decree.model_validate(body)) == ("calendar.put", Decree.model_validate(OF_2027))
    library = await world.admin.get("calendar/2026")
    assert (library["known"], library["changed_by"], len(library["make_up_workdays"])) == (True, None, 6)
    assert list(library["holidays"]) == ["元旦", "春节", "清明", "劳动节", "端午", "中秋", "国庆节"]
    assert world.rows("SELECT why FROM arming_history WHERE action = 'decree_put'") == [{"why": "the decree is out"}]


async def test_a_sensor_is_bypassed_for_a_while(world: World) -> None:
    await world.admin.post("devices", {"devices": [{"device": "d1", "zone": "z1"}]})
    oscar = world.by("oscar")
    await oscar.put("arming/bypasses/d1", {"until": TOMORROW, "why": "its magnet is gone"})
    assert [each["device"] for each in (await oscar.get("arming/bypasses"))["items"]] == ["d1"]
    assert (await oscar.call("DELETE", "arming/bypasses/d1")).status_code == 200
    assert (await oscar.call("DELETE", "arming/bypasses/d1")).status_code == 404
    assert [(kind, body["until_us"]) for kind, body in controls(world)] == [
        ("arming.bypass", parse_time(TOMORROW)), ("arming.bypass", None),
    ]  # fmt: skip
    await oscar.put("arming/bypasses/d1", {"until": TOMORROW, "why": "again"})
    world.clock.at_us = parse_time(TOMORROW)
    assert (await oscar.get("arming/bypasses"))["items"] == []


async def test_a_drill_is_announced_changed_and_ended(world: World) -> None:
    susan = world.by("susan")
    await susan.put("arming/service-windows/w1", DRILL)
    await susan.put("arming/service-windows/w1", DRILL | {"zones": []})
    assert len((await susan.get("arming/service-windows"))["items"]) == 1
    assert (await susan.call("DELETE", "arming/service-windows/w1")).status_code == 200
    assert (await susan.call("DELETE", "arming/service-windows/w1")).status_code == 404
    told = controls(world)
    assert [kind for kind, _ in told] == ["service.window.put", "service.window.put", "service.window.removed"]
    window = arming.ServiceWindowPut.model_validate(told[0][1])
    assert (window.zones, to_datetime(window.end_us).isoformat()) == (["z1"], "2026-06-02T04:00:00+00:00")


async def test_a_site_has_so_many_windows_and_no_more(world: World) -> None:
    world.rows(
        "INSERT INTO service_windows SELECT 's1', 'x' || n, 'drill', '{}', '{}', %(at)s, %(at)s, 'x', 'x', %(at)s"
        " FROM generate_series(1, 100) AS n",
        at=to_datetime(NOON_US),
    )
    assert (await world.admin.call("PUT", "arming/service-windows/w1", DRILL)).status_code == 409
    world.clock.at_us = parse_time("2026-06-01T13:00:01+08:00")
    assert (await world.admin.call("PUT", "arming/service-windows/w1", DRILL)).status_code == 200


async def test_who_when_and_why_are_kept(world: World) -> None:
    await world.admin.post("devices", {"devices": [{"device": "d1"}]})
    await world.by("oscar").post(f"{ZONE}/mode", {"mode": "armed", "force": True, "why": "door is stuck"})
    await world.by("oscar").put("arming/bypasses/d1", {"until": TOMORROW, "why": "stuck"})
    await world.by("susan").put("arming/service-windows/w1", DRILL)
    await world.admin.put("calendar/2027", OF_2027)
    page = await world.by("audrey").get("arming/history?limit=2")
    rest = await world.by("audrey").get(f"arming/history?cursor={page['next_cursor']}")
    entries = [(each["action"], each["subject"], each["actor"], each["why"]) for each in page["items"] + rest["items"]]
    assert entries == [
        ("decree_put", "2027", "admin", None),
        ("service_window_put", "w1", "susan", "fire drill"),
        ("bypassed", "d1", "oscar", "stuck"),
        ("mode_set", "z1", "oscar", "door is stuck"),
    ]
    assert (await world.admin.get("arming/history?kind=zone&subject=z1"))["items"][0]["detail"]["force"] is True
    actions = [each["action"] for each in (await world.by("audrey").get("audit?actor=oscar"))["items"]]
    assert actions == ["arming.bypassed", "arming.mode_set"]


async def test_the_engine_is_told_the_time_zone_of_a_new_site(world: World) -> None:
    await world.admin.post("/v1/sites", {"site": "s2", "name": "Two", "time_zone": "Asia/Urumqi"})
    (row,) = world.rows("SELECT site, partition, kind, body FROM api_outbox")
    assert row == {"site": "s2", "partition": 1, "kind": "site.put", "body": {"time_zone": "Asia/Urumqi"}}
