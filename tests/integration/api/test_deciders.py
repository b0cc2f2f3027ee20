"""An order that came back waits for somebody whom there is: the desk, where no supervisor may decide on it."""

from __future__ import annotations

from typing import Any, Final

import pytest

from api.transactions import Transaction
from tests.integration.api.running import World
from tests.integration.api.test_order_cycle import do, give_back, order, refused, reported

DECISION: Final = {"worker": "greg", "reason": "It is his"}


async def become(world: World, **roles: list[str]) -> None:
    people = [{"username": who, "name": who.title(), "roles": theirs} for who, theirs in roles.items()]
    await world.admin.post("people?replace=true", {"people": people})


async def given_back(world: World, *returners: str) -> str:
    """An order that each of two gave back, which whoever may signed off: it is to be arbitrated."""
    number = await reported(world)
    for who in returners:
        if (await order(world, number, "audrey"))["state"] == "dispatched":
            await do(world, "oscar", number, "recall", reason="Another one goes")
        await do(world, "oscar", number, "dispatch", worker=who)
        await give_back(world, number, who)
        await do(world, "oscar", number, "sign-off")
    return number


async def may(world: World, who: str, number: str) -> set[str]:
    return {"sign-off", "refuse-return", "arbitrate"} & {*(await order(world, number, who))["possible_actions"]}


def heard(world: World, number: str) -> set[tuple[str, str]]:
    rows = world.rows(
        "SELECT DISTINCT recipient, kind FROM notices WHERE number = %(number)s AND kind IN ('returned', 'arbitration')"
        " AND left(recipient, 1) <> '@'",
        number=number,
    )
    return {(row["recipient"], row["kind"]) for row in rows}


async def test_while_a_supervisor_had_no_part_in_it_no_operator_arbitrates_nor_is_told(world: World) -> None:
    number = await given_back(world, "gwen", "gwen")
    assert (await order(world, number))["state"] == "arbitration"
    assert (await may(world, "oscar", number), await may(world, "susan", number)) == (set(), {"arbitrate"})
    assert await refused(world, "oscar", number, "arbitrate", **DECISION) == (403, "not_yours")
    assert heard(world, number) == {("oscar", "returned"), ("susan", "returned"), ("susan", "arbitration")}


@pytest.mark.parametrize("who", ["oscar", "susan"])
async def test_a_list_of_what_waits_for_a_decision_takes_no_statement_an_order(
    world: World, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    asked = list[str]()
    whole = Transaction.all

    async def counted(tx: Transaction, statement: str, **values: Any) -> list[dict[str, Any]]:
        asked.append(statement)
        return await whole(tx, statement, **values)

    statements, numbers = [], set[str]()
    for _ in range(2):
        numbers.add(await given_back(world, "gwen", "gwen"))
        with monkeypatch.context() as patch:
            patch.setattr(Transaction, "all", counted)
            found = (await world.by(who).get("work-orders?state=arbitration"))["items"]
        assert {each["number"] for each in found} == numbers
        assert all(("arbitrate" in each["possible_actions"]) == (who == "susan") for each in found)
        statements.append(len(asked))
        asked.clear()
    assert statements[0] == statements[1] > 0


@pytest.mark.parametrize("roles", [{"susan": ["auditor"]}, {"susan": ["supervisor", "grid_worker"]}])
async def test_without_a_supervisor_who_had_no_part_in_it_the_desk_arbitrates_and_is_told(
    world: World, roles: dict[str, Any]
) -> None:
    await become(world, olga=["operator", "grid_worker"], omar=["operator"], **roles)
    another = "susan" if "supervisor" in roles["susan"] else "gwen"
    number = await given_back(world, "olga", another)
    assert {("omar", "returned"), ("omar", "arbitration")} <= heard(world, number)
    assert [await may(world, who, number) for who in ("oscar", "olga")] == [{"arbitrate"}, set()]
    code = "own_cause" if another == "susan" else "forbidden"
    assert await refused(world, "susan", number, "arbitrate", **DECISION) == (403, code)
    assert await refused(world, "olga", number, "arbitrate", **DECISION) == (403, "not_yours")
    assert (await do(world, "oscar", number, "arbitrate", **DECISION))["worker"] == "greg"


async def test_where_all_had_a_part_in_it_a_supervisor_arbitrates(world: World) -> None:
    await become(world, oscar=["operator", "grid_worker"], susan=["supervisor", "grid_worker"])
    number = await reported(world)
    await do(world, "susan", number, "recall", reason="Another one goes")
    for who, other in (("oscar", "susan"), ("susan", "oscar")):
        await do(world, other, number, "dispatch", worker=who)
        await give_back(world, number, who)
        await do(world, other, number, "sign-off")
    assert [await may(world, who, number) for who in ("oscar", "susan")] == [set(), {"arbitrate"}]
    assert (await do(world, "susan", number, "arbitrate", **DECISION))["worker"] == "greg"


async def test_who_is_all_of_the_desk_decides_on_their_own_return(world: World) -> None:
    await become(world, susan=["auditor"], oscar=["operator", "property_staff"])
    number = await reported(world)
    await do(world, "oscar", number, "recall", reason="I go myself")
    await do(world, "oscar", number, "dispatch", worker="oscar")
    await give_back(world, number, "oscar")
    assert await may(world, "oscar", number) == {"sign-off", "refuse-return"}
    await become(world, olga=["operator"])
    assert await may(world, "oscar", number) == set()
    assert await refused(world, "oscar", number, "sign-off") == (403, "own_cause")
    assert (await do(world, "olga", number, "refuse-return", reason="It is yours"))["worker"] == "oscar"
    await give_back(world, number, "oscar")
    await become(world, olga=["resident"])
    assert (await do(world, "oscar", number, "sign-off"))["state"] == "arbitration"
    assert (await do(world, "oscar", number, "arbitrate", **DECISION))["worker"] == "greg"


async def test_what_a_supervisor_gives_back_who_is_the_only_one_the_desk_is_told_of(world: World) -> None:
    await become(world, susan=["supervisor", "grid_worker"])
    number = await reported(world)
    await do(world, "oscar", number, "recall", reason="She goes")
    await do(world, "oscar", number, "dispatch", worker="susan")
    await give_back(world, number, "susan")
    assert heard(world, number) == {("oscar", "returned")}
