"""Lists of orders by what the desk asks for."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest

from api.transactions import begin
from api.work_orders import listing
from herun.clock import HOUR_US, MINUTE_US
from tests.integration.api.many_orders import Row, hours, number, put
from tests.integration.api.running import World
from tests.integration.api.test_clocks import always, ask, pause
from tests.integration.api.test_work_orders import act

ROWS: Final = [
    Row(number(1), category="water", unit="property-engineering", grid="g1", building="b1", state="handling"),
    Row(number(2), category="noise", unit="city-management", grid="g2", building="b2", contact_phone="13800007777",
        channel="phone", state="rated", opened_at=hours(2)),
    Row(number(3), category="noise", unit="property-engineering", grid="g1", building="b2", severity="critical",
        state="resolved", opened_at=hours(3)),
    Row(number(4), building=None, reporter=None, contact_phone="13800007777", confidential=True),
]  # fmt: skip


def at(n: int) -> str:
    return hours(n).isoformat().replace("+", "%2B")


async def numbers(world: World, query: str, who: str = "oscar") -> list[str]:
    return [each["number"] for each in (await world.by(who).get(f"work-orders?{query}"))["items"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("category=noise", [3, 2]), ("unit=property-engineering", [3, 1]), ("grid=g2", [2]), ("building=b2", [3, 2]),
        ("building=b2&grid=g1", [3]), ("category=nothing", []), ("severity=critical", [3]), ("channel=phone", [2]),
        ("state=rated", [2]), ("state=rated&state=handling", [2, 1]), ("state=handling&state=rated", [2, 1]),
        ("state=rated&state=resolved&category=noise&grid=g1", [3]), ("open=true", [3, 1]), ("open=false", [2]),
        ("open=true&state=rated&state=resolved", [3]), (f"from={at(2)}", [3, 2]), (f"to={at(3)}", [2, 1]),
        (f"from={at(2)}&to={at(3)}", [2]), (f"from={at(1)}&severity=info", [2]),
    ],
)  # fmt: skip
async def test_orders_are_found_by_what_they_are_about_and_where(world: World, query: str, found: list[int]) -> None:
    put(world, ROWS)
    assert await numbers(world, query) == [number(n) for n in found]
    first = await world.by("oscar").get(f"work-orders?{query}&limit=1")
    if len(found) > 1:
        assert await numbers(world, f"{query}&cursor={first['next_cursor']}") == [number(found[1])]
    assert await numbers(world, query, "ruth") == []


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("work-orders", ("from", "to")), ("alerts", ("from", "to")), ("events", ("after", "before")),
        ("rules/underpass/promotion/alerts", ("from", "to")), ("passages", ("after", "before")),
    ],
)  # fmt: skip
async def test_a_list_that_ends_before_it_begins_is_refused(world: World, path: str, names: tuple[str, str]) -> None:
    asked = f"{path}?{names[0]}={at(3)}&{names[1]}="
    refused = await world.by("susan").call("GET", asked + at(2))
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:herun:problem:bad_period")
    assert refused.json()["errors"][0]["loc"] == ["query", names[0]]
    assert (await world.by("susan").call("GET", asked + at(3))).status_code != 422


BY_TIME: Final = [
    "work-orders?from=", "alerts?to=", "alerts/figures?from=", "events?after=", "passages?before=",
    "passages/occupancy?since=",
]  # fmt: skip


@pytest.mark.parametrize("time", ["2026", "20260601", "-5"])
async def test_a_number_is_no_time(world: World, time: str) -> None:
    for path in BY_TIME:
        assert (await world.by("susan").call("GET", path + time)).status_code == 422
    number = (await world.by("rita").post("reports", {"category": "water", "text": "x"}))["number"]
    for until in (1780000000, "1780000000"):
        hold = await world.by("gwen").call("POST", f"work-orders/{number}/hold", {"until": until, "reason": "x"})
        assert hold.status_code == 422


@pytest.mark.parametrize("path", BY_TIME)
async def test_a_plus_that_was_not_escaped_is_understood(world: World, path: str) -> None:
    for time, status in (("2026-06-01T08:00:00.5+08:00", 200), ("2026-06-01T08:00:00+0800", 200), ("08:00 08:00", 422)):
        assert (await world.by("susan").call("GET", path + time)).status_code == status


async def late(world: World, who: str = "oscar") -> list[str]:
    found, everything = await numbers(world, "overdue=true", who), await numbers(world, "", who)
    assert await numbers(world, "overdue=false", who) == [each for each in everything if each not in found]
    return found


async def test_an_order_is_late_while_its_promise_or_the_limit_of_who_has_it_is_over(world: World) -> None:
    await always(world)  # accept in 1 h, arrive in 2 h, solve in 4 h, promised within 10 h
    order = (await world.by("rita").post("reports", {"category": "water", "text": "x"}))["number"]
    world.clock.advance(HOUR_US)
    assert await late(world) == []
    world.clock.advance(MINUTE_US)
    assert await late(world) == await late(world, "gwen") == [order]
    assert await late(world, "rita") == []  # whose time it is inside is not her matter
    await act(world, order, "handle")
    assert await late(world) == []
    world.clock.advance(9 * HOUR_US)
    assert await late(world) == await late(world, "rita") == [order]
    await act(world, order, "resolve")
    assert await late(world) == [order]  # nobody has told her yet
    await act(world, order, "answer")
    assert await late(world) == []


async def test_more_time_ends_the_lateness_and_a_second_hand_begins_anew(world: World) -> None:
    await always(world)
    order = (await world.by("rita").post("reports", {"category": "water", "text": "x"}))["number"]
    for action in ("handle", "arrive"):
        await act(world, order, action)
    world.clock.advance(3 * HOUR_US)
    assert (await ask(world, order, "pauses", "gwen", pause(180, world=world))).status_code == 200
    world.clock.advance(2 * HOUR_US)
    assert await late(world) == [order]
    (asked,) = (await world.by("susan").get(f"work-orders/{order}/clocks"))["pauses"]
    assert (await ask(world, order, f"pauses/{asked['id']}/approve", "susan", {})).status_code == 200
    assert await late(world) == []
    world.clock.advance(3 * HOUR_US)
    assert await late(world) == [order]
    await world.by("oscar").post(f"work-orders/{order}/recall", {"reason": "x"})
    assert await late(world) == []


async def test_the_desk_finds_the_orders_of_whoever_phones_and_it_is_written_down(world: World) -> None:
    put(world, ROWS)

    async def found(who: str, phone: str = "13800007777") -> Any:
        return [
            each["number"] for each in (await world.by(who).post("work-orders/by-phone", {"phone": phone}))["items"]
        ]

    assert await found("susan") == [number(4), number(2)]
    assert await found("oscar") == [number(2)]  # what is confidential is not for his eyes
    assert await found("oscar", "+8613800007777") == [number(2)]
    assert await found("oscar", "13800007770") == []
    entry = (await world.by("audrey").get("audit?action=orders.looked_up"))["items"][0]
    assert (entry["actor"], entry["detail"]) == ("oscar", {"orders": 0})
    assert "13800007770" not in str(entry)
    own = (await world.by("rita").post("reports", {"category": "water", "text": "x"}))["number"]
    assert await found("oscar", "13800001234") == [own]


@pytest.mark.parametrize(
    "query",
    [
        "category=noise", "unit=u", "grid=g", "building=b", "overdue=true", "undecided=true", "is_open=true",
        "severity=critical", "channel=phone", "state=handling", f"begin={hours(1).isoformat()}", f"master={number(0)}",
    ],
)  # fmt: skip
async def test_each_filter_walks_an_index_and_sorts_nothing(world: World, query: str) -> None:
    name = query.partition("=")[0]
    some = [Row(number(n), category="water", unit="v", grid="h", building="c") for n in range(3000)]
    own: dict[str, Any] = {"severity": "critical", "channel": "phone", "state": "handling", "opened_at": hours(1)}
    own["merged_into"] = number(0)
    mine = [Row(number(n), category="noise", unit="u", grid="g", building="b", **own) for n in range(3000, 3010)]
    put(world, [*mine, *some])
    world.rows("ANALYZE work_orders")
    plan = await explained(world, query)
    others = dict.fromkeys(["overdue", "undecided", "is_open"], "work_orders_open") | {"begin": "work_orders_by_time"}
    assert others.get(name, f"work_orders_by_{name}") in plan
    assert "Seq Scan on work_orders" not in plan


async def test_what_is_newer_than_asked_for_is_passed_over_within_the_index(world: World) -> None:
    put(world, [Row(number(n), opened_at=hours(n / 100)) for n in range(3000)])
    world.rows("ANALYZE work_orders")
    plan = await explained(world, f"end={hours(20).isoformat()}")
    assert "work_orders_by_opening" in plan
    assert re.search(r"Index Cond: .*opened_at < ", plan)


async def explained(world: World, query: str) -> str:
    name, _, value = query.partition("=")
    asked: dict[str, Any] = {name: True if value == "true" else value}
    async with begin(world.resources, "s1", "oscar") as tx:
        values = {
            **listing._EVERY,
            **listing._asked(listing.Filter(), None),
            **asked,
            "sees_inside": True,
            "me": "oscar",
            "is_worker": False,
        }
        statement = "EXPLAIN " + listing._QUERIES["page"]
        rows = await tx.chosen(statement, **values, older_than=None, limit=51)
    return "\n".join(row["QUERY PLAN"] for row in rows)
