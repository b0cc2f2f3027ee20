"""What is held against the book now and then: the rows, the lists of each person, the live feed of each person.

Whatever else keeps something about orders adds a look of its own to `LOOKS`: `walk.book` says how it should be,
`walk.lines` what was written since the last look.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Final

from api.clocks import views as clocks
from api.clocks.schemas import Clocks
from api.live import service as live
from api.live.cursor import Cursor
from api.live.schemas import Kind
from api.live.service import Reader
from api.roles import Role
from api.transactions import begin
from api.work_orders.order import Person
from herun.clock import DAY_US
from tests.integration.api.cycle.book import Book
from tests.integration.api.cycle.paper import Line, Paper, Somebody
from tests.integration.api.cycle.walk import Look, Walk, look_at_the_chain
from tests.integration.api.running import SITE

_PAGE: Final = 200
_ROWS: Final = (
    "SELECT number, category, severity, unit, state, worker, reporter, confidential, parent, merged_into, state_before,"
    " hold_until, returns, transfers, arbitrated, reopens, answered_at, answer, version FROM work_orders"
    " WHERE site = %(site)s ORDER BY opened_seq"
)


async def look_at_the_rows(walk: Walk) -> None:
    """Each order, its ratings and its checklist as the book has them."""
    rows = walk.world.rows(_ROWS, site=SITE)
    assert [row["number"] for row in rows] == list(walk.book.papers)
    for row in rows:
        assert tuple(row.values()) == _row(walk.book.papers[row["number"]]), row
    given = walk.world.rows("SELECT number, round, score FROM order_ratings WHERE site = %(site)s", site=SITE)
    ratings = {(p.number, number, score) for p in walk.book.papers.values() for number, score in p.ratings.items()}
    _are_the_same({tuple(row.values()) for row in given}, ratings)
    lines = walk.world.rows(
        "SELECT number, item, required, done_by FROM order_checklist WHERE site = %(site)s", site=SITE
    )
    listed = {
        (p.number, item, *line) for p in walk.book.papers.values() for item, line in enumerate(p.checklist, start=1)
    }
    _are_the_same({tuple(row.values()) for row in lines}, listed)


def _are_the_same(found: set[tuple[Any, ...]], expected: set[tuple[Any, ...]]) -> None:
    assert found == expected, f"there is {found - expected}, by the book {expected - found}"


def _row(paper: Paper) -> tuple[Any, ...]:
    return (
        paper.number, paper.category, paper.severity, paper.unit, paper.state, paper.worker, paper.reporter,
        paper.confidential, paper.parent, paper.master, paper.before, paper.until, len(paper.returners),
        paper.transfers, paper.arbitrated, paper.round, paper.answered_at, paper.answer, paper.n,
    )  # fmt: skip


async def look_at_the_lists(walk: Walk) -> None:
    """Each person's newest orders by whatever filter are those that are for their eyes, page by page, and no other."""
    newest = list(reversed(walk.book.papers.values()))
    some = walk.chance.choice(newest[:500])
    filters: list[dict[str, str]] = [
        {}, {"state": some.state}, {"worker": some.worker or "gwen"}, {"origin": some.origin},
        {"master": some.master or some.number}, {"parent": some.parent or some.number},
        {"worker": some.worker or "gina", "state": some.state},
    ]  # fmt: skip
    for person in walk.book.people.values():
        for wanted in [filters[0], walk.chance.choice(filters)]:
            is_for = walk.book.sees if {"master", "parent"} & wanted.keys() else walk.book.is_told
            expected = [each.number for each in newest if is_for(person.name, each) and _fits(each, wanted)]
            assert await _listed(walk, person, wanted) == expected[: 2 * _PAGE], f"{person.name}, {wanted}"


def _fits(paper: Paper, wanted: dict[str, str]) -> bool:
    return all(getattr(paper, name) == value for name, value in wanted.items())


async def _listed(walk: Walk, person: Somebody, wanted: dict[str, str]) -> list[str]:
    query = "&".join(f"{name}={value}" for name, value in {**wanted, "limit": _PAGE}.items())
    first = await walk.callers[person.name].get(f"work-orders?{query}")
    items = first["items"]
    if first["next_cursor"]:
        items += (await walk.callers[person.name].get(f"work-orders?{query}&cursor={first['next_cursor']}"))["items"]
    return [item["number"] for item in items]


Told = tuple[str, str, str | None, str, str, str | None]  # number, action, from, to, actor, worker


async def look_at_the_feed(walk: Walk) -> None:
    """Each person's live feed since the last look tells the entries of the orders that are for their eyes, each once.

    Besides these a worker is told of the entries that name them, unless the order is confidential by now.
    """
    for person in walk.book.people.values():
        expected = [
            _entry(_as_theirs(walk.book, person, line), person.name, _is_inside(walk.book, person.name, line))
            for line in walk.lines
            if _hears(walk.book, person.name, line)
        ]
        told, should = Counter(await _told(walk, person)), Counter(expected)
        assert told == should, f"{person.name}: told besides {told - should}, not told {should - told}"


def _hears(book: Book, who: str, line: Line) -> bool:
    """What is put on a list or ticked off is said among those who look after an order or have what it is merged into or
    a part of, and who was named in it.
    """
    if _is_inside(book, who, line):
        return True
    return line[2] not in {"listed", "ticked"} and book.is_told(who, book.papers[line[0]])


def _is_inside(book: Book, who: str, line: Line) -> bool:
    paper = book.papers[line[0]]
    was_theirs = line[6] == who and not paper.confidential
    return was_theirs or book.has_what_is_above(who, paper) or book.looks_after(who, paper)


def _as_theirs(book: Book, person: Somebody, line: Line) -> Line:
    """What came or went and is confidential by now, who may not know of it takes for the system's doing."""
    about = book.papers.get(book.about.get((line[0], line[1]), ""))
    if about is None or not about.confidential or person.roles & {"supervisor", "auditor"}:
        return line
    return line if person.name in {about.worker, about.reporter} else (*line[:5], "system", line[6])


def _entry(line: Line, who: str, is_inside: bool) -> Told:
    """Who merged another report into theirs, or took it out again, is not told to who only reported an order; nor
    which neighbour rated an alert's order to the others.
    """
    number, _, action, before, to, actor, worker = line
    is_others = (action in {"joined", "left"} and actor != "system") or (action == "rate" and actor != who)
    is_hidden = is_others and not is_inside
    return number, action, before, to, "(somebody)" if is_hidden else actor, worker


async def _told(walk: Walk, person: Somebody) -> list[Told]:
    known = Person(person.name, frozenset(map(Role, person.roles)), person.building)
    reader = Reader(SITE, known, frozenset({Kind.ORDER}), walk.world.wall.now_us() + DAY_US)
    cursor, more, told = Cursor((0, 0), (0, 0), walk.looked_at), True, list[Told]()
    while more:
        async with begin(walk.world.resources, SITE, person.name) as tx:
            items, cursor, more = await live.read(tx, reader, cursor)
        for item in items:
            said = json.loads(item.split(b"data: ", 1)[1])
            told.append(
                (said["number"], said["action"], said["from_state"], said["state"], said["actor"], said["worker"])
            )
    assert cursor.feed_seq == walk.feed_seq
    return told


_OLDER: Final = 30  # orders that nothing has happened to lately are looked at as well


async def look_at_the_clocks(walk: Walk) -> None:
    """The promise, everybody's time to the second, and who was or will be reminded, of each order that was touched."""
    papers = walk.book.papers
    numbers = {line[0] for line in walk.lines} | set(walk.chance.sample(list(papers), min(_OLDER, len(papers))))
    auditor = Person("audrey", frozenset({Role.AUDITOR}), None)
    async with begin(walk.world.resources, SITE, "audrey") as tx:
        for number in sorted(numbers):
            _clocks_agree(papers[number], await clocks.one(tx, auditor, number), walk.book.now)


def _clocks_agree(paper: Paper, said: Clocks, now: datetime) -> None:
    clock, promise = paper.clock, said.promise
    assert said.segments is not None
    assert said.deadlines is not None
    spent = Counter[tuple[int, str, str | None, str | None]]()
    for each in said.segments:
        spent[each.round, each.kind, each.unit, each.worker] += each.seconds
    assert dict(+spent) == clock.spent(now), f"{paper.number}: time is {dict(+spent)}, by the book {clock.spent(now)}"
    assert spent.total() == said.seconds == (now - clock.turns[0][0]) // timedelta(seconds=1), paper.number
    found = promise.round, promise.began_at, promise.due_at, promise.ended_at
    assert found == (clock.round, clock.began, clock.due, clock.ended), f"{paper.number}: {found}, by the book {clock}"
    is_late = (clock.ended or now) > clock.due
    state = {"answered": ("kept", "broken"), "dropped": ("dropped", "dropped"), None: ("running", "late")}
    still = clock.still_until(now)
    assert promise.state == ("paused" if still else state[clock.outcome][is_late]), f"{paper.number}: {promise}"
    left = None if clock.ended else (clock.due - (still or now)) // timedelta(seconds=1)
    assert (promise.paused_until, promise.seconds_left) == (still, left), f"{paper.number}: {promise}"
    if said.own:
        assert said.own.used_seconds == clock.used(now) // timedelta(seconds=1), f"{paper.number}: {said.own}"
        assert said.own.due_at == clock.own_due(now), f"{paper.number}: {said.own}, by the book {clock.own_due(now)}"
    assert (said.own is None) == (paper.hand.kind in {"rest", "answer"}), f"{paper.number}: {said.own}"
    fates = {(False, False): "waits", (True, False): "told", (True, True): "superseded"}
    kept = [
        (
            each.kind,
            each.step,
            each.level.value,
            each.reached_at,
            each.due_at,
            fates[bool(each.fired_at), each.superseded],
        )
        for each in said.deadlines
    ]
    planned = [(each.kind, each.step, each.level, each.reached, each.due, each.fate) for each in clock.deadlines]
    # A sweep takes so many at once: what it left out as superseded stays so, though the order moved on before the last
    # word was told.
    overtaken = {(d.kind, d.step, d.level, d.reached, d.due, "superseded") for d in clock.dropped if d.due <= now}
    kept = [each for each in kept if each in planned or each not in overtaken]
    assert sorted(kept) == sorted(planned), f"{paper.number}: deadlines {sorted(kept)}\n by the book {sorted(planned)}"


async def look_at_the_notices(walk: Walk) -> None:
    """Whoever had to be told since the last look was told once of each thing, and nobody of anything else."""
    criers = walk.book.criers
    rows = walk.world.rows(
        "SELECT id, recipient, kind, number FROM notices WHERE site = %(site)s AND channel = 'inbox'"
        " AND kind <> 'overflow' AND id > %(after)s ORDER BY id",
        site=SITE,
        after=walk.notices,
    )
    told = Counter((row["recipient"], row["kind"], row["number"]) for row in rows)
    lost, surplus = criers.told - told, told - criers.told
    assert not surplus, f"nobody had to be told, or not so often: {surplus}"
    # Beyond a day's limit only how many they are is written.
    missing = Counter[str]()
    for (who, _, _), count in lost.items():
        missing[who] += count
    assert missing == criers.too_many, f"not told: {lost}, too many by the book: {criers.too_many}"
    walk.too_many += criers.too_many
    counted = walk.world.rows(
        "SELECT recipient, sum((details ->> 'count')::bigint)::bigint AS count FROM notices WHERE site = %(site)s"
        " AND kind = 'overflow' GROUP BY recipient",
        site=SITE,
    )
    found = {row["recipient"]: row["count"] for row in counted}
    assert found == dict(walk.too_many), f"beyond a day's limit are {found}, by the book {walk.too_many}"
    walk.notices = rows[-1]["id"] if rows else walk.notices
    criers.told.clear()
    criers.too_many.clear()


LOOKS: Final[list[Look]] = [
    look_at_the_chain, look_at_the_rows, look_at_the_lists, look_at_the_feed, look_at_the_clocks, look_at_the_notices,
]  # fmt: skip
