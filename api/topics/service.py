"""Topics: sorted once an hour, told by week, and answered for by a master order where one grows (未诉先办)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from api import cursors
from api.audit import store as audit
from api.categories.tree import SEVERITIES
from api.figures import shares
from api.figures.service import zone_of
from api.figures.weeks import WEEK, Week, week_named, week_of
from api.problems import not_found
from api.topics import connecting, forgetting, store
from api.topics.clusters import Founded, Joined, Report, Sorted, sort_in
from api.topics.connecting import AT_ONCE, AT_WORK, KNOWN, NOT_OVER
from api.topics.ids import new_id
from api.topics.schemas import Kind, Member, Members, Pass, Topic, Topics, TopicsAsked
from api.topics.store import Heard, Listed, Spot, Stretch
from api.topics.text import NOBODY, Centre, Frequencies, frequencies, grams
from api.transactions import Transaction
from api.work_orders import reported
from api.work_orders.order import Person

EVERY: Final = timedelta(hours=1)  # of the estate's clock, between two passes
WINDOW: Final = timedelta(days=14)  # how old a report may be and still be sorted in
ALIVE: Final = timedelta(weeks=8)  # without a report, and a topic is over: what comes then is a new one
MAX_REPORTS: Final = 2_000  # that one pass sorts: a second of computing; the next pass goes on
MAX_TOPICS: Final = 300  # that reports are held against, those last heard of
MAX_MASTERS: Final = 10  # opened by one pass; the next pass opens more
WEEKS_BEFORE: Final = 4  # what this week is compared to
WORDS: Final = 5  # that are shown of a topic

GROWING: Final = 5  # different people within seven days, at least
GROWTH: Final = 2  # times the mean of the weeks before, at least
SENSOR_WINDOW: Final = timedelta(hours=24)
SENSOR_ALERTS: Final = 3  # orders of alerts of one category in one place within the window are a pattern
MAX_PATTERNS: Final = 20  # of one pass

MAX_ANSWERING: Final = 50  # topics that a new report is held against


async def sensed(tx: Transaction, spot: Spot, category: str) -> str | None:
    """The number of the order that somebody sees to now as sensors of this place have told of the same within a day;
    None if there is none. What is critical is held against no other.
    """
    since = tx.at - SENSOR_WINDOW
    topics = await store.answering(tx, spot, AT_ONCE, MAX_ANSWERING, since=since) if any(spot) else []
    return next((str(each["master"]) for each in topics if _is_sensed(each, category)), None)


async def known(tx: Transaction, text: str, spot: Spot, *, category: str | None = None) -> str | None:
    """The number of the order that already does what this report asks for, in this place; None if there is none.

    A sensor's topic is known by its category, in a zone that lies in no building too, the others by text, and by their
    category if one is given. What is of neither is known nowhere: two points or addresses are not the same place.
    """
    topics = await store.answering(tx, spot, AT_WORK, MAX_ANSWERING) if any(spot) else []
    of_category = [each for each in topics if category is None or each["category"] == category]
    by_sensor = [each for each in topics if _is_sensed(each, category)]
    if by_sensor:
        return str(by_sensor[0]["master"])
    found, seen = grams(text), await store.frequencies(tx)
    like = [
        (connecting.likeness(each, found, seen), each["topic"], each["master"])
        for each in of_category
        if each["kind"] == Kind.REPORTS
    ]
    likeness, _, master = max(like, default=(0.0, "", None))
    return master if likeness >= KNOWN else None


async def open_master(tx: Transaction, topic: dict[str, Any]) -> str:
    """Opens the order that answers for a topic from now on; returns its number. `topic` is a row of `store.named`, and
    one of its orders at least is not over. It is as severe as the most severe of these.
    """
    of_sensor = topic["kind"] == Kind.SENSOR
    building = topic["building"] if of_sensor else await store.only_building(tx, topic["topic"])
    count, label = topic["members"], topic["label"]
    said = f"{count} 次传感器告警" if of_sensor else f"{count} 件诉求反映同一情况"
    meant = "alerts of sensors" if of_sensor else "reports"
    text = {"zh": f"未诉先办:{said}:{label}", "en": f"Before anybody asks again: {count} {meant} of the same: {label}"}
    found = await store.severities(tx, topic["topic"], NOT_OVER)
    severity = max(found, key=SEVERITIES.index, default=SEVERITIES[0])
    # Of several houses it is somebody's at once all the same: a master that waits for the desk answers nobody.
    grid = None if of_sensor or building else await store.usual_grid(tx, topic["topic"], NOT_OVER)
    matter = reported.Matter(topic["category"], severity, building, topic["zone"], grid)
    number = await reported.open_for_topic(tx, matter, {"zh": label, "en": label}, text)
    await store.set_master(tx, topic["topic"], number)
    await audit.record(tx, "topic.master_opened", topic["topic"], {"number": number})
    return number


async def sort_if_due(tx: Transaction) -> Pass | None:
    """One pass over the site's newest reports; None if the last is not an hour old."""
    return await _pass(tx) if await store.claim(tx, EVERY, forced=False) else None


async def sort_now(tx: Transaction) -> Pass:
    """One pass, whenever the last was."""
    await store.claim(tx, EVERY, forced=True)
    return await _pass(tx)


async def sort(tx: Transaction) -> None:
    """Sorts what waits to be sorted, as a pass does, and opens, adopts and merges nothing: for who prints topics."""
    await store.hold(tx, EVERY)
    if await store.waiting(tx, tx.at - WINDOW, await store.sorted_seq(tx)):
        await _sort(tx)
    await forgetting.relabel(tx)


async def _pass(tx: Transaction) -> Pass:
    came = await _sort(tx)
    due, adopted = await _due(tx)
    # Rows of orders are locked before the first order is opened, as everywhere.
    own = await connecting.unbegun(tx, [row["topic"] for row in due], came.seen)
    by_sensors, masters, adopted_by_sensors = await _sense(tx)
    await forgetting.relabel(tx)
    masters += [await open_master(tx, row) for row in due]
    return Pass(
        reports=came.reports,
        left=came.left,
        joined=came.joined,
        founded=came.founded + by_sensors,
        masters=masters,
        adopted=sorted(adopted + adopted_by_sensors),
        merged=await connecting.connect(tx, own),
    )


class _Came(NamedTuple):
    """What came of sorting."""

    seen: Frequencies
    reports: int
    left: int
    joined: int
    founded: list[str]


async def _sort(tx: Transaction) -> _Came:
    since, sorted_seq = tx.at - WINDOW, await store.sorted_seq(tx)
    rows = await store.unsorted(tx, since, sorted_seq, MAX_REPORTS)
    recent = await store.recent(tx, since, MAX_REPORTS)
    alive = await store.alive(tx, tx.at - ALIVE, MAX_TOPICS)
    seen, came = await asyncio.to_thread(_sorted, rows, recent, alive)
    sorted_seq = max((row["opened_seq"] for row in rows if row["waits"]), default=sorted_seq)
    await store.keep_pass(tx, seen, sorted_seq)
    founded = await _write(tx, rows, came)
    left = await store.waiting(tx, since, sorted_seq) if len(rows) == MAX_REPORTS else 0
    return _Came(seen, len(rows), left, len(came.joined), founded)


async def of_week(tx: Transaction, week: Week, zone: ZoneInfo, limit: int) -> Topics:
    """The topics of a week, most people first and sensors' last, compared to the four weeks before."""
    stretches = [(each.begins_at(zone), each.ends_at(zone)) for each in _and_before(week)]
    heard = await store.heard(tx, stretches)
    names = sorted((name for name in heard if heard[name][0].reports), key=lambda name: _place(name, heard[name]))
    rows, seen = await store.named(tx, names[:limit]), await store.frequencies(tx)
    items = [_topic(rows[name], heard[name], seen, _orders(tx.site, name, week)) for name in names[:limit]]
    return Topics(week=week.name, items=items)


async def page(tx: Transaction, asked: TopicsAsked) -> Topics:
    """The topics of a week. Raises Problem 404 without a site, 422 for a week that its year does not have."""
    zone = await zone_of(tx)
    week = week_named(asked.week) if asked.week else week_of(tx.at, zone)
    return await of_week(tx, week, zone, asked.limit)


class MembersAsked(NamedTuple):
    """The orders of a topic: of an ISO week, or (None) of all."""

    topic: str
    week: str | None


async def members(tx: Transaction, person: Person, asked: MembersAsked, *, cursor: str | None, limit: int) -> Members:
    """The orders of a topic, but for those that are not for this person's eyes; of a week exactly what its number
    counts. Raises Problem 404, and 422 for a week that its year does not have.
    """
    if not await store.named(tx, [asked.topic]):
        raise not_found("topic")
    stretch = None
    if asked.week is not None:
        week, zone = week_named(asked.week), await zone_of(tx)
        stretch = (week.begins_at(zone), week.ends_at(zone))
    listed = Listed(asked.topic, stretch, person)
    rows = await store.members(tx, listed, after=cursors.decode_text(cursor), limit=limit + 1)
    items = [Member(**row) for row in rows[:limit]]
    count, hidden = await store.how_many(tx, listed)
    return Members(
        topic=asked.topic,
        count=count,
        items=items,
        left_out=hidden,
        next_cursor=cursors.encode(items[-1].number) if len(rows) > limit else None,
    )


def _is_sensed(topic: dict[str, Any], category: str | None) -> bool:
    return bool(topic["kind"] == Kind.SENSOR and topic["category"] == category)


def is_growing(heard: Sequence[Heard]) -> bool:
    """Enough people now, and twice as many as in the mean of the stretches before. The first stretch is now."""
    now, before = heard[0].reporters, [each.reporters for each in heard[1:]]
    return now >= GROWING and now * len(before) >= GROWTH * sum(before)


def _sorted(
    rows: Sequence[dict[str, Any]], recent: Sequence[dict[str, Any]], alive: dict[str, Centre]
) -> tuple[Frequencies, Sorted]:
    """How common each gram is, of what is sorted in and of what was said last, and what came of sorting `rows`."""
    texts = {row["number"]: grams(f"{row['title'] or ''}\n{row['told'] or ''}") for row in [*recent, *rows]}
    seen = frequencies(texts.values())
    return seen, sort_in([Report(row["number"], row["reporter"], texts[row["number"]]) for row in rows], alive, seen)


async def _write(tx: Transaction, rows: Sequence[dict[str, Any]], came: Sorted) -> list[str]:
    """Writes what grew and what is new; the ids of the new ones."""
    by_number = {row["number"]: row for row in rows}
    last_at: dict[str, datetime] = {}
    for each in came.joined:
        at = by_number[each.number]["opened_at"]
        last_at[each.topic] = max(last_at.get(each.topic, at), at)
    await store.grow(tx, came.centres, last_at)
    await store.add_members(tx, came.joined)
    return [await _found(tx, by_number, new) for new in came.founded]


async def _found(tx: Transaction, by_number: dict[str, dict[str, Any]], new: Founded) -> str:
    own = [by_number[report.number] for report, _ in new.members]
    topic = new_id()
    categories = [row["category"] for row in own]
    await store.put(
        tx,
        topic,
        new.centre,
        kind=Kind.REPORTS,
        label=forgetting.label_of(by_number[new.typical]["title"]),
        category=max(categories, key=lambda category: (categories.count(category), category)),
        building=None,
        zone=None,
        first_at=min(row["opened_at"] for row in own),
        last_at=max(row["opened_at"] for row in own),
    )
    await store.add_members(tx, [Joined(report.number, topic, like) for report, like in new.members])
    return topic


async def _sense(tx: Transaction) -> tuple[list[str], list[str], list[str]]:
    """Makes topics of what sensors say again and again, and opens their masters, where one is needed: the new topics,
    the masters, and the orders of theirs that answer for a topic from now on.
    """
    new: list[str] = []
    masters: list[str] = []
    adopted: list[str] = []
    patterns = await store.sensor_patterns(tx, tx.at - SENSOR_WINDOW, least=SENSOR_ALERTS, limit=MAX_PATTERNS)
    for each in patterns:
        topic = await store.sensor_topic(tx, each, tx.at - ALIVE)
        if topic is None:
            topic = new_id()
            new.append(topic)
        centre = Centre(NOBODY.counts, len(each["numbers"]))
        values = {name: each[name] for name in ("category", "building", "zone", "first_at", "last_at")}
        await store.put(tx, topic, centre, kind=Kind.SENSOR, label=each["title"] or forgetting.UNNAMED, **values)
        await store.add_members(tx, [Joined(number, topic, 1.0) for number in each["numbers"]])
        row = (await store.named(tx, [topic]))[topic]
        if _may_open(row, tx.at - SENSOR_WINDOW):
            standing = (await connecting.standing(tx, [topic]))[topic]
            if number := connecting.answering_already(standing):
                adopted.append(await _adopt(tx, topic, number))
            elif standing:
                masters.append(await open_master(tx, row))
    return new, masters, adopted


async def _adopt(tx: Transaction, topic: str, number: str) -> str:
    """An order that is there already answers for a topic from now on; returns its number."""
    await store.set_master(tx, topic, number)
    await audit.record(tx, "topic.master_adopted", topic, {"number": number})
    return number


async def _due(tx: Transaction) -> tuple[list[dict[str, Any]], list[str]]:
    """What grows and has no order that answers for it; and orders of people that do so from now on.

    Whose reports are all answered needs none.
    """
    stretches: list[Stretch] = [(tx.at - (n + 1) * WEEK, tx.at - n * WEEK) for n in range(WEEKS_BEFORE + 1)]
    heard = await store.heard(tx, stretches)
    growing = sorted((name for name in heard if is_growing(heard[name])), key=lambda name: _place(name, heard[name]))
    rows = await store.named(tx, growing)
    names = [name for name in growing if _may_open(rows[name], tx.at - WEEK)]
    standing = await connecting.standing(tx, names)
    own = {name: number for name in names if (number := connecting.answering_already(standing[name]))}
    adopted = [await _adopt(tx, name, number) for name, number in own.items()]
    return [rows[name] for name in names if standing[name] and name not in own][:MAX_MASTERS], adopted


def _may_open(topic: dict[str, Any], since: datetime) -> bool:
    """Its master is over, and none was opened since: what was reported before an answer is answered."""
    return topic["master_state"] not in NOT_OVER and (topic["master_at"] is None or topic["master_at"] < since)


def _topic(row: dict[str, Any], heard: Sequence[Heard], seen: Frequencies, orders: str) -> Topic:
    # Sensors are nobody: how often they speak is what grows.
    of_sensor = row["kind"] == Kind.SENSOR
    now, *before = [each.reports if of_sensor else each.reporters for each in heard]
    own = {name: row[name] for name in Topic.model_fields if name in row}
    return Topic(
        **own,
        words=Centre(row["grams"], row["members"]).words(seen, WORDS),
        reports=heard[0].reports,
        orders=orders,
        reporters=heard[0].reporters,
        places=heard[0].places,
        before=before,
        growth=str(shares.rounded(Fraction(now * len(before), sum(before)))) if sum(before) else None,
        is_new=not sum(before),
    )


def _place(name: str, heard: Sequence[Heard]) -> tuple[int, int, str]:
    return (-heard[0].reporters, -heard[0].places, name)


def _and_before(week: Week) -> Iterable[Week]:
    return [week.earlier(n) for n in range(WEEKS_BEFORE + 1)]


def _orders(site: str, topic: str, week: Week) -> str:
    return f"/v1/sites/{site}/topics/{topic}/orders?week={week.name}"
