"""Holds an order, its ratings, its promises and what moved its limits against what its history says. Pure.

Rows and entries come as the database's JSON: times are texts, and the same if they are equal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from herun.order_chain import sealed
from herun.order_words import Action, Word

Row = Mapping[str, Any]

# Of every order; of one whose entries are chained; and of one that was opened with a seal.
_ALWAYS: Final = ("state", "worker", "version")
_CHAINED: Final = ("resolution", "answer")
_OF_ROUND: Final = (
    *_CHAINED, "dispatched_at", "handled_at", "arrived_at", "resolved_at", "answered_at", "closed_at",
)  # fmt: skip
_SEALED: Final = (*_OF_ROUND, "category", "merged_into", "reopens", "accepted_at")

_TIME_OF: Final = {
    "accepted": "accepted_at", "dispatched": "dispatched_at", "handling": "handled_at", "resolved": "resolved_at",
    "answered": "answered_at", "rated": "closed_at", "closed": "closed_at", "cancelled": "closed_at",
}  # fmt: skip
_TAKEN_UP_AGAIN: Final = frozenset({Action.RESUME, Action.REFUSE_RETURN})
_ENDS: Final = {"answered": "answered", "rated": "answered", "closed": "answered", "cancelled": "dropped"}
_LIMITS: Final = ("pause", "extension")


def strays(order: Row, beside: Row) -> Iterator[str]:
    """What of an order is not what its entries say, one sentence each.

    `beside` has its `entries` in their order, and its `ratings`, `promises`, `pauses` and `extensions`.
    """
    entries = beside["entries"] or []
    if not entries:
        yield "it has no history"
        return
    if [entry["n"] for entry in entries] != list(range(entries[0]["n"], entries[0]["n"] + len(entries))):
        yield "an entry of its history is gone"
    told = Told(entries)
    is_chained = all(entry["hash"] for entry in entries)
    names = _ALWAYS if not is_chained else (*_ALWAYS, *_CHAINED) if told.seal is None else (*_ALWAYS, *_SEALED)
    for name in names:
        if order[name] != told.kept[name]:
            yield f"its {name} is not what its history says: {_shown(name, order)}, not {_shown(name, told.kept)}"
    if is_chained and not told.has_ratings(beside["ratings"] or [], whole=told.seal is not None):
        yield "its ratings are not those of its history"
    if told.seal is not None:
        yield from _sealed_strays(order, beside, told)


def _sealed_strays(order: Row, beside: Row, told: Told) -> Iterator[str]:
    if order["salt"] is None:
        yield "what it was opened with cannot be checked any more: its salt is gone"
    elif told.seal != sealed(bytes.fromhex(order["salt"]), order):
        yield "its text, place, reporter or what else it was opened with is not what was written"
    promises = beside["promises"] or []
    if _moment(order["promised_at"]) != told.promises.get(max(told.promises, default=0)):
        yield "what is promised is not what its history says"
    if {row["round"]: _moment(row["due_at"]) for row in promises} != told.promises:
        yield "its promises are not those of its history"
    for row in promises:
        ended = told.ended.get(row["round"], (None, None))
        if not row["follows"] and (row["ended_at"], row["outcome"]) != ended:
            yield f"the promise of round {row['round']} did not end when its history says"
    for kind in _LIMITS:
        if not told.has_limits(kind, beside[f"{kind}s"] or []):
            yield f"its {kind}s are not those of its history"


class Told:
    """What the entries of an order say that it is."""

    def __init__(self, entries: list[Row]) -> None:
        self.kept: dict[str, Any] = dict.fromkeys((*_ALWAYS, *_SEALED)) | {"reopens": 0}
        self.seal: str | None = None
        self.times: set[str] = set()
        self.round = 0  # of the promise: reopening begins one, of the order or of what it is merged into
        self.ended: dict[int, tuple[str, str]] = {}
        self.promises: dict[int, datetime | str | None] = {}
        self._ratings: list[tuple[Any, ...]] = []
        self._asked: dict[str, list[tuple[Any, ...]]] = {kind: [] for kind in _LIMITS}
        self._decided: dict[str, Counter[tuple[Any, ...]]] = {kind: Counter() for kind in _LIMITS}
        for entry in entries:
            self._hear(entry)

    def has_ratings(self, rows: list[Row], *, whole: bool) -> bool:
        """True if these are the ratings that were given; not `whole`: without the aspects, which were not chained."""
        names = ("round", "score", "solved", "rater", "comment", "at", "speed", "attitude", "result")
        length = len(names) if whole else names.index("speed")
        found = [tuple(row[name] for name in names)[:length] for row in rows]
        return found == [rating[:length] for rating in self._ratings]

    def has_limits(self, kind: str, rows: list[Row]) -> bool:
        """True if these are the pauses, or extensions, that were asked for, decided on and ended."""
        asked = [(row["asked_by"], row["asked_at"], _reason(row), _moment(row.get("until"))) for row in rows]
        decided = Counter((row["decided_by"], row["decided_at"], row["approved"]) for row in rows)
        decided.pop((None, None, None), None)
        return asked == self._asked[kind] and decided == self._decided[kind] and all(self._ended(row) for row in rows)

    def _ended(self, row: Row) -> bool:
        """A pause ends with an entry, be it the one that gave the order to somebody else, or by itself."""
        end = row.get("ended_at")
        return end is None or end in self.times or end == row["until"]

    def _hear(self, entry: Row) -> None:
        detail = entry["detail"] if isinstance(entry["detail"], dict) else {}
        self.times.add(entry["at"])
        self.kept |= {"state": entry["to_state"], "worker": entry["worker"], "version": entry["n"]}
        came_to = _TIME_OF.get(entry["to_state"])
        if came_to and entry["from_state"] != entry["to_state"] and entry["action"] not in _TAKEN_UP_AGAIN:
            self.kept[came_to] = entry["at"]
        if entry["to_state"] in _ENDS:
            self.ended.setdefault(self.round, (entry["at"], _ENDS[entry["to_state"]]))
        self._hear_step(entry, detail)
        self._hear_of_limits(entry, detail)
        if entry["action"] == Word.PROMISED:
            self.round = detail.get("round", self.round)
            if "reopens" in detail:  # who had rated what was reopened; entries of before say and did no such thing
                self._begin_a_round()
        if "promised" in detail:
            self.promises[self.round] = _moment(detail["promised"])

    def _hear_step(self, entry: Row, detail: Row) -> None:
        match entry["action"]:
            case Word.OPENED:
                self.seal = detail.get("original")
                self.kept["category"] = detail.get("category")
            case Word.CATEGORISED:
                self.kept["category"] = detail.get("to")
                self.seal = detail.get("original", self.seal)  # with answers it was sealed anew
            case Action.HANDLE:
                self.kept["arrived_at"] = None  # whoever had it before was there, if anybody
            case Action.ARRIVE:
                self.kept["arrived_at"] = entry["at"]
            case Action.RESOLVE:
                self.kept["resolution"] = entry["reason"]
            case Action.ANSWER:
                self.kept["answer"] = entry["reason"]
            case Action.RATE:
                aspects = (detail.get("speed"), detail.get("attitude"), detail.get("result"))
                said = (detail.get("score"), detail.get("solved"), entry["actor"], entry["reason"], entry["at"])
                self._ratings.append((self.kept["reopens"], *said, *aspects))
            case Action.MERGE | Word.MOVED_ON:
                self.kept["merged_into"] = detail.get("master")
            case Action.UNMERGE | Action.REOPEN | Word.WENT_BACK:
                self._hear_of_a_new_round(entry, detail.get("master"))

    def _hear_of_a_new_round(self, entry: Row, master: str | None) -> None:
        """Whoever had rated before it was taken out of another order begins a new round too."""
        rated = any(rating[0] == self.kept["reopens"] for rating in self._ratings)
        is_reopened = entry["action"] == Action.REOPEN
        if is_reopened or rated:
            self._begin_a_round()
        self.kept["merged_into"] = master
        if is_reopened:
            self.ended.setdefault(self.round, (entry["at"], "dropped"))
            self.round += 1

    def _begin_a_round(self) -> None:
        self.kept |= dict.fromkeys(_OF_ROUND) | {"reopens": self.kept["reopens"] + 1}

    def _hear_of_limits(self, entry: Row, detail: Row) -> None:
        kind, _, what = entry["action"].partition("_")
        if kind not in _LIMITS:
            return
        if what == "asked":
            said = (entry["actor"], entry["at"], entry["reason"], _moment(detail.get("until")))
            self._asked[kind].append(said)
        elif what in {"approved", "denied"}:
            self._decided[kind][entry["actor"], entry["at"], what == "approved"] += 1


def _reason(row: Row) -> str:
    return f"{row['minutes']} min: {row['reason']}" if "minutes" in row else f"{row['reason']}: {row['note']}"


def _shown(name: str, row: Row) -> object:
    """Words of people are not repeated."""
    return "(other words)" if name in _CHAINED and row[name] else row[name]


def _moment(text: str | None) -> datetime | str | None:
    """The moment; what is none, as it is: it is like no other."""
    try:
        return None if text is None else datetime.fromisoformat(text)
    except (ValueError, TypeError):
        return text
