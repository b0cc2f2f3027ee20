"""Events as people see them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from api.schema import Moment, View


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
