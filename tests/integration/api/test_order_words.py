"""Every word that the API can write into the history of an order: after all of them each order is what it says."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from api.clocks import sweep
from api.questions import service as questions
from api.transactions import begin
from api.work_orders import times
from herun.alerts import Alert, AlertState
from herun.clock import DAY_US, to_datetime
from herun.order_words import Action, Word
from tests.integration.api.running import SITE, World
from tests.integration.api.test_order_audit import verdict
from tests.integration.api.test_order_cycle import answered, do, give_back, reported
from tests.integration.api.test_order_strays import a_rated_order, some_merged_orders
from tests.integration.api.test_pictures import send

GRAB: Final = {"rules": [{"name": "grab", "when": "order.category == 'fire'", "mode": "grab"}], "why": "a test"}


def hours(world: World, number: int) -> str:
    return (datetime.fromisoformat(str(to_datetime(world.clock.now_us()))) + timedelta(hours=number)).isoformat()


async def corrected(world: World) -> str:
    """An order that is at work with gwen, whose category is corrected twice."""
    number = await reported(world)
    for category in ("fire", "noise"):
        await do(world, "oscar", number, "category", category=category, reason="The caller says so")
    return number


async def decided(world: World) -> None:
    """Given back, refused, given back again, arbitrated, handed on by nobody any more, taken back, put aside."""
    number = await reported(world)
    await give_back(world, number)
    await do(world, "oscar", number, "refuse-return", reason="It is yours")
    await do(world, "gwen", number, "transfer", worker="greg", reason="Nearer")
    await give_back(world, number, "greg")
    await do(world, "oscar", number, "sign-off")
    await do(world, "susan", number, "arbitrate", worker="gwen", reason="Hers")
    await do(world, "gwen", number, "hold", until=hours(world, 5), reason="Rain")
    await do(world, "gwen", number, "resume")
    await do(world, "oscar", number, "recall", reason="Not now")
    await do(world, "susan", number, "confide", reason="Private")
    await do(world, "susan", number, "disclose", reason="Not private")
    await do(world, "oscar", number, "cancel", reason="A mistake")


async def talked_about(world: World) -> None:
    """With a helper, a checklist, notes, pictures, questions, requests that are denied, an urge, and a part."""
    number = await reported(world)
    await do(world, "gwen", number, "split", text="Dry the wall", worker="greg")
    await do(world, "gwen", number, "helpers", worker="paul", reason="It is heavy")
    await do(world, "gwen", number, "checklist", text="Pump out")
    await do(world, "paul", number, "checklist/1/tick")
    await do(world, "paul", number, "notes", text="The hose leaks")
    assert (await world.by("paul").call("DELETE", f"work-orders/{number}/helpers/paul")).is_success
    assert (await send(world, "rita", number)).is_success
    await do(world, "gwen", number, "questions", text="Which cellar?")
    await do(world, "rita", number, "questions/answer", text="The left one")
    await do(world, "gwen", number, "questions", text="How high?")
    asked = await do(world, "gwen", number, "pauses", reason="parts", note="a hose", until=hours(world, 2))
    await do(world, "susan", number, f"pauses/{asked['pauses'][0]['id']}/deny", note="No")
    asked = await do(world, "gwen", number, "extensions", minutes=60, reason="a hose")
    await do(world, "susan", number, f"extensions/{asked['extensions'][0]['id']}/deny", note="No")
    world.clock.advance(3 * DAY_US)
    await do(world, "rita", number, "urge", reason="When?")


async def moved_on(world: World) -> None:
    """What is merged into one that is merged goes along, and comes out with it."""
    first, second, third = [await reported(world, who) for who in ("rita", "rob", "ruth")]
    await do(world, "oscar", first, "merge", master=second, reason="The same")
    await do(world, "oscar", second, "merge", master=third, reason="The same")
    await do(world, "oscar", second, "unmerge", reason="Another matter")


async def claimed(world: World) -> None:
    """An alert's order that is offered, taken, and told that the alert is over."""
    await world.by("susan").put("dispatch-rules", GRAB)
    alert = world.alert(category="fire")
    await world.follow(alert)
    number = (await world.by("gwen").get("work-orders/pool"))["items"][0]["order"]["number"]
    await do(world, "gwen", number, "claim")
    later: dict[str, Any] = {name: getattr(alert, name) for name in Alert.__struct_fields__}
    await world.follow(Alert(**later | {"version": 2, "state": AlertState.CLEARED, "cleared_at": alert.raised_at + 1}))


async def time_passes(world: World) -> None:
    """Limits are reached, a question lapses, and an answer stays without a word."""
    await answered(world, await reported(world))
    world.clock.advance(9 * DAY_US)
    while await times._round(world.resources) + await sweep.sweep(world.resources):
        pass
    async with begin(world.resources, SITE) as tx:
        await questions.lapse(tx)


async def test_an_order_whose_category_was_corrected_is_what_its_history_says(world: World) -> None:
    number = await corrected(world)
    assert verdict(world).breaks == ()
    world.rows("UPDATE work_orders SET category = 'water' WHERE number = %(number)s", number=number)
    assert "its category" in verdict(world).breaks[0]


async def test_after_every_word_that_can_be_written_each_order_is_what_its_history_says(world: World) -> None:
    for story in (
        a_rated_order, some_merged_orders, corrected, decided, talked_about, moved_on, time_passes, claimed
    ):  # fmt: skip
        await story(world)
    written = {row["action"] for row in world.rows("SELECT DISTINCT action FROM order_history")}
    assert written == {*Action, *Word}
    assert verdict(world).breaks == ()
