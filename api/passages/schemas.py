"""Passages as people see them, and what a site may set about them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.schema import Body, Moment, Name, View
from herun.passages import PassageSettings
from herun.strict import IsNumber

_DEFAULTS = PassageSettings()

Kind = Literal["vehicle", "person"]
Direction = Literal["in", "out"]


class Passage(View):
    """One vehicle or person going in or out. `plate` is masked unless it was asked for; null when it is kept no longer.

    `stay_s` and `match` say how long a stay was that is over (an entry has them if its exit was known first), and how
    well entry and exit agree; `confidence` is the winning plate's share of the reads.
    """

    passage: str
    kind: Kind
    direction: str | None
    device: str
    event_time: Moment
    recorded_time: Moment
    reads: int
    count: int = 1
    confidence: float
    plate: str | None = None
    stay_s: int | None = None
    match: str | None = None
    late: bool = False


class Passages(View):
    """One page, newest first in the order of processing; `next_cursor` is null on the last."""

    items: list[Passage]
    next_cursor: str | None


class Car(View):
    """One car that is inside: where and when it entered."""

    device: str
    entered_at: Moment
    recorded_time: Moment
    plate: str | None


class Cars(View):
    """One page, the newest first; `next_cursor` is null on the last."""

    items: list[Car]
    next_cursor: str | None


class Occupancy(View):
    """How many are inside now, and how many came and went since `since`."""

    vehicles_inside: int
    since: Moment
    vehicles_in: int
    vehicles_out: int
    persons_in: int
    persons_out: int


class Settings(Body):
    """PUT /v1/sites/{site}/passages/settings; what is left out is as herun/passages.py says."""

    merge_s: Annotated[float, Field(ge=1, le=600), IsNumber] = _DEFAULTS.merge_s
    gate_to_gate_s: Annotated[float, Field(ge=1, le=600), IsNumber] = _DEFAULTS.gate_to_gate_s
    lateness_minutes: Annotated[float, Field(ge=0, le=120), IsNumber] = _DEFAULTS.lateness_minutes
    warm_up_hours: Annotated[float, Field(ge=0, le=24 * 60), IsNumber] = _DEFAULTS.warm_up_hours
    overstay_hours: Annotated[float, Field(ge=0.01, le=24 * 60), IsNumber] = _DEFAULTS.overstay_hours
    residents_list: Name | None = None
    crowd_size: Annotated[int, Field(ge=2, le=400), IsNumber] = _DEFAULTS.crowd_size
    crowd_s: Annotated[float, Field(ge=1, le=600), IsNumber] = _DEFAULTS.crowd_s
    loiter_minutes: Annotated[float, Field(ge=1, le=24 * 60), IsNumber] = _DEFAULTS.loiter_minutes
    door_s: Annotated[float, Field(ge=1, le=600), IsNumber] = _DEFAULTS.door_s


class SettingsInForce(View):
    """What holds, and who set it when; null: nobody, it is the default."""

    settings: dict[str, Any]
    changed_by: str | None = None
    changed_at: Moment | None = None
