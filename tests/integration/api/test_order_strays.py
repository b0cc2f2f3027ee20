"""An order, its ratings, its promises and what moved its limits are held against the history that is chained."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import psycopg
import pytest

from herun.clock import MINUTE_US
from herun.order_audit import Verdict, verdicts
from tests.integration.api.running import SITE, World
from tests.integration.api.test_order_audit import verdict
from tests.integration.api.test_work_orders import act

REPORT: Final = {
    "category": "deposit", "text": "They keep my deposit", "building": "b1", "lat": 30, "lon": 120.5,
    "address": "cellar", "attributes": {"amount": "2000", "paid_on": "2026-05-01"},
}  # fmt: skip


def after(world: World, statements: str) -> Verdict:
    """What is found after statements of somebody who may do anything, and whom no foreign key stops."""
    with psycopg.connect(world.servers.superuser_url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(statements.encode())
        (found,) = verdicts(connection, SITE)
        connection.rollback()
    return found


async def a_rated_order(world: World) -> str:
    """Asked for a pause and an extension, both approved, then answered, rated, reopened, answered and rated again."""
    number = (await world.by("rita").post("reports", REPORT))["number"]
    path, gwen, susan = f"work-orders/{number}", world.by("gwen"), world.by("susan")
    await susan.post(f"{path}/dispatch", {"worker": "gwen"})
    await gwen.post(f"{path}/handle")
    await gwen.post(f"{path}/arrive")
    wish = {"reason": "weather", "note": "storm", "until": "2026-06-01T18:00:00+08:00"}
    pause = (await gwen.post(f"{path}/pauses", wish))["pauses"][0]["id"]
    await susan.post(f"{path}/pauses/{pause}/approve")
    world.clock.advance(MINUTE_US)
    await gwen.post(f"{path}/pauses/{pause}/end")
    extension = (await gwen.post(f"{path}/extensions", {"minutes": 60, "reason": "a pump"}))["extensions"][0]["id"]
    await susan.post(f"{path}/extensions/{extension}/approve")
    for score in (2, 4):
        world.clock.advance(MINUTE_US)
        await gwen.post(f"{path}/resolve", {"text": "Pumped"})
        await gwen.post(f"{path}/answer", {"text": "It is dry"})
        world.clock.advance(MINUTE_US)
        await world.by("rita").post(
            f"{path}/rate", {"score": score, "solved": score > 3, "comment": f"{score} of 5", "speed": score}
        )
        if score == 2:
            await world.by("rita").post(f"{path}/reopen", {"reason": "still wet"})
            await susan.post(f"{path}/dispatch", {"worker": "gwen"})
            await gwen.post(f"{path}/handle")
    return str(number)


async def some_merged_orders(world: World) -> str:
    """One that stands for another, which was rated, and one that was taken out again."""
    susan = world.by("susan")
    numbers = [(await world.by(who).post("reports", REPORT))["number"] for who in ("rita", "rob", "ruth")]
    master = numbers[0]
    for number in numbers[1:]:
        await susan.post(f"work-orders/{number}/merge", {"master": master, "reason": "the same"})
    await susan.post(f"work-orders/{master}/dispatch", {"worker": "gwen"})
    await world.by("gwen").post(f"work-orders/{master}/handle")
    await world.by("gwen").post(f"work-orders/{master}/resolve", {"text": "Pumped"})
    world.clock.advance(MINUTE_US)
    await world.by("gwen").post(f"work-orders/{master}/answer", {"text": "It is dry"})
    await world.by("rob").post(f"work-orders/{numbers[1]}/rate", {"score": 1, "solved": False})
    await susan.post(f"work-orders/{numbers[1]}/unmerge", {"reason": "it is another one"})
    return str(master)


async def a_reopened_order_with_a_rated_one_in_it(world: World) -> str:
    """One that stands for another, which is rated before it is reopened and after."""
    susan, gwen, rob = (world.by(who) for who in ("susan", "gwen", "rob"))
    master, twin = [str((await world.by(who).post("reports", REPORT))["number"]) for who in ("rita", "rob")]
    await susan.post(f"work-orders/{twin}/merge", {"master": master, "reason": "the same"})
    for score in (1, 5):
        await susan.post(f"work-orders/{master}/dispatch", {"worker": "gwen"})
        await gwen.post(f"work-orders/{master}/handle")
        await gwen.post(f"work-orders/{master}/resolve", {"text": "Pumped"})
        world.clock.advance(MINUTE_US)
        await gwen.post(f"work-orders/{master}/answer", {"text": "It is dry"})
        await rob.post(f"work-orders/{twin}/rate", {"score": score, "solved": score == 5})
        if score == 1:
            await world.by("rita").post(f"work-orders/{master}/reopen", {"reason": "still wet"})
    return master


ONE_MORE_RATING: Final = (
    "INSERT INTO order_ratings SELECT site, number, 2, rater, 5, true, comment, speed, attitude, result, at"
    " FROM order_ratings WHERE round = 0"
)


@pytest.mark.parametrize("story", [a_rated_order, some_merged_orders, a_reopened_order_with_a_rated_one_in_it])
async def test_what_nobody_touched_is_what_its_history_says(
    world: World, story: Callable[[World], Awaitable[str]]
) -> None:
    await story(world)
    found = verdict(world)
    assert found.breaks == ()


RATED: Final = (
    ("UPDATE order_ratings SET score = 5 WHERE round = 0", "its ratings"),
    ("UPDATE order_ratings SET solved = NOT solved WHERE round = 1", "its ratings"),
    ("UPDATE order_ratings SET comment = 'fine' WHERE round = 0", "its ratings"),
    ("UPDATE order_ratings SET speed = 5 WHERE round = 0", "its ratings"),
    ("UPDATE order_ratings SET rater = 'rob' WHERE round = 0", "its ratings"),
    ("DELETE FROM order_ratings WHERE round = 0", "its ratings"),
    (ONE_MORE_RATING, "its ratings"),
    ("UPDATE work_orders SET answer = 'All is well'", "its answer"),
    ("UPDATE work_orders SET resolution = NULL", "its resolution"),
    ("UPDATE work_orders SET worker = 'greg'", "its worker"),
    ("UPDATE work_orders SET reporter = 'rob'", "what else it was opened with"),
    ("UPDATE work_orders SET building = 'b2'", "what else it was opened with"),
    ("""UPDATE work_orders SET text = '{"zh": "Nothing", "en": "Nothing"}'""", "what else it was opened with"),
    ("""UPDATE work_orders SET attributes = '{"amount": "20"}'""", "what else it was opened with"),
    ("UPDATE work_orders SET lat = 31", "what else it was opened with"),
    ("UPDATE work_orders SET opened_at = opened_at + interval '1 hour'", "what else it was opened with"),
    ("UPDATE work_orders SET salt = NULL", "its salt is gone"),
    ("UPDATE work_orders SET category = 'fire'", "its category"),
    ("UPDATE work_orders SET reopens = 0", "its reopens"),
    ("UPDATE work_orders SET answered_at = answered_at - interval '1 hour'", "its answered_at"),
    ("UPDATE work_orders SET handled_at = accepted_at - interval '1 hour'", "its handled_at"),
    ("UPDATE work_orders SET promised_at = promised_at + interval '1 day'", "what is promised"),
    ("UPDATE order_promises SET due_at = due_at + interval '30 days'", "its promises"),
    ("UPDATE order_promises SET due_at = due_at + interval '30 days' WHERE round = 0", "its promises"),
    ("DELETE FROM order_promises WHERE round = 0", "its promises"),
    ("UPDATE order_promises SET ended_at = began_at WHERE round = 1", "the promise of round 1"),
    ("UPDATE order_promises SET ended_at = NULL WHERE round = 1", "the promise of round 1"),
    ("UPDATE order_pauses SET until = until + interval '1 day'", "its pauses"),
    ("UPDATE order_pauses SET ended_at = ended_at + interval '1 second'", "its pauses"),
    ("UPDATE order_pauses SET decided_by = 'oscar'", "its pauses"),
    ("DELETE FROM order_pauses", "its pauses"),
    ("UPDATE order_extensions SET minutes = 600", "its extensions"),
    ("UPDATE order_extensions SET approved = false", "its extensions"),
    ("UPDATE order_extensions SET decided_at = NULL", "its extensions"),
)  # fmt: skip
MERGED: Final = (
    ("UPDATE work_orders SET merged_into = NULL WHERE state = 'merged'", "its merged_into"),
    ("UPDATE work_orders SET reopens = 0 WHERE reopens > 0", "its reopens"),
)
# Nothing is hidden by taking away the hashes too: this site was opened when there was a chain.
UNCHAINED: Final = (
    ("UPDATE order_history SET hash = NULL; UPDATE feed_counters SET history_hash = NULL", "has no hash"),
    (
        "UPDATE order_history SET hash = NULL, detail = NULL; UPDATE feed_counters SET history_hash = NULL",
        "has no hash",
    ),
    ("UPDATE order_history SET hash = NULL", "has no hash"),
    ("UPDATE order_history SET hash = NULL; UPDATE feed_counters SET unchained_to = feed_seq", "has no hash"),
    ("UPDATE order_history SET hash = NULL, detail = NULL; DELETE FROM feed_counters", "has no hash"),
    ("UPDATE feed_counters SET history_hash = NULL", "is not the last that was written"),
    ("DELETE FROM feed_counters", "is not the last that was written"),
    ("DELETE FROM work_orders", "it is gone, and its history is not"),
)


@pytest.mark.parametrize(
    ("story", "changes"),
    [
        (a_rated_order, RATED),
        (some_merged_orders, MERGED),
        (a_reopened_order_with_a_rated_one_in_it, MERGED),
        (a_rated_order, UNCHAINED),
    ],
)
async def test_what_strays_from_its_history_is_named(
    world: World, story: Callable[[World], Awaitable[str]], changes: tuple[tuple[str, str], ...]
) -> None:
    await story(world)
    for statement, told in changes:
        found = after(world, statement)
        assert any(told in each for each in found.breaks), (statement, found.breaks)


async def test_words_of_people_are_not_repeated(world: World) -> None:
    await a_rated_order(world)
    found = after(world, "UPDATE work_orders SET answer = 'my neighbour said so', text = '{}'")
    assert found.breaks
    assert "neighbour" not in str(found)


async def test_entries_from_before_there_was_a_chain_are_counted_and_not_broken(world: World) -> None:
    await a_rated_order(world)
    before = (
        "UPDATE order_history SET hash = NULL, detail = NULL;"
        "UPDATE feed_counters SET history_hash = NULL, unchained_to = feed_seq"
    )
    found = after(world, before)
    assert (found.breaks, found.unchained) == ((), found.entries)
    assert after(world, f"{before}; UPDATE work_orders SET worker = 'greg'").breaks


async def test_the_same_report_has_another_seal_each_time(world: World) -> None:
    numbers = [(await world.by("rita").post("reports", REPORT))["number"] for _ in range(2)]
    entries = [(await world.by("susan").get(f"work-orders/{each}/history"))["items"][0] for each in numbers]
    assert all(set(entry["detail"]) == {"category", "original", "promised"} for entry in entries)
    assert entries[0]["detail"]["original"] != entries[1]["detail"]["original"]


async def test_who_takes_up_what_another_was_at_is_not_there_yet(world: World) -> None:
    number = str((await world.by("rita").post("reports", {"category": "water", "text": "Wet"}))["number"])
    for action in ("handle", "arrive", "recall", "dispatch", "handle"):  # gwen is sent again
        await act(world, number, action)
    assert verdict(world).breaks == ()
