"""At a site without supervisors the operators stand in for them: they hear what these would, and decide."""

from __future__ import annotations

from typing import Any, Final

import pytest

from herun.clock import HOUR_US
from tests.integration.api.notices.test_inbox import kinds
from tests.integration.api.running import World
from tests.integration.api.test_clocks import always, ask, code, opened, pause
from tests.integration.api.test_deadlines import sweep_all
from tests.integration.api.test_deciders import become
from tests.integration.api.test_order_cycle import answered, do, reported

MORE: Final = {"minutes": 90, "reason": "The wall has to dry"}
BODIES: Final[dict[str, Any]] = {"pauses": pause(600), "extensions": MORE}
KIND: Final = {"pauses": "pause_asked", "extensions": "extension_asked"}


async def without_supervisors(world: World) -> str:
    """An order of gwen's at a site whose only supervisor is none any more."""
    await always(world)
    number = await opened(world)
    await become(world, susan=["operator"])
    return number


async def test_what_lies_is_escalated_to_the_operators_each_day(world: World) -> None:
    number = await without_supervisors(world)
    for _ in range(60):
        world.clock.advance(HOUR_US)
        await sweep_all(world)
    escalated = [each for each in await kinds(world, "oscar") if each == ("escalation", number)]
    said = world.rows("SELECT count(*) AS n FROM order_history WHERE action = 'escalated' AND reason LIKE '%%+%%'")
    assert len(escalated) == said[0]["n"] > 4


async def test_who_is_dissatisfied_is_heard_by_the_operators(world: World) -> None:
    number = await without_supervisors(world)
    await answered(world, number)
    await do(world, "rita", number, "rate", score=1, solved=False)
    assert ("dissatisfied", number) in await kinds(world, "oscar")


async def test_of_what_is_confidential_no_operator_hears_for_a_supervisor(world: World) -> None:
    await without_supervisors(world)
    number = await reported(world, confidential=True)
    await do(world, "gwen", number, "hold", until="2026-06-02T12:00:00+08:00", reason="Parts")
    assert number not in {each for _, each in await kinds(world, "oscar")}


@pytest.mark.parametrize("what", ["pauses", "extensions"])
@pytest.mark.parametrize("verb", ["approve", "deny"])
async def test_an_operator_who_neither_asked_nor_has_it_decides(world: World, what: str, verb: str) -> None:
    number = await without_supervisors(world)
    made = await world.by("oscar").post(f"work-orders/{number}/{what}", BODIES[what])
    assert (await kinds(world, "susan"))[-1] == (KIND[what], number)
    path = f"{what}/{made[what][0]['id']}/{verb}"
    assert code(await ask(world, number, path, "oscar", {})) == (403, "your_own")
    decided = (await ask(world, number, path, "susan", {})).json()
    assert (decided[what][0]["decided_by"], decided[what][0]["approved"]) == ("susan", verb == "approve")


async def test_while_there_are_supervisors_no_operator_decides(world: World) -> None:
    await always(world)
    number = await opened(world)
    made = await world.by("gwen").post(f"work-orders/{number}/pauses", pause(30))
    path = f"pauses/{made['pauses'][0]['id']}/approve"
    assert code(await ask(world, number, path, "oscar", {})) == (403, "not_yours")
    assert KIND["pauses"] not in {kind for kind, _ in await kinds(world, "oscar")}


async def test_what_the_only_supervisor_asks_for_an_operator_decides(world: World) -> None:
    await always(world)
    number = await opened(world)
    made = await world.by("susan").post(f"work-orders/{number}/extensions", MORE)
    path = f"extensions/{made['extensions'][0]['id']}/approve"
    assert code(await ask(world, number, path, "susan", {})) == (403, "your_own")
    assert (await ask(world, number, path, "oscar", {})).json()["extensions"][0]["decided_by"] == "oscar"
