"""Who has a hand in an order neither rates nor visits it, nobody decides on what is their own, and who is no worker
any more has nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from api.live import service as live
from api.live.cursor import Cursor
from api.live.schemas import Kind
from api.live.service import Reader
from api.roles import Role
from api.transactions import begin
from api.work_orders.order import Person
from herun.clock import DAY_US, to_datetime
from tests.integration.api.running import SITE, World
from tests.integration.api.test_order_audit import verdict
from tests.integration.api.test_order_cycle import actions, answered, do, give_back, order, pass_time, refused, reported

RATED: Final = {"score": 5, "solved": True}
UNSOLVED: Final = {"score": 1, "solved": False}
NOT_THEIRS: Final = (403, "not_yours")
MORE: Final = [
    {"username": "mona", "name": "Mona", "roles": ["operator", "resident"], "building": "b1"},
    {"username": "otto", "name": "Otto", "roles": ["operator"]},
    {"username": "bob", "name": "Bob", "roles": ["grid_worker", "supervisor"]},
]


async def with_more(world: World) -> None:
    await world.admin.post("people", {"people": MORE})


async def no_worker_any_more(world: World, who: str = "gwen") -> None:
    person = {"username": who, "name": who, "roles": ["resident"]}
    await world.admin.post("people?replace=true", {"people": [person]})


def soon(world: World, hours: int = 1) -> str:
    return (to_datetime(world.clock.now_us()) + timedelta(hours=hours)).isoformat()


async def test_who_answered_does_not_visit_who_has_left_the_answered_order_since(world: World) -> None:
    await with_more(world)
    master, hers = await reported(world, "rob"), await reported(world)
    await do(world, "otto", hers, "merge", master=master, reason="The same")
    await answered(world, master)
    await do(world, "rita", hers, "rate", **UNSOLVED)
    await do(world, "rita", hers, "reopen", reason="Still wet")
    (visit,) = (await world.by("susan").get("return-visits?open=true"))["items"]
    path = f"return-visits/{visit['id']}/outcome"
    for who, status in (("oscar", 403), ("otto", 200)):
        response = await world.by(who).call("POST", path, {"outcome": "solved", "note": "She says so"})
        assert response.status_code == status, response.text


# What a person of the desk does to an order between its report and its answer, by what it is called below.
ACTS: Final[dict[str, list[tuple[str, str, dict[str, Any]]]]] = {
    "chose who does it": [
        ("oscar", "recall", {"reason": "r"}),
        ("mona", "dispatch", {"worker": "gwen"}),
    ],
    "took it from who had it": [
        ("mona", "recall", {"reason": "r"}),
        ("oscar", "dispatch", {"worker": "gwen"}),
    ],
    "said what has to be done": [("mona", "checklist", {"text": "Sweep", "required": False})],
    "said that it is done": [("gwen", "checklist", {"text": "Sweep"}), ("mona", "checklist/1/tick", {})],
    "signed a return off": [
        ("gwen", "return", {"code": "not_ours", "reason": "r"}),
        ("mona", "sign-off", {}),
        ("oscar", "dispatch", {"worker": "gwen"}),
    ],
    "refused a return": [
        ("gwen", "return", {"code": "not_ours", "reason": "r"}),
        ("mona", "refuse-return", {"reason": "r"}),
    ],
    "asked for help": [("mona", "helpers", {"worker": "paul", "reason": "r"})],
}
# What whoever reports may do as well, or what says nothing of the answer.
NO_HAND: Final[dict[str, list[tuple[str, str, dict[str, Any]]]]] = {
    "cancelled and reopened": [("mona", "cancel", {"reason": "r"}), ("mona", "reopen", {"reason": "r"})],
    "made it wait": [("mona", "hold", {"reason": "r", "until": "2026-06-01T18:00:00+08:00"}), ("gwen", "resume", {})],
    "noted": [("mona", "notes", {"text": "The key is at the gate"})],
}


@pytest.mark.parametrize("acts", [pytest.param(acts, id=name) for name, acts in ACTS.items()])
async def test_who_had_a_hand_in_an_order_does_not_rate_it(
    world: World, acts: list[tuple[str, str, dict[str, Any]]]
) -> None:
    await with_more(world)
    number = await reported(world, "mona")
    for who, action, body in acts:
        await do(world, who, number, action, **body)
    await answered(world, number)
    assert await refused(world, "mona", number, "rate", **RATED) == NOT_THEIRS


@pytest.mark.parametrize("acts", [pytest.param(acts, id=name) for name, acts in NO_HAND.items()])
async def test_who_only_reported_and_asked_rates(world: World, acts: list[tuple[str, str, dict[str, Any]]]) -> None:
    await with_more(world)
    number = await reported(world, "mona")
    for who, action, body in acts:
        await do(world, who, number, action, **body)
    await answered(world, number)
    assert (await do(world, "mona", number, "rate", **RATED))["state"] == "rated"


async def test_who_was_at_work_on_a_duplicate_does_not_rate_what_it_went_into(world: World) -> None:
    hers, other = await reported(world, "greg", building="b1"), await reported(world)
    await do(world, "oscar", other, "recall", reason="r")
    await do(world, "oscar", other, "dispatch", worker="greg")
    await do(world, "greg", other, "handle")
    await do(world, "oscar", other, "merge", master=hers, reason="The same")
    await answered(world, hers)
    assert await refused(world, "greg", hers, "rate", **RATED) == NOT_THEIRS


@pytest.mark.parametrize("end", ["resume", "time"])
async def test_what_waited_on_hold_is_not_kept_by_who_is_no_worker_any_more(world: World, end: str) -> None:
    at_work, waiting = await reported(world), await reported(world)
    await do(world, "gwen", at_work, "handle")
    for number in (at_work, waiting):
        await do(world, "gwen", number, "hold", reason="Rain", until=soon(world))
    if end == "resume":  # another worker of the grid takes it
        await world.admin.post(
            "people?replace=true",
            {"people": [{"username": "greg", "name": "Greg", "roles": ["grid_worker"], "grids": ["g1"],
                         "skills": ["water"]}]},
        )  # fmt: skip
    await no_worker_any_more(world)
    await pass_time(world, DAY_US)
    for number in (at_work, waiting):
        found = await order(world, number)
        assert (found["state"], found["worker"]) == (("dispatched", "greg") if end == "resume" else ("accepted", None))
        assert "recall" in await actions(world, number)
    assert verdict(world).breaks == ()


async def test_what_was_given_back_is_not_sent_to_who_is_no_worker_any_more(world: World) -> None:
    number, again = await reported(world), await reported(world)
    await give_back(world, again)
    await do(world, "oscar", again, "sign-off")
    await do(world, "oscar", again, "dispatch", worker="gwen")
    for each in (number, again):
        await give_back(world, each)
    await no_worker_any_more(world)
    assert await refused(world, "oscar", number, "refuse-return", reason="Yours") == (409, "wrong_state")
    assert [(await order(world, each))["state"] for each in (number, again)] == ["accepted", "arbitration"]
    assert verdict(world).breaks == ()


async def asked(world: World, number: str) -> dict[str, str]:
    """A pause and an extension that oscar asks for; the paths of what decides on them."""
    pause = await do(world, "oscar", number, "pauses", reason="weather", note="storm", until=soon(world, 3))
    more = await do(world, "oscar", number, "extensions", minutes=60, reason="storm")
    return {"pause": f"pauses/{pause['pauses'][0]['id']}", "extension": f"extensions/{more['extensions'][0]['id']}"}


async def test_nobody_gives_themselves_more_time(world: World) -> None:
    await with_more(world)
    number = await reported(world)
    await do(world, "oscar", number, "recall", reason="Bob goes")
    await do(world, "oscar", number, "dispatch", worker="bob")
    paths = await asked(world, number)
    for path in paths.values():
        for verb in ("approve", "deny"):
            assert await refused(world, "bob", number, f"{path}/{verb}") == (403, "your_own")
    await do(world, "susan", number, f"{paths['extension']}/approve")
    world.clock.advance(3_600_000_000)
    await do(world, "bob", number, "transfer", worker="gwen", reason="Hers")  # and his pause is over
    assert await refused(world, "bob", number, f"{paths['pause']}/approve") == (403, "your_own")
    assert (await do(world, "susan", number, f"{paths['pause']}/deny"))["pauses"][0]["approved"] is False


async def told(world: World, who: str, role: Role) -> list[str]:
    reader = Reader(SITE, Person(who, frozenset({role}), None), frozenset({Kind.ORDER}), world.wall.now_us() + DAY_US)
    async with begin(world.resources, SITE, who) as tx:
        items, _, _ = await live.read(tx, reader, Cursor((0, 0), (0, 0), 0))
    return [item.decode() for item in items]


async def test_a_worker_who_only_reported_an_order_hears_of_it_what_reporters_hear(world: World) -> None:
    number = await reported(world, "greg", building="b1")
    await do(world, "gwen", number, "notes", text="The neighbour did it")
    await do(world, "gwen", number, "checklist", text="Speak with the neighbour")
    await give_back(world, number)  # "Not mine"
    for words in ("neighbour", "Not mine"):
        assert words not in str(await world.by("greg").get(f"work-orders/{number}/history"))
        assert words not in str(await told(world, "greg", Role.GRID_WORKER))
        assert words in str(await world.by("gwen").get(f"work-orders/{number}/history"))
        assert words in str(await told(world, "gwen", Role.GRID_WORKER))
    for who, lines in (("greg", []), ("gwen", ["Speak with the neighbour"]), ("susan", ["Speak with the neighbour"])):
        items = (await world.by(who).get(f"work-orders/{number}/checklist"))["items"]
        assert [each["text"] for each in items] == lines
    assert (await world.by("greg").get(f"work-orders/{number}/clocks"))["segments"] is None
    assert (await world.by("gwen").get(f"work-orders/{number}/clocks"))["segments"] is not None


async def test_an_operator_who_only_reported_a_confidential_order_hears_what_reporters_hear(world: World) -> None:
    number = await reported(world, "oscar", building="b1", confidential=True)
    await do(world, "gwen", number, "notes", text="The neighbour did it")
    assert "neighbour" not in str(await world.by("oscar").get(f"work-orders/{number}/history"))
    assert "neighbour" in str(await world.by("susan").get(f"work-orders/{number}/history"))
    for action, body in (("hold", {"reason": "r", "until": soon(world)}), ("recall", {"reason": "r"})):
        assert await refused(world, "oscar", number, action, **body) == NOT_THEIRS  # nor are they its desk


async def test_who_gives_an_order_back_does_not_stop_the_desks_clock(world: World) -> None:
    number = await reported(world)
    await give_back(world, number)
    pause = {"reason": "reporter", "note": "away", "until": soon(world, 3)}
    assert await refused(world, "gwen", number, "pauses", **pause) == NOT_THEIRS
    assert await refused(world, "gwen", number, "extensions", minutes=60, reason="r") == NOT_THEIRS
    await do(world, "oscar", number, "pauses", **pause)
