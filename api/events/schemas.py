"""Events as people see them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from api.schema import Moment, View


class EventField(View):
    """A field of an event's data. `words`: the only texts that it can be, if not null; `least` and `whole` hold of a
    number. `personal`: none, or what it says about a person; then it is kept apart, and rules see a hash.
    """

    name: str
    type: str
    about: str
    required: bool
    personal: str
    words: list[str] | None
    least: float | None
    whole: bool
    max_chars: int | None


class EventType(View):
    """What can happen. `derived`: the engine makes it, no device can say it. `example` is the data of one."""

    name: str
    sentence: str
    schema_version: int
    derived: bool
    fields: list[EventField]
    example: dict[str, Any]


class EventTypes(View):
    """GET /v1/event-types: all there are."""

    items: list[EventType]


class Event(View):
    """One event. `personal` holds plates and other personal values, masked unless they were asked for.

    `out_of_service`: said in a drill, maintenance or bypass, so it raises nothing. `derived`: made by the engine.
    """

    event_id: str
    event_type: str
    device: str
    event_time: Moment
    recorded_time: Moment
    sequence: int | None
    late: bool
    out_of_service: bool
    derived: bool
    data: dict[str, Any]
    personal: dict[str, str] = Field(default_factory=dict)


class Events(View):
    """One page, newest first in the order of processing; `next_cursor` is null on the last."""

    items: list[Event]
    next_cursor: str | None
