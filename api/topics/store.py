"""Topics and their members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from psycopg.types.json import Jsonb

from api.topics.clusters import Joined
from api.topics.text import Centre, Frequencies
from api.transactions import Transaction
from api.work_orders.listing import eyes
from api.work_orders.order import Person
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
_VOICES: Final = f"WITH voices AS (\n{_QUERIES['voices']}\n)\n"
_RECENT: Final = _VOICES + _QUERIES["recent"]
_UNSORTED: Final = _VOICES + _QUERIES["unsorted"]
_WAITING: Final = _VOICES + _QUERIES["waiting"]
_SENSED: Final = f"{_VOICES}, sensed AS (\n{_QUERIES['sensed']}\n)\n"
_SORTED_IN: Final = f"{_SENSED}, sorted_in AS (\n{_QUERIES['sorted_in']}\n)\n"
_MEMBERS: Final = _SORTED_IN + _QUERIES["members"]
_HOW_MANY: Final = _SORTED_IN + _QUERIES["how_many"]
_HEARD: Final = _SENSED + _QUERIES["heard"]

MAX_HIDDEN: Final = 1000  # confidential orders that are of topics

Stretch = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard of a topic in one stretch: of a sensor's its alerts' orders, which nobody reports."""

    reports: int = 0
    reporters: int = 0
    places: int = 0


class Spot(NamedTuple):
    """Where something is reported: a building, or a zone, which may lie in none."""

    building: str | None
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """The orders of a topic, of one stretch or (None) all of them, as one person asks."""

    topic: str
    stretch: Stretch | None
    person: Person

    @property
    def values(self) -> dict[str, Any]:
        """As the statements ask for them."""
        since, until = self.stretch or (None, None)
        return {"topic": self.topic, "since": since, "until": until, **eyes(self.person)}


async def claim(tx: Transaction, every: timedelta, *, forced: bool) -> bool:
    """True if a pass is due (or forced); nobody else makes one until this transaction ends."""
    return await tx.one(_QUERIES["claim"], due_before=tx.at - every, forced=forced) is not None


async def hold(tx: Transaction, every: timedelta) -> None:
    """Nobody else makes a pass until this transaction ends; the next that is due comes when it would have come."""
    await tx.run(_QUERIES["hold"], long_ago=tx.at - every)


async def sorted_seq(tx: Transaction) -> int:
    """Up to which report passes have looked at all, in the order in which they were opened."""
    row = await tx.one(_QUERIES["sorted_seq"])
    return int(row["sorted_seq"]) if row else 0


async def recent(tx: Transaction, since: datetime, limit: int) -> list[dict[str, Any]]:
    """What the newest reports since then say."""
    return await tx.chosen(_RECENT, since=since, until=_now(tx), limit=limit)


async def unsorted(tx: Transaction, since: datetime, sorted_seq: int, limit: int) -> list[dict[str, Any]]:
    """Reports since then that are of no topic, oldest first: those that wait to be looked at before the others, of
    which the newest come.
    """
    rows = await tx.chosen(_UNSORTED, since=since, until=_now(tx), sorted_seq=sorted_seq, limit=limit)
    return sorted(rows, key=lambda row: row["opened_seq"])


async def waiting(tx: Transaction, since: datetime, sorted_seq: int) -> int:
    """How many reports since then wait to be looked at."""
    (row,) = await tx.chosen(_WAITING, since=since, until=_now(tx), sorted_seq=sorted_seq)
    return int(row["waiting"])


async def heard(tx: Transaction, stretches: Sequence[Stretch]) -> dict[str, list[Heard]]:
    """By topic, for each of the stretches."""
    begins, ends = zip(*stretches, strict=True)
    values = {"since": min(begins), "until": max(ends), "begins": list(begins), "ends": list(ends)}
    found: dict[str, list[Heard]] = {}
    for row in await tx.chosen(_HEARD, **values):
        of_topic = found.setdefault(row["topic"], [Heard()] * len(stretches))
        of_topic[row["n"] - 1] = Heard(row["reports"], row["reporters"], row["places"])
    return found


async def keep_pass(tx: Transaction, known: Frequencies, sorted_seq: int) -> None:
    """For the next pass, and for those who ask before it; what only one report has is not kept."""
    shared = {gram: count for gram, count in known.counts.items() if count > 1}
    await tx.run(_QUERIES["keep_pass"], reports=known.reports, frequencies=Jsonb(shared), sorted_seq=sorted_seq)


async def frequencies(tx: Transaction) -> Frequencies:
    """Of the last pass."""
    row = await tx.one(_QUERIES["frequencies"])
    return Frequencies(row["reports"], row["frequencies"]) if row else Frequencies(0, {})


async def alive(tx: Transaction, since: datetime, limit: int) -> dict[str, Centre]:
    """The centres of topics that were heard of since then, the latest first."""
    rows = await tx.all(_QUERIES["alive"], since=since, limit=limit)
    return {row["topic"]: Centre(row["grams"], row["members"]) for row in rows}


async def put(tx: Transaction, topic: str, centre: Centre, **values: Any) -> None:
    """Makes a topic; of one that exists only what grows is changed."""
    await tx.run(_QUERIES["put"], topic=topic, grams=Jsonb(dict(centre.counts)), members=centre.members, **values)


async def grow(tx: Transaction, centres: Mapping[str, Centre], last_at: Mapping[str, datetime]) -> None:
    """Writes the centres of topics that grew, and when they were last heard of."""
    await tx.many(
        _QUERIES["grow"],
        [
            {"topic": topic, "grams": Jsonb(dict(each.counts)), "members": each.members, "last_at": last_at[topic]}
            for topic, each in centres.items()
        ],
    )


async def make_again(tx: Transaction, topic: str, label: str, centre: Centre) -> None:
    """Gives a topic another label and centre; it was not heard of meanwhile."""
    values = {"topic": topic, "label": label, "grams": Jsonb(dict(centre.counts)), "members": centre.members}
    await tx.run(_QUERIES["make_again"], **values)


async def said_by(tx: Transaction, number: str) -> dict[str, Any] | None:
    """What an order says, with its topic, which nobody else changes now, and the title of the other one that is most
    like the whole, if there is one. None if it is of no topic, or somebody changes that at this moment.
    """
    return await tx.one(_QUERIES["said_by"], number=number)


async def called_by_hidden(tx: Transaction) -> list[dict[str, Any]]:
    """The same of topics that have something confidential among their orders, without their words."""
    return await tx.all(_QUERIES["called_by_hidden"], limit=MAX_HIDDEN)


async def called_by(tx: Transaction, numbers: Sequence[str]) -> list[dict[str, Any]]:
    """The topics of these orders, with the title of another one that is most like the whole and says something else."""
    return await tx.all(_QUERIES["called_by"], numbers=list(numbers))


async def call(tx: Transaction, topic: str, label: str) -> None:
    """Gives a topic another label."""
    await tx.run(_QUERIES["call"], topic=topic, label=label)


async def labels(tx: Transaction, topics: Iterable[str]) -> dict[str, str]:
    """What topics are called now."""
    return {row["topic"]: row["label"] for row in await tx.all(_QUERIES["labels"], topics=list(topics))}


async def add_members(tx: Transaction, joined: Iterable[Joined]) -> None:
    """Orders that are of a topic from now on; one that is of a topic stays with it."""
    rows = [{"number": each.number, "topic": each.topic, "similarity": each.likeness} for each in joined]
    await tx.many(_QUERIES["add_member"], rows)


async def named(tx: Transaction, topics: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Topics by id, with the state of the order that answers for each."""
    return {row["topic"]: row for row in await tx.all(_QUERIES["named"], topics=list(topics))}


async def only_building(tx: Transaction, topic: str) -> str | None:
    """The building of all its orders; None if they are of several, or of none."""
    rows = await tx.all(_QUERIES["buildings"], topic=topic)
    return rows[0]["building"] if len(rows) == 1 else None


async def usual_grid(tx: Transaction, topic: str, not_over: Iterable[str]) -> str | None:
    """The grid of most of its orders that are in these states, or merged into such; of equals the first by name."""
    row = await tx.one(_QUERIES["usual_grid"], topic=topic, not_over=sorted(not_over))
    return row["grid"] if row else None


async def severities(tx: Transaction, topic: str, not_over: Iterable[str]) -> list[str]:
    """How severe its orders are that are in these states, or merged into such, each once."""
    return [row["severity"] for row in await tx.all(_QUERIES["severities"], topic=topic, not_over=sorted(not_over))]


async def members(tx: Transaction, listed: Listed, *, after: str | None, limit: int) -> list[dict[str, Any]]:
    """Its orders that are for this person's eyes, by number."""
    return await tx.chosen(_MEMBERS, after=after, limit=limit, **listed.values)


async def how_many(tx: Transaction, listed: Listed) -> tuple[int, int]:
    """How many orders it has, and how many of them are not for this person's eyes."""
    (row,) = await tx.chosen(_HOW_MANY, **listed.values)
    return row["orders"], row["hidden"]


async def standing(tx: Transaction, topics: Sequence[str], not_over: Iterable[str]) -> list[dict[str, Any]]:
    """The orders that the reports of topics come to and that are not over: topic, number, and how many come to it."""
    return await tx.all(_QUERIES["standing"], topics=list(topics), not_over=sorted(not_over))


async def unbegun(
    tx: Transaction, topics: Sequence[str], at_work: Iterable[str], states: Iterable[str], limit: int
) -> list[dict[str, Any]]:
    """Reports that nobody has begun with, of these topics and of those whose master is at work, the oldest first."""
    return await tx.all(
        _QUERIES["unbegun"], topics=list(topics), at_work=list(at_work), states=sorted(states), limit=limit
    )


async def set_master(tx: Transaction, topic: str, master: str) -> None:
    """From now on this order answers for the topic."""
    await tx.run(_QUERIES["set_master"], topic=topic, master=master)


async def sensor_patterns(tx: Transaction, since: datetime, *, least: int, limit: int) -> list[dict[str, Any]]:
    """Houses, and zones that lie in none, whose sensors raised at least so many alerts of one category since then."""
    return await tx.all(_QUERIES["sensor_patterns"], since=since, until=_now(tx), least=least, limit=limit)


async def sensor_topic(tx: Transaction, pattern: Mapping[str, Any], since: datetime) -> str | None:
    """The topic of such a pattern that was heard of since then."""
    own = {name: pattern[name] for name in ("category", "building", "zone")}
    row = await tx.one(_QUERIES["sensor_topic"], since=since, **own)
    return row["topic"] if row else None


async def answering(
    tx: Transaction, spot: Spot, at_work: Iterable[str], limit: int, *, since: datetime | None = None
) -> list[dict[str, Any]]:
    """Topics heard of from this building, or (sensors') from this zone that lies in none, whose master somebody has, in
    one of these states, the latest first. `since`: heard of since then.
    """
    values = {**spot._asdict(), "at_work": list(at_work), "limit": limit, "heard_since": since}
    return await tx.all(_QUERIES["answering"], **values)


def _now(tx: Transaction) -> datetime:
    """The end of what there is by now."""
    return tx.at + timedelta(microseconds=1)
