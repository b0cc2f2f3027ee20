"""How far a report has come, for whoever has no account."""

from __future__ import annotations

from api.schema import Bilingual, Moment, View
from api.work_orders.states import State


class Progress(View):
    """What the reporter may know; no name, no place, no words of others but the answer."""

    number: str
    state: State
    sentence: Bilingual
    opened_at: Moment
    updated_at: Moment
    answer: str | None
