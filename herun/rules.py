"""Rules as data: what the API accepts, what travels as control, what the engine compiles."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from herun.catalogue import CATALOGUE
from herun.names import NAME_PATTERN

# Far beyond all that a device measures, and safely inside what the database, the stream and the engine take: jsonb
# gives a large float back as an integer, and MessagePack holds none of more than 64 bits.
LARGEST: Final = 10**15
MAX_SECONDS: Final = 31 * 86_400
MAX_SCOPE: Final = 1000  # devices, kinds or places that one rule names

Number = Annotated[float, Field(allow_inf_nan=False, ge=-LARGEST, le=LARGEST)]
Integer = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
Scalar = bool | Integer | Number | Annotated[str, Field(max_length=200)]
Name = Annotated[str, Field(pattern=f"^{NAME_PATTERN}$")]
FieldName = Annotated[str, Field(min_length=1, max_length=64)]
# Time is counted in whole microseconds: a shorter one would round to none.
Seconds = Annotated[float, Field(allow_inf_nan=False, ge=0.001, le=MAX_SECONDS)]
Bilingual = dict[Literal["zh", "en"], Annotated[str, Field(min_length=1, max_length=500)]]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Match(_Strict):
    """Which events a rule looks at; an empty list means any. `where` holds field values of its data."""

    event_types: Annotated[list[str], Field(min_length=1, max_length=20)]
    where: Annotated[dict[FieldName, Scalar], Field(max_length=10)] = {}
    devices: Annotated[list[Name], Field(max_length=MAX_SCOPE)] = []
    device_kinds: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=MAX_SCOPE)] = []
    zones: Annotated[list[Name], Field(max_length=MAX_SCOPE)] = []
    buildings: Annotated[list[Name], Field(max_length=MAX_SCOPE)] = []

    @model_validator(mode="after")
    def _known_types(self) -> Match:
        unknown = [name for name in self.event_types if name not in CATALOGUE]
        if unknown:
            raise ValueError(f"unknown event types {unknown}; known are {sorted(CATALOGUE)}")
        return self


class Condition(_Strict):
    """A comparison of one field of the event's data; a missing field or another type never matches."""

    field: FieldName
    op: Literal["==", "!=", ">", ">=", "<", "<="]
    value: Scalar


class _Rule(_Strict):
    uid: Name
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] = 1
    title: Bilingual
    text: Bilingual  # template: {device} {zone} {building} {value} {count} {duration}
    severity: Literal["info", "warning", "critical"] = "warning"
    category: Name
    key: Literal["device", "zone", "building", "site", "plate"] = "device"
    cooldown_s: Annotated[float, Field(allow_inf_nan=False, ge=0, le=MAX_SECONDS)] = 0.0
    opens_order: bool = True
    order_category: Name | None = None  # of the order that it opens, if it is another than the alert's
    mode: Literal["live", "monitor", "off"] = "live"  # monitor: evaluated and measured, but alerts nobody
    match: Match


def _goes_with(clear: float | None, other_side: float | None, limit: float, sign: int) -> bool:
    """The clear value is on the quiet side of the limit, and none is given for the other side."""
    return other_side is None and (clear is None or sign * clear <= sign * limit)


class ThresholdRule(_Rule):
    """Raised when a value goes over `raise_above` (or under `raise_below`), cleared when back past the clear value."""

    kind: Literal["threshold"]
    field: FieldName = "value"
    raise_above: Number | None = None
    clear_below: Number | None = None
    raise_below: Number | None = None
    clear_above: Number | None = None

    @model_validator(mode="after")
    def _one_side(self) -> ThresholdRule:
        if (self.raise_above is None) == (self.raise_below is None):
            raise ValueError("give either raise_above or raise_below")
        if self.raise_above is not None and not _goes_with(self.clear_below, self.clear_above, self.raise_above, 1):
            raise ValueError("raise_above goes with clear_below, which is not higher")
        if self.raise_below is not None and not _goes_with(self.clear_above, self.clear_below, self.raise_below, -1):
            raise ValueError("raise_below goes with clear_above, which is not lower")
        return self


class TrueForRule(_Rule):
    """Raised when the condition has held for `duration_s` of event time; cleared when it does not hold any more."""

    kind: Literal["true_for"]
    condition: Condition
    duration_s: Seconds


class AbsenceRule(_Rule):
    """Raised when nothing that matches came from a device for `duration_s`; cleared by the next that does.

    A device in scope is expected from its registration (or the rule's arrival) on.
    """

    kind: Literal["absence"]
    key: Literal["device"] = "device"
    duration_s: Seconds


class PlateListRule(_Rule):
    """Raised for each passage of a plate that is on the list."""

    kind: Literal["plate_list"]
    plate_list: Name
    key: Literal["plate"] = "plate"


class CountRule(_Rule):
    """Raised when `count` distinct events match within any `window_s` of event time; cleared when it has fewer."""

    kind: Literal["count"]
    condition: Condition | None = None
    count: Annotated[int, Field(ge=1, le=10_000)]
    window_s: Seconds


Rule = Annotated[ThresholdRule | TrueForRule | AbsenceRule | PlateListRule | CountRule, Field(discriminator="kind")]
RULE: TypeAdapter[Rule] = TypeAdapter(Rule)
