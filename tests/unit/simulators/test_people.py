"""People take their time, and only what they know of each other."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from herun.clock import MINUTE_US, ManualClock
from herun.errors import ConfigurationError
from simulators.api import LiveEvent, Person
from simulators.demo import demo_seconds
from simulators.estate import HAMLET, make_estate
from simulators.people import LOOKS_ANYWAY, THINGS_IN_MIND, THINKING_MIN, Agenda, Operator, People
from simulators.provision import Keys, device_body, layout_body, person_body

ESTATE = make_estate("s", 1, HAMLET)
PASSWORDS = {account.username: "secret" for account in ESTATE.accounts if account.signs_in}


def test_nothing_is_due_at_first_sight_and_everything_in_the_end() -> None:
    clock = ManualClock(0)
    agenda = Agenda(ESTATE.rng("x"), clock)
    assert not agenda.is_due("1", "handle")
    clock.advance(int(THINKING_MIN["handle"][1] * MINUTE_US))
    assert agenda.is_due("1", "handle")
    assert not agenda.is_due("2", "handle")


def test_what_is_done_takes_its_time_again() -> None:
    clock = ManualClock(0)
    agenda = Agenda(ESTATE.rng("x"), clock)
    agenda.is_due("1", "handle")
    clock.advance(10 * MINUTE_US)
    agenda.done("1", "handle")
    assert not agenda.is_due("1", "handle")


def test_a_mind_is_bounded() -> None:
    agenda = Agenda(ESTATE.rng("x"), ManualClock(0))
    for n in range(3 * THINGS_IN_MIND):
        agenda.is_due(str(n), "handle")
    assert len(agenda._due) == THINGS_IN_MIND


def test_what_somebody_else_has_done_presses_no_more() -> None:
    clock = ManualClock(0)
    agenda = Agenda(ESTATE.rng("x"), clock)
    agenda.is_due("1", "handle")
    assert not agenda.presses()
    clock.advance(10 * MINUTE_US)
    assert agenda.presses()
    agenda.is_due("2", "handle")
    agenda.drop_until(clock.now_us())
    assert not agenda.presses()
    clock.advance(10 * MINUTE_US)
    assert agenda.presses()


def test_the_feed_tells_those_whom_it_concerns() -> None:
    people = People(httpx.AsyncClient(), ESTATE, Keys({}, PASSWORDS), ManualClock(0), lambda _: None)
    worker = ESTATE.named["worker-g1"].username
    residents = {each.username for each in ESTATE.with_role("resident")}
    operators = {each.username for each in ESTATE.with_role("operator")}
    for kind, body, who in (
        ("order", {"worker": worker, "state": "dispatched"}, {worker, *operators}),
        ("order", {"worker": worker, "state": "answered"}, {worker, *operators, *residents}),
        ("alert", {}, operators),
        ("event", {}, set()),
    ):
        people.concerned.clear()
        people.on_live(LiveEvent("1", kind, body))
        assert people.concerned == who


async def test_who_has_no_reason_looks_seldom_and_who_has_one_at_once() -> None:
    looks = {"s-operator-1": 0, "s-worker-g1": 0}
    stop = asyncio.Event()

    def api(request: httpx.Request) -> httpx.Response:
        who = request.headers["Authorization"].removeprefix("Bearer ") if "Authorization" in request.headers else ""
        if request.url.path == "/v1/sessions":
            return httpx.Response(201, json={"access_token": json.loads(request.content)["username"]})
        if request.url.path.endswith("work-orders"):
            looks[who] += 1
            if looks["s-operator-1"] == 20:
                stop.set()
        return httpx.Response(200, json={"items": []})

    estate = ESTATE.with_people(["worker-g1"])
    http = httpx.AsyncClient(transport=httpx.MockTransport(api), base_url="http://x")
    people = People(http, estate, Keys({}, PASSWORDS), ManualClock(0), lambda _: None)

    async def feed() -> None:
        while not stop.is_set():
            people.on_live(LiveEvent("1", "order", {"worker": None, "state": "submitted"}))
            await asyncio.sleep(0)

    await asyncio.gather(people.live(stop, 0.001), feed())
    assert looks["s-operator-1"] == 20
    assert 1 <= looks["s-worker-g1"] <= 2 + 20 // LOOKS_ANYWAY


def test_what_is_told_of_the_estate_fits_together() -> None:
    layout = layout_body(ESTATE)
    buildings = {building["building"] for building in layout["buildings"]}
    zones = {zone["zone"] for zone in layout["zones"]}
    grids = {grid["grid"] for grid in layout["grids"]}
    for device in map(device_body, ESTATE.devices):
        assert device["building"] is None or device["building"] in buildings
        assert device["zone"] in zones
    for account in ESTATE.accounts:
        person = person_body(account, None)
        assert set(person["grids"]) <= grids
        assert person["building"] is None or person["building"] in buildings


def test_demo_seconds_are_a_number_or_nothing() -> None:
    assert demo_seconds(None) is None
    assert demo_seconds("") is None
    assert demo_seconds("60") == 60
    for wrong in ("soon", "0", "-1", "nan", "inf"):
        with pytest.raises(ConfigurationError):
            demo_seconds(wrong)


async def test_an_operator_merges_a_report_into_the_earlier_one_that_is_very_like_it() -> None:
    def order(number: str, opened_at: str) -> dict[str, str]:
        return {"number": number, "state": "dispatched", "origin": "report", "opened_at": opened_at}

    orders = {each["number"]: each for each in (order("early", "1"), order("late", "2"), order("other", "3"))}
    like = {"early": [("late", 0.95)], "late": [("early", 0.95)], "other": [("early", 0.6)]}
    sent: list[tuple[str, str]] = []

    def api(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.url.path == "/v1/sessions":
            return httpx.Response(201, json={"access_token": "token"})
        if path.endswith("/duplicates"):
            found = like[path.split("/")[-2]]
            return httpx.Response(200, json={"items": [{"order": orders[n], "likeness": how} for n, how in found]})
        if path.endswith("/merge"):
            sent.append((path.split("/")[-2], json.loads(request.content)["master"]))
        return httpx.Response(200, json={"items": list(orders.values()) if path.endswith("work-orders") else []})

    http = httpx.AsyncClient(transport=httpx.MockTransport(api), base_url="http://x")
    clock = ManualClock(0)
    account = ESTATE.named["operator"]
    agenda = Agenda(ESTATE.rng("x"), clock)
    operator = Operator(Person(http, account.username, "secret"), account, ESTATE, clock, agenda, lambda _: None)
    await operator.look()
    assert sent == []
    clock.advance(10 * MINUTE_US)
    await operator.look()
    assert sent == [("late", "early")]
