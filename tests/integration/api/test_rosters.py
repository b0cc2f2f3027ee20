"""Who is on shift and on call: the last exception holds, and leavers' rosters bind nobody."""

from __future__ import annotations

from typing import Any, Final

from tests.integration.api.running import World
from tests.integration.api.test_dispatch import NIGHT, SHIFT, add_worker, explained, put_rules
from tests.integration.api.test_order_cycle import order, reported

# The clock says Monday noon.
AWAY: Final = {"begins_at": "2026-06-01T00:00:00+08:00", "ends_at": "2026-06-06T00:00:00+08:00"}
EXTRA: Final = {"begins_at": "2026-06-01T11:00:00+08:00", "ends_at": "2026-06-01T13:00:00+08:00", "works": True}


async def roster(world: World, who: str, **body: Any) -> Any:
    return await world.by("susan").put(f"rosters/{who}", body)


async def test_of_several_exceptions_the_last_holds_also_where_nobody_has_shifts(world: World) -> None:
    assert (await roster(world, "gwen", exceptions=[EXTRA, AWAY]))["on_shift"] is False
    assert (await roster(world, "gwen", exceptions=[AWAY, EXTRA]))["on_shift"] is True
    assert (await order(world, await reported(world)))["worker"] == "gwen"


async def test_an_extra_shift_puts_nobody_on_call_and_leave_takes_them_off(world: World) -> None:
    await put_rules(world, {"name": "nobody", "when": "true", "to": {"worker": "gwen"}})
    await roster(world, "gwen", shifts=NIGHT)
    made = await roster(world, "paul", unit="water-company", shifts=NIGHT, exceptions=[EXTRA])
    assert (made["on_shift"], made["on_call_now"]) == (True, False)
    number = await reported(world)
    assert (await order(world, number))["worker"] is None
    assert (await explained(world, number))["choice"]["stage"] == "desk"
    called = await roster(world, "paul", unit="water-company", on_call=SHIFT, exceptions=[EXTRA])
    assert called["on_call_now"] is True
    assert (await order(world, await reported(world)))["worker"] == "paul"
    away = await roster(world, "paul", unit="water-company", on_call=SHIFT, exceptions=[AWAY])
    assert away["on_call_now"] is False


async def test_the_roster_of_who_has_left_puts_nobody_off_shift(world: World) -> None:
    await add_worker(world, "gus")
    await roster(world, "gus", unit="water-company", shifts=NIGHT)
    rules = {"rules": [{"name": "theirs", "when": "true", "to": {"unit": "water-company"}}]}
    assert (await order(world, await reported(world)))["worker"] is None
    for left in ("enabled = false", "enabled = true, roles = '{resident}'"):
        world.rows(f"UPDATE people SET {left} WHERE username = 'gus'")
        assert (await order(world, await reported(world)))["worker"] == "gwen"
        assert (await world.by("susan").call("PUT", "dispatch-rules", rules)).status_code == 422
    world.rows("UPDATE people SET roles = '{grid_worker}' WHERE username = 'gus'")
    assert (await world.by("susan").put("dispatch-rules", rules))["version"] == 1
