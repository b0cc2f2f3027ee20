"""A work order as one person sees it."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from api.transactions import SYSTEM
from api.work_orders import order as orders
from api.work_orders.already import is_so_already
from api.work_orders.guards import may_choose, may_claim
from api.work_orders.order import CONFIDANTS, Order, Person, Rating, bonds
from api.work_orders.schemas import GivenRating, HistoryEntry, OrderAlert, Place, Times, WorkOrder
from api.work_orders.states import DECISIONS, TOLD, TRANSITIONS, Action, Bond, State, possible, sentence
from herun.order_words import Word
from herun.personal import mask
from herun.redaction import redacted

_MADE: Final = {
    "sentence",
    "possible_actions",
    "place",
    "alert",
    "contact_phone",
    "answer",
    "rating",
    "times",
    "asked_until",
}
# What the reporter is meant to read, or has written; and what is none of theirs.
FOR_REPORTERS: Final = frozenset(
    {
        Word.OPENED, Word.AMENDED, Action.DISPATCH, Action.HOLD, Action.MERGE, Action.UNMERGE, Action.RESOLVE,
        Action.ANSWER, Action.RATE, Action.REOPEN, Action.CONFIDE, Action.DISCLOSE, Action.CANCEL, Word.ASK, Word.TOLD,
        Word.LAPSED, Word.URGE, Word.PICTURED,
    }
)  # fmt: skip
_SAYS_OF_OTHERS: Final = frozenset({Action.HOLD, Action.MERGE, Action.UNMERGE, Action.CANCEL, Action.REOPEN})
AMONG_WORKERS: Final = frozenset({Word.NOTED, Word.LISTED, Word.TICKED})
# Whoever reported the same may have done it: that somebody did is no secret, who it was is.
_BY_OTHERS: Final = frozenset({Word.JOINED, Word.LEFT})
_CALL_BACK: Final = frozenset({Bond.DESK, Bond.WORKER})
SOMEBODY: Final = "(somebody)"  # no username has brackets
_OTHERS: Final = ("part", "follower", "number")  # of which an entry may say that it is about it
_SAID_TO_ALL: Final = frozenset({"score", "solved"})  # of a rating
_AS_IT_IS: Final = [name for name in WorkOrder.model_fields if name not in _MADE]


def shown(
    order: Order,
    person: Person,
    at: datetime,
    *,
    may_rate: bool = False,
    not_theirs: AbstractSet[Action] = DECISIONS,
) -> WorkOrder:
    """The order; the reporter's phone is whole only for the desk, the worker and the reporter, and what was said with a
    rating for who is inside and who gave it.

    `may_rate`: the rating that is waited for is this person's to give. `not_theirs`: on what others decide.
    """
    own = {name: getattr(order, name) for name in _AS_IT_IS}
    return WorkOrder(
        **own,
        sentence=in_words(order, at, can_rate=may_rate),
        possible_actions=_theirs(order, person, not_theirs, may_rate=may_rate),
        asked_until=order.asked_until if orders.is_asked(order, at) else None,
        place=_place(order),
        alert=_alert(order),
        contact_phone=_phone(order, person),
        answer=order.answer or _masters_answer(order, person),
        rating=_rating(order, person),
        times=Times(**{name: getattr(order, name) for name in Times.model_fields}),
    )


def for_reporters(entries: list[HistoryEntry], me: str) -> list[HistoryEntry]:
    """A history without what is said among those who work on it, by others who reported the same, or by neighbours;
    that something happened is no secret.
    """
    return [
        entry.model_copy(update=_for_reporter(entry, me))
        for entry in entries
        if is_for_reporters(entry.action, of_follower="follower" in (entry.detail or {}))
    ]


def speaks_of(detail: Mapping[str, Any] | None) -> str | None:
    """The part, or the merged order, that an entry is about besides the order in whose history it stands."""
    return next((str(detail[name]) for name in _OTHERS if detail.get(name)), None) if detail else None


def hushed(entry: HistoryEntry) -> HistoryEntry:
    """An entry about an order that this reader may not know of: that something happened, and no more."""
    detail = {name: None if name in _OTHERS else said for name, said in (entry.detail or {}).items()}
    return entry.model_copy(update={"reason": None, "detail": detail, "actor": hushed_actor(entry.action, entry.actor)})


def hushed_actor(action: str, actor: str) -> str:
    """Whoever splits an order acts on that; what comes, goes or is said is the other one's."""
    return actor if action == Action.SPLIT else SYSTEM


def is_for_reporters(action: str, *, of_follower: bool) -> bool:
    """True if an entry is for them. `of_follower`: it says what the reporter of a merged order said of that."""
    return not of_follower and action not in AMONG_WORKERS


def actor_for_reporters(action: str, actor: str, me: str) -> str:
    """Who acted, as far as reporters are told."""
    is_others = (action in _BY_OTHERS and actor != SYSTEM) or _is_others_rating(action, actor, me)
    return SOMEBODY if is_others else actor


def reason_for_reporters(action: str, actor: str, reason: str | None, me: str) -> str | None:
    """What was said with an act, as far as reporters are told; why the desk merged may speak of somebody else."""
    if reason is None or action not in FOR_REPORTERS or _is_others_rating(action, actor, me):
        return None
    return redacted(reason) if action in _SAYS_OF_OTHERS and actor not in {me, SYSTEM} else reason


def _is_others_rating(action: str, actor: str, me: str) -> bool:
    """True for what a neighbour said of an alert's order of their house: what a report came to its reporter rates."""
    return action == Action.RATE and actor != me


def _for_reporter(entry: HistoryEntry, me: str) -> dict[str, object]:
    detail = entry.detail if entry.action in FOR_REPORTERS else None
    if _is_others_rating(entry.action, entry.actor, me):
        detail = {name: said for name, said in (detail or {}).items() if name in _SAID_TO_ALL}
    return {
        "actor": actor_for_reporters(entry.action, entry.actor, me),
        "reason": reason_for_reporters(entry.action, entry.actor, entry.reason, me),
        "detail": detail,
    }


def in_words(order: Order, at: datetime, *, can_rate: bool) -> dict[str, str]:
    """How an order stands; whoever has something to do with it now, to rate or to answer, is asked to."""
    master = orders.stands(order, at) if order.state is State.MERGED else None
    return sentence(order.state, master, is_asked=orders.is_asked(order, at), can_rate=can_rate)


def _theirs(order: Order, person: Person, not_theirs: AbstractSet[Action], *, may_rate: bool) -> list[Action]:
    tied = bonds(person, order, frozenset())
    now = {action for action in possible(order.state) if _is_possible(order, person, action)}
    theirs = {
        action
        for action in now - not_theirs - {Action.RATE}
        if not tied.isdisjoint(TRANSITIONS[action].bonds) and not orders.is_own_cause(order, person, action)
    }
    return [action for action in TRANSITIONS if action in theirs or (may_rate and action is Action.RATE)]


def _is_possible(order: Order, person: Person, action: Action) -> bool:
    """False for what its state has, and the order does not."""
    if action in {Action.SPLIT, Action.MERGE} and order.parent is not None:
        return False  # a part is neither
    if action is Action.CANCEL:
        return not orders.has_to_be_answered(order, person.username)
    if action is Action.REOPEN and order.state is State.MERGED:
        return order.master_state in TOLD
    if action is Action.TRANSFER and not may_choose(person, confidential=order.confidential):
        return False
    if action is Action.CLAIM and not may_claim(person, order):
        return False
    return orders.used_up(order, action) is None and not is_so_already(order, action)


def _masters_answer(order: Order, person: Person) -> str | None:
    """What was answered to all who reported the same, without what it says of somebody; to others only if they may read
    the order that stands for it.
    """
    is_theirs = not order.master_confidential or person.has(*CONFIDANTS) or person.username == order.reporter
    if order.master_answer is None or not is_theirs:
        return None
    return order.master_answer if orders.is_inside(person, order) else redacted(order.master_answer)


def _place(order: Order) -> Place | None:
    is_known = order.lat is not None or order.address is not None
    return Place(lat=order.lat, lon=order.lon, address=order.address) if is_known else None


def reads_contact(person: Person, order: Order) -> bool:
    """True if it is for them to call whoever reported it: who helps, or may take it, reads no phone whole."""
    return not bonds(person, order, frozenset()).isdisjoint(_CALL_BACK)


def _phone(order: Order, person: Person) -> str | None:
    if order.contact_phone is None:
        return None
    whole = reads_contact(person, order) or person.username == order.reporter
    return order.contact_phone if whole else mask(order.contact_phone)


def _alert(order: Order) -> OrderAlert | None:
    if order.alert_id is None:
        return None
    return OrderAlert(
        alert_id=str(order.alert_id),
        rule_uid=order.alert_rule_uid or "",
        count=order.alert_count or 0,
        cleared_at=order.alert_cleared_at,
    )


def _rating(order: Order, person: Person) -> GivenRating | None:
    if order.rating is None or order.rated_by is None:
        return None
    rating, rated_by = order.rating, order.rated_by
    if person.username != rated_by and not orders.is_inside(person, order):
        rating, rated_by = Rating(rating.score, rating.solved), SOMEBODY
    return GivenRating(**asdict(rating), rated_by=rated_by)
