"""The life of a work order."""

from __future__ import annotations

from typing import Any, Final

import pytest

from api.work_orders.states import Action, State, next_state
from tests.integration.api.running import World

REPORT: Final = {"category": "water", "text": "Water in the cellar"}
BODIES: Final[dict[str, Any]] = {
    "accept": {},
    "dispatch": {},
    "handle": {},
    "resolve": {"text": "Pumped out"},
    "answer": {"text": "The pump was mended"},
    "rate": {"score": 5, "solved": True},
    "return": {"reason": "Not mine"},
    "reopen": {"reason": "Wet again"},
    "cancel": {"reason": "A mistake"},
}
# Who does it in the tests below: the grid worker of b1, an operator, the resident who reported.
DOERS: Final = {
    "accept": "oscar", "dispatch": "oscar", "handle": "gwen", "resolve": "gwen", "answer": "oscar", "rate": "rita",
    "return": "gwen", "reopen": "rita", "cancel": "oscar",
}  # fmt: skip


async def act(world: World, number: str, action: str, who: str | None = None, **body: Any) -> Any:
    return await world.by(who or DOERS[action]).post(f"work-orders/{number}/{action}", {**BODIES[action], **body})


async def test_a_report_goes_the_whole_way_to_its_rating(world: World) -> None:
    order = await world.by("rita").post("reports", REPORT)
    assert (order["state"], order["worker"], order["building"]) == ("dispatched", "gwen", "b1")
    for action, state in [("handle", "handling"), ("resolve", "resolved"), ("answer", "answered"), ("rate", "rated")]:
        order = await act(world, order["number"], action)
        assert order["state"] == state
    assert order["rating"] == {"score": 5, "solved": True, "comment": None, "rated_by": "rita"}
    history = (await world.by("rita").get(f"work-orders/{order['number']}/history"))["items"]
    assert [(entry["action"], entry["actor"]) for entry in history] == [
        ("opened", "rita"), ("accept", "system"), ("dispatch", "system"), ("handle", "gwen"), ("resolve", "gwen"),
        ("answer", "oscar"), ("rate", "rita"),
    ]  # fmt: skip
    assert [entry["feed_seq"] for entry in history] == [1, 2, 3, 4, 5, 6, 7]
    assert all(after["from_state"] == before["to_state"] for before, after in zip(history, history[1:], strict=False))


@pytest.mark.parametrize("action", list(Action))
async def test_an_action_is_done_where_the_table_says_so_and_nowhere_else(world: World, action: Action) -> None:
    order = await world.by("rita").post("reports", REPORT)
    for state in State:
        world.rows("UPDATE work_orders SET state = %(state)s, worker = 'gwen', version = version + 10", state=state)
        path = f"work-orders/{order['number']}/{action}"
        response = await world.by(DOERS[action]).call("POST", path, BODIES[action])
        expected = next_state(state, action)
        if expected is None:
            assert (response.status_code, response.json()["type"]) == (409, "urn:herun:problem:wrong_state")
        elif action in {Action.ACCEPT, Action.REOPEN}:
            assert response.json()["state"] == "dispatched"  # at once, to whom it fits
        else:
            assert response.json()["state"] == expected
