"""How far a report has come, for whoever has no account."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from api.schema import Bilingual, Body, Moment, Text, View, as_typed
from api.work_orders.states import State

PHONE_TAIL = r"^[0-9]{4}$"
AS_TYPED = BeforeValidator(as_typed)
# Of an order, however it is typed: numbers have capital letters.
IN_CAPITALS = BeforeValidator(lambda sent: typed.upper() if isinstance(typed := as_typed(sent), str) else typed)


class WithWhom(View):
    """Who has the order: a unit and a role, never a person."""

    unit: str | None
    unit_name: Bilingual | None
    role: Literal["desk", "grid_worker", "property_staff"]
    name: Bilingual


class Asked(View):
    """What the reporter is asked; by the tail of a phone not the words of what is confidential."""

    text: str
    until: Moment


class OnHold(View):
    """Until when it rests, and why; `reason` is redacted, and null of what is confidential."""

    until: Moment
    reason: str | None


class Progress(View):
    """What the reporter may know; no name, no place, no words but the title, the answer and what they are asked.

    `title` is redacted; title, category and unit are null of what is confidential; of its question and answer the tail
    of a phone is told that there is one. `promised_at` is when the answer is
    promised for; `promise_paused_until` until when that time stands still, as approved; `overdue_seconds` for how
    long it is past without an answer (null: it is not); `urge_from` from when on it may be urged (null: not at all).
    """

    number: str
    category: str | None
    category_name: Bilingual | None
    title: Bilingual | None
    state: State
    sentence: Bilingual
    next_step: Bilingual
    with_whom: WithWhom | None
    opened_at: Moment
    updated_at: Moment
    promised_at: Moment | None
    promise_paused_until: Moment | None
    overdue_seconds: int | None
    on_hold: OnHold | None
    urge_from: Moment | None
    question: Asked | None
    answer: str | None


class _ByTail(Body):
    number: Annotated[str, IN_CAPITALS, Field(min_length=1, max_length=40)]
    phone_tail: Annotated[str, AS_TYPED, Field(pattern=PHONE_TAIL)]


class AnswerByTail(_ByTail):
    """POST /v1/progress/answer: the answer to the question that is open."""

    text: Text


class UrgeByTail(_ByTail):
    """POST /v1/progress/urge."""

    reason: Text | None = None


class AnswerByLink(Body):
    """POST /v1/progress/link/{token}/answer."""

    text: Text


class UrgeByLink(Body):
    """POST /v1/progress/link/{token}/urge."""

    reason: Text | None = None
