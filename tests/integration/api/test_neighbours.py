"""An alert's order is for its whole house; what one of these says of it, and what few may see, is not."""

from __future__ import annotations

import json
from typing import Any, Final

from api.live import service as live
from api.live.cursor import Cursor
from api.live.schemas import Kind
from api.roles import Role
from api.transactions import begin
from api.work_orders.order import Person
from api.work_orders.shown import SOMEBODY
from herun.clock import DAY_US
from tests.integration.api.running import NOON_US, SITE, World
from tests.integration.api.test_order_cycle import answered, do, order, refused
from tests.integration.api.test_pictures import send

ALONE: Final = "我妈在家摔倒没人管"
RATING: Final = {"score": 1, "solved": False, "comment": ALONE, "speed": 2}
INSIDE: Final = ("rob", "susan", "oscar", "audrey", "gwen")  # rob gave the rating; the others look after the order


async def of_the_house(world: World, **alert: Any) -> str:
    """The number of the order of an alert of house b1."""
    await world.follow(world.alert(**alert))
    (found,) = (await world.by("susan").get("work-orders"))["items"]
    number: str = found["number"]
    return number


async def heard_live(world: World, who: str) -> list[dict[str, Any]]:
    """What the live feed of a resident of b1 has of all that there is."""
    person = Person(who, frozenset({Role.RESIDENT}), "b1")
    reader = live.Reader(SITE, person, frozenset({Kind.ORDER}), NOON_US + DAY_US)
    async with begin(world.resources, SITE, who) as tx:
        items, _, _ = await live.read(tx, reader, Cursor((0, 0), (0, 0), 0))
    return [json.loads(item.split(b"data: ")[1]) for item in items]


async def test_what_one_neighbour_says_with_a_rating_is_not_for_the_others(world: World) -> None:
    number = await of_the_house(world)
    await answered(world, number)
    await do(world, "rob", number, "rate", **RATING)
    whole = {**RATING, "attitude": None, "result": None, "rated_by": "rob"}
    for who in INSIDE:
        assert (await order(world, number, who))["rating"] == whole
        assert ALONE in str(await world.by(who).get(f"work-orders/{number}/history"))
    part = {**dict.fromkeys(whole), "score": 1, "solved": False, "rated_by": SOMEBODY}
    assert (await order(world, number, "rita"))["rating"] == part
    assert (await world.by("rita").get("work-orders"))["items"][0]["rating"] == part
    history = (await world.by("rita").get(f"work-orders/{number}/history"))["items"]
    (entry,) = [each for each in history if each["action"] == "rate"]
    assert (entry["actor"], entry["reason"], entry["detail"]) == (SOMEBODY, None, {"score": 1, "solved": False})
    for who, said in (("rob", ("rob", ALONE)), ("rita", (SOMEBODY, None))):
        (entry,) = [each for each in await heard_live(world, who) if each["action"] == "rate"]
        assert (entry["actor"], entry["reason"]) == said


async def test_neighbours_see_what_it_looks_like_afterwards_and_nothing_of_a_flat(world: World) -> None:
    number = await of_the_house(world)
    await do(world, "gwen", number, "handle")
    for kind in ("before", "evidence", "after"):
        assert (await send(world, "gwen", number, kind)).status_code == 201
    path = f"work-orders/{number}/pictures"
    everything = (await world.by("oscar").get(path))["items"]
    for who, kinds in (("rita", ["after"]), ("gwen", ["after", "before", "evidence"])):
        assert sorted(each["kind"] for each in (await world.by(who).get(path))["items"]) == kinds
        for each in everything:
            status = (await world.by(who).call("GET", f"{path}/{each['id']}")).status_code
            assert status == (200 if each["kind"] in kinds else 404), (who, each["kind"])


async def test_an_alert_of_a_category_that_few_may_see_opens_an_order_that_few_see(world: World) -> None:
    number = await of_the_house(world, order_category="domestic-violence")
    seen = await order(world, number, "susan")
    assert (seen["confidential"], seen["category"]) == (True, "domestic-violence")
    await do(world, "susan", number, "dispatch", worker="gwen")
    for who, status in (("rita", 404), ("oscar", 404), ("greg", 404), ("gwen", 200), ("audrey", 200)):
        assert (await world.by(who).call("GET", f"work-orders/{number}")).status_code == status, who
    for who in ("rita", "oscar"):
        assert (await world.by(who).get("work-orders"))["items"] == []
    assert await heard_live(world, "rita") == []
    await do(world, "gwen", number, "handle")
    await do(world, "gwen", number, "resolve", text="Spoken with")
    await do(world, "susan", number, "answer", text="Spoken with")
    assert await refused(world, "rita", number, "rate", score=1, solved=True) == (404, "not_found")
    for who, kinds in (("oscar", []), ("susan", ["at_desk"])):
        assert [each["kind"] for each in (await world.by(who).get("/v1/me/notices"))["items"]] == kinds
