"""Figures of work orders: each number is as long as the list that it opens, and both are what the definitions say."""

from __future__ import annotations

import csv
import io
import random
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import pytest

from api.figures import service
from api.figures.definitions import MEANINGS, RATES, Measure
from herun.clock import DAY_US, parse_time, to_datetime
from tests.integration.api.many_orders import FIRST_STEP, W20, Row, Step, cells, hours, number, put
from tests.integration.api.running import NOON_US, World
from tests.integration.api.test_order_cycle import answered, do, pass_time, reported

NOW: Final = to_datetime(NOON_US)
ANSWERED: Final = {"answered", "rated", "closed"}
STATES: Final = [
    "submitted", "accepted", "dispatched", "handling", "on_hold", "resolved", "answered", "rated", "closed", "closed",
    "closed", "cancelled",
]  # fmt: skip
LAST_YEAR: Final = datetime.fromisoformat("2025-05-12T00:00:00+08:00")  # the Monday of 2025-W20


def measures(row: Row, master: Row | None, as_of: datetime = NOW) -> set[Measure]:
    """What counts an order, slowly: the definitions' sentences once more."""
    found = {Measure.OPENED}
    if row.origin == "report" and row.state != "cancelled" and row.parent is None:
        found.add(Measure.REPORTED)
    is_gone = row.state == "cancelled" and not row.ratings
    if (away := _away(row, is_gone)) is not None:
        found |= _missed_until(row, away)
    if is_gone:
        return found | {Measure.CANCELLED} | ({Measure.MERGED} if row.merged_into else set())
    if row.merged_into is None:
        found |= _work(row, as_of)
    else:
        found.add(Measure.MERGED)
    if row.ratings:
        newest = max(round_ for round_, *_ in row.ratings)
        said = [(solved, satisfied) for round_, _, solved, satisfied in row.ratings if round_ == newest]
        lowest = min(satisfied for _, satisfied in said)
        found |= {Measure.ASKED, Measure.RATED}
        found |= {Measure.SOLVED} if all(solved for solved, _ in said) else set()
        found |= {Measure.SATISFIED} if lowest >= 4 else {Measure.DISSATISFIED} if lowest <= 2 else set()
    elif (master or row).state == "closed" and row.parent is None and row.reporter and row.channel == "account":
        found |= {Measure.ASKED, Measure.SILENT}
    return found


def _work(row: Row, as_of: datetime) -> set[Measure]:
    found = {Measure.COUNTED}
    day = timedelta(hours=24)
    if row.handled_at is not None and row.handled_at <= row.opened_at + day:
        found |= {Measure.RESPONSE_DUE, Measure.RESPONDED}
    elif row.opened_at + day <= as_of:
        found.add(Measure.RESPONSE_DUE)
    answered = row.state in ANSWERED
    found |= _promise(row, as_of) if row.promises else set()
    if row.dispatched_at is not None or row.returns:
        found.add(Measure.DISPATCHED)
    if row.returns:
        found.add(Measure.RETURNED)
    is_reopened = any(step.action == "reopen" and step.from_state != "cancelled" for step in row.steps)
    if answered or is_reopened:
        found.add(Measure.ANSWERED)
    if is_reopened:
        found.add(Measure.REOPENED)
    return found


def _away(row: Row, is_gone: bool) -> datetime | None:
    """When an order was merged, or cancelled by somebody else than its reporter, if it was."""
    if is_gone:
        (cancel,) = [step for step in row.steps if step.action == "cancel"]
        return cancel.at if cancel.actor != row.reporter else None
    return next((step.at for step in reversed(row.steps) if row.merged_into and step.action == "merge"), None)


def _missed_until(row: Row, at: datetime) -> set[Measure]:
    found: set[Measure] = set()
    in_time = row.opened_at + timedelta(hours=24)
    then = [step.to_state for step in row.steps if step.at <= in_time][-1:]
    if then not in (["merged"], ["cancelled"]) and (row.handled_at is None or row.handled_at > in_time):
        found.add(Measure.RESPONSE_DUE)
    if any(due_at < min(at, ended_at or at) for due_at, ended_at in row.promises):
        found.add(Measure.PROMISE_DUE)
    return found


def parts(row: Row, own: set[Measure]) -> dict[str | None, set[Measure]]:
    """What of an order counts with which unit."""
    given_back = {n for n, step in enumerate(row.steps, FIRST_STEP) if step.action == "return"}
    gave = {unit for (_, unit, _), (n, _, _) in pairwise(row.turns) if n in given_back}
    if not gave or Measure.RETURNED not in own:
        return {row.unit: own}
    moved = {Measure.DISPATCHED, Measure.RETURNED}
    found: dict[str | None, set[Measure]] = {row.unit: own - moved}
    for _, unit, worker in row.turns:
        if worker is not None:
            found.setdefault(unit, set()).update(moved if unit in gave else {Measure.DISPATCHED})
    return found


def _promise(row: Row, as_of: datetime) -> set[Measure]:
    answered, first_at = row.state in ANSWERED, row.promises[0][0]
    missed = any(due_at <= as_of and (ended_at is None or ended_at > due_at) for due_at, ended_at in row.promises)
    if not answered and first_at > as_of and not missed:
        return set()
    is_kept = all(ended_at is None or ended_at <= due_at for due_at, ended_at in row.promises)
    in_time = row.answered_at is not None and row.answered_at <= first_at
    return {Measure.PROMISE_DUE, Measure.ON_TIME} if answered and in_time and is_kept else {Measure.PROMISE_DUE}


def some(seed: int, count: int) -> list[Row]:
    """Orders of seven weeks, among them this year's week 20, the weeks around it and last year's."""
    draw = random.Random(seed)

    def maybe(value: Any, chance: float = 0.7) -> Any:
        return value if draw.random() < chance else None

    rows: list[Row] = []
    for n in range(count):
        monday = draw.choice([W20, W20, W20 - timedelta(days=7), W20 + timedelta(days=14), LAST_YEAR])
        opened = monday + timedelta(minutes=draw.randrange(7 * 24 * 60))
        state = draw.choice(STATES)
        row = Row(
            number(n), opened, state,
            unit=maybe(f"u{draw.randrange(3)}"), grid=maybe(draw.choice(["g1", "g2"])),
            category=draw.choice(["water", "lift", "noise"]), reporter=draw.choice(["rita", "rob", None]),
            channel=draw.choice(["account", "account", "open311"]),
            returns=maybe(draw.randrange(3)) or 0, reopens=maybe(draw.randrange(2)) or 0,
            dispatched_at=maybe(opened + timedelta(hours=1)),
            answered_at=opened + timedelta(hours=draw.randrange(100)) if state in ANSWERED else None,
            handled_at=maybe(opened + timedelta(hours=draw.randrange(48))),
            parent=maybe("WO20260511-000000", 0.1),
        )  # fmt: skip
        if draw.random() < 0.7:
            ends = [*(opened + timedelta(hours=draw.randrange(60)) for _ in range(row.reopens)), row.answered_at]
            row.promises = [(opened + timedelta(hours=draw.randrange(24 * 30)), ended_at) for ended_at in ends]
        if state in ANSWERED or row.reopens:
            rounds = [each for each in range(row.reopens + 1) if draw.random() < 0.5]
            row.ratings = [(each, "rita", draw.random() < 0.6, draw.randrange(1, 6)) for each in rounds]
        if rows and draw.random() < 0.15:
            masters = [each for each in rows if each.merged_into is None]
            row.merged_into, row.state = draw.choice(masters).number, "merged" if state != "cancelled" else state
        _live(row, draw)
        rows.append(row)
    return rows


def _live(row: Row, draw: random.Random) -> None:
    """Gives an order the entries and turns of what became of it."""
    at = min(row.opened_at + timedelta(hours=draw.randrange(24 * 14)), NOW)
    if row.reopens:
        row.steps.append(
            Step("reopen", draw.choice(["answered", "closed", "merged", "cancelled"]), "accepted", "rita", at)
        )
    if row.returns and draw.random() < 0.8:
        n, units = FIRST_STEP + len(row.steps), draw.sample(["u0", "u1", "u2", None], 2)
        row.steps.append(Step("return", "handling", "returned", "gwen", at))
        row.turns = [(1, units[0], None), (2, units[0], "gwen"), (n, None, None), (n + 1, draw.choice(units), "greg")]
    if row.state == "cancelled":
        row.steps.append(Step("cancel", "dispatched", "cancelled", draw.choice(["rita", "oscar"]), at))
        row.promises = [(due_at, ended_at or at) for due_at, ended_at in row.promises]
    elif row.merged_into:
        if draw.random() < 0.5:
            row.steps.append(Step("merge", "dispatched", "merged", "oscar", at))
            at = min(at + timedelta(hours=draw.randrange(48)), NOW)
            row.steps.append(Step("unmerge", "merged", "accepted", "oscar", at))
            at = min(at + timedelta(hours=draw.randrange(48)), NOW)
        row.steps.append(Step("merge", "dispatched", "merged", "oscar", at))


def keys_of(row: Row, by: str) -> str | None:
    return {"unit": row.unit, "grid": row.grid, "category": row.category}[by]


async def opened(world: World, address: str) -> set[str]:
    """Every order behind an address, all pages; the count says as many."""
    found: list[str] = []
    cursor = ""
    while True:
        page = await world.by("susan").get(f"{address}&limit=200{cursor}")
        found += [item["number"] for item in page["items"]]
        if page["next_cursor"] is None:
            assert page["count"] == len(found) == len(set(found))
            return set(found)
        cursor = f"&cursor={page['next_cursor']}"


@pytest.mark.parametrize("by", ["unit", "grid", "category"])
async def test_every_number_is_what_the_definition_says_and_opens_exactly_its_orders(world: World, by: str) -> None:
    rows = some(seed=len(by), count=400)
    put(world, rows)
    masters = {row.number: row for row in rows}
    expected: dict[Any, dict[Measure, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in rows:
        if W20 <= row.opened_at < W20 + timedelta(days=7):
            own = measures(row, masters.get(row.merged_into or ""))
            for key, counted in (parts(row, own) if by == "unit" else {keys_of(row, by): own}).items():
                for measure in counted:
                    expected[key][measure].add(row.number)
    told = await world.by("susan").get(f"figures?by={by}&week=2026-W20")
    assert {item["key"] for item in told["items"]} == expected.keys()
    for item in told["items"]:
        for measure in Measure:
            numbers = expected[item["key"]][measure]
            assert item["numbers"][measure]["count"] == len(numbers), (item["key"], measure)
            assert await opened(world, item["numbers"][measure]["orders"]) == numbers
    for measure in Measure:
        everything = set().union(*(each[measure] for each in expected.values()))
        assert told["total"]["numbers"][measure]["count"] == len(everything)
        assert await opened(world, told["total"]["numbers"][measure]["orders"]) == everything


async def test_narrowed_figures_open_narrowed_lists(world: World) -> None:
    rows = some(seed=8, count=200)
    put(world, rows)
    for query in ("by=category&unit=u1", "by=unit&grid=g1", "by=grid&without=unit", "by=week&weeks=2&unit=u0"):
        told = await world.by("susan").get(f"figures?{query}&week=2026-W20")
        assert told["items"]
        for item in told["items"]:
            for measure in (Measure.OPENED, Measure.ON_TIME, Measure.SILENT, Measure.DISPATCHED, Measure.RETURNED):
                shown = item["numbers"][measure]
                assert len(await opened(world, shown["orders"])) == shown["count"]


async def test_a_rate_is_compared_to_last_week_and_to_the_same_week_a_year_ago(world: World) -> None:
    def rated(monday: datetime, first: int, solved: list[bool]) -> list[Row]:
        return [Row(number(first + n), monday, ratings=[(0, "rita", yes, 5)]) for n, yes in enumerate(solved)]

    put(world, [
        *rated(W20, 0, [True] * 2 + [False]), *rated(W20 - timedelta(days=7), 10, [True, False]),
        *rated(LAST_YEAR, 20, [True] * 7),
    ])  # fmt: skip
    total = (await world.by("audrey").get("figures?week=2026-W20"))["total"]
    assert total["rates"]["solution"] == {
        "percent": "66.67", "change_to_last_week": "16.67", "change_to_last_year": "-33.33",
    }  # fmt: skip
    assert total["rates"]["return"] == {"percent": None, "change_to_last_week": None, "change_to_last_year": None}
    by_week = (await world.by("audrey").get("figures?by=week&weeks=2&week=2026-W20"))["items"]
    assert [(item["key"], item["rates"]["solution"]["percent"]) for item in by_week] == [
        ("2026-W19", "50.00"), ("2026-W20", "66.67"),
    ]  # fmt: skip
    assert by_week[1]["rates"]["solution"] == total["rates"]["solution"]


async def test_silence_is_neither_content_nor_discontent(world: World) -> None:
    put(world, [Row(number(0), ratings=[(0, "rita", True, 5)]), Row(number(1)), Row(number(2)), Row(number(3))])
    rates = (await world.by("susan").get("figures?week=2026-W20"))["total"]["rates"]
    assert (rates["satisfaction"]["percent"], rates["silence"]["percent"]) == ("100.00", "75.00")


async def test_closing_is_not_solving_and_reopening_takes_no_bad_word_back(world: World) -> None:
    bad, again = [(0, "rita", False, 1)], Step("reopen", "rated", "accepted", "rita", hours(21))
    put(world, [
        Row(number(0), state="closed", reopens=1, ratings=bad, answered_at=hours(72),
            promises=[(hours(48), hours(20)), (hours(90), hours(72))], steps=[again]),
        Row(number(1), state="handling", reopens=1, ratings=bad,
            promises=[(hours(48), hours(20)), (hours(9000), None)], steps=[again]),
    ])  # fmt: skip
    total = (await world.by("susan").get("figures?week=2026-W20"))["total"]
    assert [total["rates"][name]["percent"] for name in ("solution", "on_time", "reopen")] == ["0.00", "0.00", "100.00"]


async def test_reopening_makes_no_late_answer_a_timely_one_and_no_dispatch_undone(world: World) -> None:
    async def counts(name: str) -> list[bool]:
        names = ("promise_due", "on_time", "dispatched")
        return [name in await opened(world, f"figures/orders?week=2026-W23&measure={each}") for each in names]

    async def answer(name: str) -> None:
        await do(world, "oscar", name, "dispatch", worker="gwen")
        await answered(world, name)

    late, quick = [await reported(world, category="noise") for _ in range(2)]  # which nobody gets unless the desk says
    assert await counts(late) == [False, False, False]
    await answer(quick)
    assert await counts(quick) == [True, True, True]
    due_at = (await world.by("rita").get(f"work-orders/{late}/clocks"))["promise"]["due_at"]
    world.clock.at_us = parse_time(due_at) + 1
    await answer(late)
    assert await counts(late) == [True, False, True]
    for name in (late, quick):
        again = await do(world, "rita", name, "reopen", reason="It leaks again")
        assert again["state"] == "accepted"
        assert await counts(name) == [True, False, True]
        await answer(name)
        assert await counts(name) == [True, False, True]


@pytest.mark.parametrize(("who", "is_withdrawn"), [("rita", True), ("oscar", False)])
async def test_what_its_reporter_withdrew_has_the_date_of_its_reopening(
    world: World, who: str, is_withdrawn: bool
) -> None:
    async def counts() -> list[bool]:
        return [
            name in await opened(world, f"figures/orders?week=2026-W23&measure={each}")
            for each in ("promise_due", "on_time")
        ]

    name = await reported(world)
    first_at = parse_time((await world.by("rita").get(f"work-orders/{name}/clocks"))["promise"]["due_at"])
    world.clock.advance(DAY_US)
    await do(world, who, name, "cancel", reason="It has stopped")
    world.clock.at_us = first_at + DAY_US
    await do(world, "rita", name, "reopen", reason="It leaks again")
    assert await counts() == [not is_withdrawn, False]
    await answered(world, name)
    assert await counts() == [True, is_withdrawn]
    await do(world, "rita", name, "reopen", reason="It leaks again")
    world.clock.at_us = first_at + 30 * DAY_US  # the next dates are missed, too
    await answered(world, name)
    assert await counts() == [True, False]


async def counted(world: World, name: str, *among: str, unit: str | None = None) -> list[bool]:
    """Whether each of these measures counts an order, of all or of one unit."""
    of_unit = f"&unit={unit}" if unit else ""
    return [name in await opened(world, f"figures/orders?week=2026-W23&measure={each}{of_unit}") for each in among]


async def test_what_was_withdrawn_and_reopened_was_answered_by_nobody(world: World) -> None:
    name = await reported(world)
    await do(world, "rita", name, "cancel", reason="It has stopped")
    await do(world, "rita", name, "reopen", reason="It leaks again")
    assert await counted(world, name, "answered", "reopened") == [False, False]
    await answered(world, name)
    assert await counted(world, name, "answered", "reopened") == [True, False]
    await do(world, "rita", name, "reopen", reason="It leaks again")
    assert await counted(world, name, "answered", "reopened") == [True, True]


async def test_a_return_is_the_units_that_gave_it_back(world: World) -> None:
    name = await reported(world)  # the water company's
    await do(world, "gwen", name, "return", code="wrong_category", reason="It is not water")
    await do(world, "oscar", name, "sign-off")
    await world.by("oscar").post(f"work-orders/{name}/category", {"category": "noise", "reason": "It is noise"})
    names = ("opened", "dispatched", "returned")
    unit = (await world.by("susan").get(f"work-orders/{name}"))["unit"]
    assert unit != "water-company"
    assert await counted(world, name, *names, unit="water-company") == [False, True, True]
    assert await counted(world, name, *names, unit=unit) == [True, False, False]
    assert await counted(world, name, *names) == [True, True, True]
    told = await world.by("susan").get("figures?week=2026-W23")
    by_unit = {item["key"]: [item["numbers"][each]["count"] for each in names] for item in told["items"]}
    assert by_unit == {"water-company": [0, 1, 1], unit: [1, 0, 0]}
    assert [told["total"]["numbers"][each]["count"] for each in names] == [1, 1, 1]
    assert {item["key"]: item["rates"]["return"]["percent"] for item in told["items"]} == {
        "water-company": "100.00", unit: None,
    }  # fmt: skip


@pytest.mark.parametrize("end", ["merge", "cancel"])
@pytest.mark.parametrize("is_late", [True, False])
async def test_to_merge_or_cancel_makes_no_broken_promise_good(world: World, end: str, is_late: bool) -> None:
    name = await reported(world)
    if is_late:
        due_at = (await world.by("rita").get(f"work-orders/{name}/clocks"))["promise"]["due_at"]
        world.clock.at_us = parse_time(due_at) + 1
    master = await reported(world, "rob")
    await do(world, "oscar", name, end, reason="Same", **({"master": master} if end == "merge" else {}))
    world.clock.advance(60 * DAY_US)  # what is over has no date to come
    assert await counted(world, name, "counted", "promise_due", "on_time") == [False, is_late, False]


@pytest.mark.parametrize(("end", "is_begun", "is_late"), [
    ("merge", False, True), ("merge", False, False), ("merge", True, True),
    ("cancel", False, True), ("cancel", False, False),
])  # fmt: skip
async def test_to_merge_or_cancel_responds_to_nobody(world: World, end: str, is_begun: bool, is_late: bool) -> None:
    name = await reported(world)
    if is_begun:
        await do(world, "gwen", name, "handle")
    world.clock.advance(DAY_US + is_late)
    master = await reported(world, "rob")
    await do(world, "oscar", name, end, reason="Same", **({"master": master} if end == "merge" else {}))
    world.clock.advance(DAY_US)
    assert await counted(world, name, "response_due", "responded") == [is_late and not is_begun, False]


async def test_what_its_reporter_withdraws_late_waits_for_nobody(world: World) -> None:
    name = await reported(world)
    due_at = (await world.by("rita").get(f"work-orders/{name}/clocks"))["promise"]["due_at"]
    world.clock.at_us = parse_time(due_at) + 1
    await do(world, "rita", name, "cancel", reason="It has stopped")
    assert await counted(world, name, "cancelled", "response_due", "promise_due") == [True, False, False]


async def test_an_order_from_before_there_were_clocks_was_on_time_by_its_answer(world: World) -> None:
    number = await reported(world)
    await answered(world, number)
    await pass_time(world, 8 * DAY_US)  # and closed long after its date
    world.is_tampered_with = True
    for table in ("order_deadlines", "order_turns", "order_promises"):
        world.rows(f"DELETE FROM {table}")
    assert (await world.by("rita").get(f"work-orders/{number}/clocks"))["promise"]["state"] == "kept"
    assert await opened(world, "figures/orders?week=2026-W23&measure=on_time") == {number}


async def test_what_was_reopened_and_answered_before_its_first_date_is_on_time(world: World) -> None:
    put(world, [
        Row(number(0), answered_at=hours(9), promises=[(hours(20), hours(4)), (hours(40), hours(9))]),
        Row(number(1), answered_at=hours(9), promises=[(hours(20), hours(4)), (hours(8), hours(9))]),
        Row(number(2), answered_at=hours(20), promises=[(hours(20), hours(20))]),
    ])  # fmt: skip
    assert await opened(world, "figures/orders?measure=on_time&week=2026-W20") == {number(0), number(2)}


async def test_a_merged_order_counts_with_its_master_and_its_reporter_by_themselves(world: World) -> None:
    put(world, [
        Row(number(0), handled_at=hours(1), ratings=[(0, "rita", True, 5)]),
        Row(number(1), state="merged", merged_into=number(0), reporter="rob", ratings=[(0, "rob", False, 1)]),
        Row(number(2), state="merged", merged_into=number(0), reporter="ruth"),
    ])  # fmt: skip
    numbers = (await world.by("susan").get("figures?week=2026-W20"))["total"]["numbers"]
    counts = {name: shown["count"] for name, shown in numbers.items()}
    assert (counts["opened"], counts["merged"], counts["counted"], counts["responded"]) == (3, 2, 1, 1)
    assert (counts["rated"], counts["solved"], counts["silent"]) == (2, 1, 1)


async def test_a_week_begins_on_the_sites_own_monday(world: World) -> None:
    week, moment = timedelta(days=7), timedelta(microseconds=1)
    times = [W20 - moment, W20, W20 + week - moment, W20 + week]
    put(world, [Row(number(n), at) for n, at in enumerate(times)])
    told = await world.by("susan").get("figures?week=2026-W20")
    assert await opened(world, told["total"]["numbers"]["opened"]["orders"]) == {number(1), number(2)}
    assert told["begin"] == "2026-05-10T16:00:00Z"


async def test_what_is_due_is_due_as_of_the_figures_and_not_of_the_click(world: World) -> None:
    world.clock.at_us = NOON_US
    put(world, [Row(number(0), to_datetime(NOON_US) - timedelta(hours=1), state="accepted")])
    due = (await world.by("susan").get("figures?week=2026-W23"))["total"]["numbers"]["response_due"]
    world.clock.advance(48 * 3600 * 1_000_000)
    assert due["count"] == 0 == len(await opened(world, due["orders"]))
    assert (await world.by("susan").get("figures?week=2026-W23"))["total"]["numbers"]["response_due"]["count"] == 1


async def test_an_order_behind_a_number_says_nothing_of_who_reported_what(world: World) -> None:
    put(world, [Row(number(0), confidential=True, text="我的邻居", contact_phone="13800001234")])
    (item,) = (await world.by("susan").get("figures/orders?measure=opened&week=2026-W20"))["items"]
    assert item.keys() == {
        "number", "state", "category", "unit", "grid", "building", "merged_into", "opened_at", "measures",
    }  # fmt: skip


async def test_what_is_confidential_is_counted_and_listed_only_for_those_who_may_see_it(world: World) -> None:
    put(world, [Row(number(0), confidential=True), Row(number(1)), Row(number(2), confidential=True, reporter=None)])
    path = "figures/orders?measure=opened&week=2026-W20"
    told = await world.admin.get(path)
    assert ([item["number"] for item in told["items"]], told["count"], told["left_out"]) == ([number(1)], 3, 2)
    for who in ("susan", "audrey"):
        told = await world.by(who).get(path)
        assert (len(told["items"]), told["count"], told["left_out"]) == (3, 3, 0)


@pytest.mark.parametrize(
    "query", ["week=2026-W54", "week=2025-W53", "week=2026-20", "by=mood", "weeks=2", "by=week&weeks=13", "unit="]
)
async def test_a_week_that_is_none_is_refused(world: World, query: str) -> None:
    assert (await world.by("susan").call("GET", f"figures?{query}")).status_code == 422


async def test_every_measure_and_rate_is_defined_in_a_sentence_of_both_languages(world: World) -> None:
    items = (await world.by("audrey").get("figures/definitions"))["items"]
    assert [item["name"] for item in items] == [*Measure, *RATES]
    assert all(item["sentence"]["zh"].endswith("。") and item["sentence"]["en"].endswith(".") for item in items)


async def test_figures_are_exported_with_chinese_headers_and_without_formulas(world: World) -> None:
    put(
        world,
        [Row(number(0), unit="=1+2", ratings=[(0, "rita", True, 5)]), Row(number(1), unit="物业", state="answered")],
    )
    text = (await world.by("susan").call("GET", "figures/export?format=csv&week=2026-W20")).content.decode("utf-8-sig")
    header, *lines = csv.reader(io.StringIO(text))
    assert header[:3] == ["责任单位", "责任单位编号", "受理量"]
    assert len(header) == len(set(header)) == 2 + len(MEANINGS) + 3 * len(RATES)
    assert "解决率较上周(百分点)" in header
    assert [line[0] for line in lines] == ["'=1+2", "物业", "合计"]
    assert lines[2][header.index("解决率(%)")] == "100.00"
    told = cells((await world.by("susan").call("GET", "figures/export?week=2026-W20")).content)
    assert [row[0] for row in told] == [("s", "责任单位"), ("s", "=1+2"), ("s", "物业"), ("s", "合计")]
    assert all(kind != "f" for row in told for kind, _ in row)


async def test_an_export_names_what_it_counts_and_keeps_the_ids_beside(world: World) -> None:
    put(
        world, [Row(number(0), unit="water-company", category="water", grid="g1"), Row(number(1), category="of-a-rule")]
    )
    susan = world.by("susan")
    found = {}
    for by in ("unit", "grid", "category", "week"):
        answer = await susan.call("GET", f"figures/export?format=csv&week=2026-W20&by={by}")
        _, *lines = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
        found[by] = [line[:2] for line in lines]
    assert ["自来水公司", "water-company"] in found["unit"]
    assert ["West", "g1"] in found["grid"]
    assert sorted(found["category"]) == [["of-a-rule", "of-a-rule"], ["供水问题", "water"], ["合计", ""]]
    assert ["2026-W20", "2"] in found["week"]


async def test_what_the_tree_has_no_more_keeps_the_last_name_that_it_had(world: World) -> None:
    put(world, [Row(number(0), unit="snack-police", category="snacks"), Row(number(1), category="dust")])
    tree = (await world.admin.get("categories"))["tree"]
    noise = next(each for each in tree["categories"] if each["category"] == "noise")
    for zh in ("零食", "小吃"):
        snacks = {**noise, "category": "snacks", "zh": zh, "unit": "snack-police"}
        unit = {**tree["units"][0], "unit": "snack-police", "zh": f"{zh}队"}
        more = {"categories": [*tree["categories"], snacks], "units": [*tree["units"], unit]}
        await world.admin.put("categories", {**tree, **more})
    without = [each for each in tree["categories"] if each["category"] != "dust"]
    await world.admin.put("categories", {**tree, "categories": without})
    for by, names in (("category", [["小吃", "snacks"], ["扬尘", "dust"]]), ("unit", [["小吃队", "snack-police"]])):
        answer = await world.by("susan").call("GET", f"figures/export?format=csv&week=2026-W20&by={by}")
        _, *lines = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
        assert [line for line in names if line not in [each[:2] for each in lines]] == []


async def test_an_export_by_week_has_no_sum_that_is_none(world: World) -> None:
    put(world, [Row(number(n), W20 - timedelta(days=7) * (n % 2)) for n in range(5)])
    answer = await world.by("susan").call("GET", "figures/export?format=csv&by=week&weeks=2&week=2026-W20")
    _, *lines = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert [line[:2] for line in lines] == [["2026-W19", "2"], ["2026-W20", "3"]]


async def test_an_export_says_that_it_does_not_list_all(world: World) -> None:
    put(world, [Row(number(n), unit=f"u{n}") for n in range(service.MAX_KEYS + 1)])
    answer = await world.by("susan").call("GET", "figures/export?format=csv&week=2026-W20")
    _, *lines = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert len(lines) == service.MAX_KEYS + 2
    assert [line[:3] for line in lines[-2:]] == [["另有未列出的责任单位,已计入合计", "", ""], ["合计", "", "501"]]
