"""The weekly bulletin: drafted as often as you like, frozen once, corrected beside it and never in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from api import cursors
from api.audit import store as audit
from api.bulletins import store
from api.bulletins.classes import OTHER, TopClass, top_classes
from api.bulletins.ranking import ROUNDING, ranked
from api.bulletins.schemas import (
    Bulletin,
    BulletinBody,
    BulletinHead,
    Bulletins,
    Change,
    Correction,
    Corrections,
    Draft,
    Example,
    GrowingTopic,
    HotTopic,
    LeftOut,
    NewBulletin,
    NewPair,
    Pair,
    Ranking,
    Sources,
)
from api.bulletins.store import Stretch
from api.figures.definitions import Measure
from api.figures.service import address_of, zone_of
from api.figures.weeks import Week, week_named
from api.problems import FieldError, Problem, conflict, invalid, not_found
from api.topics import forgetting
from api.topics import service as topics
from api.topics import store as topic_store
from api.topics.ids import names_an_order
from api.topics.schemas import Kind
from api.transactions import Transaction
from api.work_orders.order import Person
from herun.bulletin_seal import digest
from herun.redaction import redacted

T = TypeVar("T")
H = TypeVar("H", bound=HotTopic)

EXAMPLES: Final = 2  # of each ranked class
HOT_TOPICS: Final = 5  # of one bulletin
EXAMPLE_CHARS: Final = 300  # of an example; the rest is left out
MAX_ANSWER_CHARS: Final = 2000  # of a published answer: the whole of what an order may hold


async def draft(tx: Transaction, week: str) -> Draft:
    """What would be frozen now, without pairs. Raises Problem 404 without a site, 422 for no week."""
    wanted, zone = week_named(week), await zone_of(tx)
    await topics.sort(tx)
    counts = await store.by_category(tx, _stretch(wanted, zone))
    return await _composed(tx, NewBulletin(week=week, left_out=[], pairs=[]), counts, wanted, zone)


async def freeze(tx: Transaction, new: NewBulletin) -> Bulletin:
    """Freezes a week that is over.

    Raises Problem 409 if it is not, is frozen already, or was before anybody reported anything; 422 for a bad pair.
    """
    wanted, zone = week_named(new.week), await zone_of(tx)
    stretch = _stretch(wanted, zone)
    if tx.at < stretch.end:
        raise conflict("week_not_over", f"{new.week} ends at {stretch.end.isoformat()}")
    if not await store.began_before(tx, stretch.end):
        raise conflict("before_first_report", f"nobody had reported anything by the end of {new.week}")
    await topics.sort(tx)
    await store.one_at_a_time(tx)
    if await store.one(tx, new.week) is not None:
        raise conflict("already_frozen", f"the bulletin of {new.week} is frozen; corrections are listed beside it")
    counts = await store.keep_orders(tx, stretch)
    made = await _composed(tx, new, counts, wanted, zone)
    body = made.body.model_dump(mode="json")
    await store.keep(tx, new.week, body, digest=digest(body), sources=made.sources)
    await audit.record(tx, "bulletin.frozen", new.week, {"hash": digest(body), "reports": made.body.ranking.total})
    return await one(tx, new.week, with_sources=True)


async def one(tx: Transaction, week: str, *, with_sources: bool) -> Bulletin:
    """A frozen bulletin, without the words of orders that are confidential by now. Raises Problem 404.

    A topic that was named anew, because it was called by one of these, is told by its new name. `with_sources` is for
    those who may know which orders it is of.
    """
    row = await _kept(tx, week)
    try:
        body, sources = BulletinBody(**row["body"]), Sources(**row["sources"])
    except (ValidationError, TypeError) as error:
        raise _not_intact(week) from error
    if (len(body.examples), len(body.pairs)) != (len(sources.examples), len(sources.pairs)):
        raise _not_intact(week)  # which words are whose is not known any more
    gone = await store.confided(tx, {*sources.examples, *sources.pairs})
    examples = _without(gone, body.examples, sources.examples)
    pairs = _without(gone, body.pairs, sources.pairs)
    hot = await _named_now(tx, body.topics)
    is_renamed = [now.label != then.label for now, then in zip(hot, body.topics, strict=True)]
    if not with_sources:
        hot = [each.model_copy(update={"topic": None}) if names_an_order(each.topic or "") else each for each in hot]
    shown = {"examples": [each for each, _ in examples], "pairs": [each for each, _ in pairs], "topics": hot}
    return Bulletin(
        week=row["week"],
        frozen_by=row["frozen_by"],
        frozen_at=row["frozen_at"],
        hash=row["hash"],
        intact=digest(row["body"]) == row["hash"],
        body=body.model_copy(update=shown),
        left_out=LeftOut(
            examples=len(body.examples) - len(examples),
            pairs=len(body.pairs) - len(pairs),
            topics=sum(is_renamed),
        ),
        sources=Sources(examples=[number for _, number in examples], pairs=[number for _, number in pairs])
        if with_sources
        else None,
        orders=_orders(body, await top_classes(tx)) if with_sources else None,
    )


def _orders(body: BulletinBody, classes: Mapping[str, TopClass]) -> dict[str, str]:
    """Where the orders of each ranked class are listed, by its name as it is printed; a class that is called otherwise
    by now has no such list.
    """
    called = {each.zh for each in classes.values()}
    printed = [*(item.top_class["zh"] for item in body.ranking.items if item.top_class["zh"] in called), OTHER.zh]
    asked = {"measure": Measure.REPORTED, "week": body.week}
    return {name: address_of(body.site, {**asked, "class": name}) for name in dict.fromkeys(printed)}


async def page(tx: Transaction, *, cursor: str | None, limit: int) -> Bulletins:
    """Frozen bulletins, newest week first."""
    rows = await store.page(tx, before=cursors.decode_text(cursor), limit=limit + 1)
    items = [BulletinHead(**row) for row in rows[:limit]]
    return Bulletins(items=items, next_cursor=cursors.encode(items[-1].week) if len(rows) > limit else None)


async def corrections(tx: Transaction, person: Person, week: str, *, cursor: str | None, limit: int) -> Corrections:
    """What would be told otherwise now. Raises Problem 404 if the week is not frozen."""
    await _kept(tx, week)
    stretch, classes = _stretch(week_named(week), await zone_of(tx)), await top_classes(tx)
    rows = await store.corrections(tx, person, stretch, after=cursors.decode_text(cursor), limit=limit + 1)
    return Corrections(
        week=week,
        counts={Change(change): count for change, count in (await store.correction_counts(tx, stretch)).items()},
        left_out=await store.hidden(tx, person, stretch),
        ranking_now=ranked(await store.by_category(tx, stretch), classes),
        items=[
            Correction(**row, top_class_now=classes.get(row["category_now"], OTHER)._asdict()) for row in rows[:limit]
        ],
        next_cursor=cursors.encode(rows[limit - 1]["number"]) if len(rows) > limit else None,
    )


async def _named_now(tx: Transaction, hot: Sequence[H]) -> list[H]:
    called = await topic_store.labels(tx, [each.topic for each in hot if each.topic is not None])
    labels = [redacted(called.get(each.topic or "", each.label), EXAMPLE_CHARS) for each in hot]
    return [each.model_copy(update={"label": label}) for each, label in zip(hot, labels, strict=True)]


def _without(gone: AbstractSet[str], printed: Sequence[T], numbers: Sequence[str]) -> list[tuple[T, str]]:
    """What was printed with the number of its order, but for these orders."""
    return [each for each in zip(printed, numbers, strict=True) if each[1] not in gone]


def as_frozen(bulletin: Bulletin) -> Bulletin:
    """A bulletin that leaves as a file, which says nothing of itself. Raises Problem 409 if it is not intact."""
    if not bulletin.intact:
        raise _not_intact(bulletin.week)
    return bulletin


def _not_intact(week: str) -> Problem:
    return conflict("not_intact", f"what is kept of the bulletin of {week} is not what was frozen")


async def _kept(tx: Transaction, week: str) -> dict[str, Any]:
    row = await store.one(tx, week)
    if row is None:
        raise not_found("bulletin")
    return row


async def _composed(tx: Transaction, new: NewBulletin, counts: Mapping[str, int], week: Week, zone: ZoneInfo) -> Draft:
    stretch, classes = _stretch(week, zone), await top_classes(tx)
    ranking = ranked(counts, classes)
    # What people report: sensors' topics are the last of a list.
    hot = [each for each in (await topics.of_week(tx, week, zone, HOT_TOPICS)).items if each.kind is Kind.REPORTS]
    await _check_left_out(tx, stretch, new.left_out, {each.topic for each in hot})
    await forgetting.not_by(tx, new.left_out)
    rows = await _examples(tx, stretch, ranking, classes, new.left_out)
    named = {top.zh: top for top in classes.values()}
    body = BulletinBody(
        site=tx.site,
        week=week.name,
        begin=stretch.begin.isoformat(),
        end=stretch.end.isoformat(),
        rounding=ROUNDING,
        ranking=ranking,
        examples=[
            Example(top_class=named[row["top_class"]]._asdict(), text=redacted(row["told"] or "", EXAMPLE_CHARS))
            for row in rows
        ],
        pairs=await _pairs(tx, new.pairs),
        topics=await _named_now(
            tx, [GrowingTopic(**{name: getattr(each, name) for name in GrowingTopic.model_fields}) for each in hot]
        ),
    )
    numbers = Sources(examples=[row["number"] for row in rows], pairs=[pair.number for pair in new.pairs])
    return Draft(body=body, sources=numbers, orders=_orders(body, classes))


async def _examples(
    tx: Transaction, stretch: Stretch, ranking: Ranking, classes: Mapping[str, TopClass], left_out: Sequence[str]
) -> list[dict[str, Any]]:
    """Of the ranked classes, in the order of their ranks."""
    places = {item.top_class["zh"]: place for place, item in enumerate(ranking.items)}
    of_ranked = {category: top.zh for category, top in classes.items() if top.zh in places}
    rows = await store.examples(tx, stretch, of_ranked, left_out, EXAMPLES)
    return sorted(rows, key=lambda row: places[row["top_class"]])


async def _check_left_out(tx: Transaction, stretch: Stretch, left_out: Sequence[str], hot: AbstractSet[str]) -> None:
    """A slip of the pen would print for good what was meant to be left out. A topic may be called by a report of an
    earlier week.
    """
    known = await store.of_week(tx, stretch, left_out)
    known |= {row["number"] for row in await topic_store.called_by(tx, left_out) if row["topic"] in hot}
    for index, number in enumerate(left_out):
        if number not in known:
            error = FieldError(loc=["body", "left_out", index], msg="the week has no such report", type="unknown")
            raise invalid("bad_left_out", f"left_out.{index}: the week has no report {number}", [error])


async def _pairs(tx: Transaction, pairs: Sequence[NewPair]) -> list[Pair]:
    told = await store.told(tx, [pair.number for pair in pairs])
    published = []
    for index, pair in enumerate(pairs):
        order = told.get(pair.number)
        if order is None:
            raise _bad_pair(index, "there is no such work order")
        if order["confidential"]:
            raise _bad_pair(index, "the work order is confidential")
        question, answer = pair.question or order["question"], pair.answer or order["answer"]
        if not question or not answer:
            raise _bad_pair(index, "the work order is not answered yet, and no answer is given here")
        published.append(Pair(question=redacted(question, MAX_ANSWER_CHARS), answer=redacted(answer, MAX_ANSWER_CHARS)))
    return published


def _bad_pair(index: int, why: str) -> Problem:
    error = FieldError(loc=["body", "pairs", index], msg=why, type="bad_pair")
    return invalid("bad_pair", f"pairs.{index}: {why}", [error])


def _stretch(week: Week, zone: ZoneInfo) -> Stretch:
    return Stretch(week.name, week.begins_at(zone), week.ends_at(zone))
