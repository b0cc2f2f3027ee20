"""What a reporter is asked."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictInt

from api.schema import Body, Moment, Text, View

Outcome = Literal["answered", "lapsed"]


class NewQuestion(Body):
    """POST .../questions: the reporter may answer within so many hours; then the question lapses by itself."""

    text: Text
    hours: Annotated[StrictInt, Field(ge=1, le=168)] = 48


class NewAnswer(Body):
    """POST .../questions/answer: the answer to the question that is open."""

    text: Text


class Question(View):
    """One question. Without an outcome it is open."""

    n: int
    text: str
    asked_by: str
    asked_at: Moment
    until: Moment
    answer: str | None
    outcome: Outcome | None
    ended_at: Moment | None


class Questions(View):
    """All that was asked about an order, oldest first."""

    number: str
    items: list[Question]
