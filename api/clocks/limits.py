"""How long things may take, by category and severity. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Calendar = Literal["always", "working_hours"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Until a worker has taken an order up, is there, has done it; and what its reporter is promised.

    In time that counts by the calendar: working hours, or always.
    """

    accept: timedelta
    arrive: timedelta
    solve: timedelta
    promise: timedelta
    calendar: Calendar
