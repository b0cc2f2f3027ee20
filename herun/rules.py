"""Rules as data: what the API accepts, what travels as control, what the engine compiles."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    TypeAdapter,
    model_validator,
)

from herun.catalogue import CATALOGUE, PersonalClass
from herun.cel import MAX_CHARS, compile_expression
from herun.errors import InvalidInputError
from herun.marked_yaml import Path
from herun.names import NAME_PATTERN
from herun.schedule import WeeklyPlan
from herun.strict import IsNumber, IsTruth

# Far beyond all that a device measures, and safely inside what the database, the stream and the engine take: jsonb
# gives a large float back as an integer, and MessagePack holds none of more than 64 bits.
LARGEST: Final = 10**15
MAX_SECONDS: Final = 31 * 86_400
MAX_SCOPE: Final = 1000  # devices, kinds or places that one rule names
MAX_PANES: Final = 120  # parts of a sliding window, each with its own sums
MAX_LATENESS_S: Final = 3_600
DEFAULT_LATENESS_S: Final = 300.0  # a camera's lost connection in passing; what was away longer is stored, and too late


Number = Annotated[float, Field(allow_inf_nan=False, ge=-LARGEST, le=LARGEST), IsNumber]
Integer = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
Scalar = bool | Integer | Number | Annotated[str, Field(max_length=200)]
Name = Annotated[str, Field(pattern=f"^{NAME_PATTERN}$")]
FieldName = Annotated[str, Field(min_length=1, max_length=64)]
# Time is counted in whole microseconds: a shorter one would round to none.
Seconds = Annotated[float, Field(allow_inf_nan=False, ge=0.001, le=MAX_SECONDS), IsNumber]
Bilingual = dict[Literal["zh", "en"], Annotated[str, Field(min_length=1, max_length=500)]]


class PlacedError(ValueError):
    """What is wrong between several fields; `path` leads from the rule to the one to look at first."""

    def __init__(self, what: str, *path: str | int) -> None:
        super().__init__(what)
        self.path = path


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _known_type(name: str) -> str:
    if name not in CATALOGUE:
        raise ValueError(f"unknown event type {name}; known are {', '.join(sorted(CATALOGUE))}")
    return name


EventTypes = Annotated[
    list[Annotated[str, AfterValidator(_known_type), Field(json_schema_extra={"enum": sorted(CATALOGUE)})]],
    Field(min_length=1, max_length=20),
]


class Match(_Strict):
    """Which events a rule looks at; an empty list means any. `where` holds field values of its data."""

    event_types: EventTypes
    where: Annotated[dict[FieldName, Scalar], Field(max_length=10)] = {}
    devices: Annotated[list[Name], Field(max_length=MAX_SCOPE)] = []
    device_kinds: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=MAX_SCOPE)] = []
    zones: Annotated[list[Name], Field(max_length=MAX_SCOPE)] = []
    buildings: Annotated[list[Name], Field(max_length=MAX_SCOPE)] = []


# A field of the data as a condition names it: data.name or data["name"].
_DATA_FIELD: Final = re.compile(r"""\bdata\s*(?:\.\s*(\w+)|\[\s*["'](\w+)["']\s*\])""")


def _checked(text: str) -> str:
    try:
        compile_expression(text)
    except InvalidInputError as error:
        raise ValueError(error.detail) from error
    return text


def _from_comparison(value: Any) -> Any:
    """Rules of before CEL compared one field: {field, op, value}."""
    if isinstance(value, dict) and value.keys() == {"field", "op", "value"}:
        return f"data.{value['field']} {value['op']} {json.dumps(value['value'], ensure_ascii=False)}"
    return value


# Holds, does not hold, or says nothing of an event (herun/cel.py).
Condition = Annotated[
    str, Field(min_length=1, max_length=MAX_CHARS), BeforeValidator(_from_comparison), AfterValidator(_checked)
]
Key = Literal["device", "zone", "building", "site", "plate", "person"]
PERSONAL_KEYS: Final = {"plate": "plate_hash", "person": "face_id_hash"}  # that only the event knows: its field
ArmedMode = Literal["armed", "home", "night", "disarmed"]


ARE_PERSONAL: Final = (
    "are personal values, which rules never see: "
    "plates are matched by a plate_list, equal ones by the fields that end in _hash"
)


def personal_fields(event_types: Iterable[str]) -> set[str]:
    """Fields that events of these types have, and rules do not see."""
    of_types = [CATALOGUE[name].fields for name in event_types]
    return {
        name
        for fields in of_types
        for name, field in fields.items()
        if field.personal is not PersonalClass.NONE
        and not any(other[name].personal is PersonalClass.NONE for other in of_types if name in other)
    }


class _Rule(_Strict):
    """What all kinds have. `key`: what an alert is about; events of one key are judged together.

    `schedule` and `armed_modes` say when it may raise (empty: always); what began before is raised when they begin.
    `lateness_s`: how long after its key's newest an event may come and still correct what was raised.
    """

    uid: Name
    version: Annotated[int, Field(ge=1, le=2**31 - 1), IsNumber] = 1
    title: Bilingual
    text: Bilingual  # template: {device} {zone} {building} {value} {count} {duration} {finding} {probability}
    severity: Literal["info", "warning", "critical"] = "warning"
    category: Name
    key: Key = "device"
    cooldown_s: Annotated[float, Field(allow_inf_nan=False, ge=0, le=MAX_SECONDS), IsNumber] = 0.0
    opens_order: Annotated[bool, IsTruth] = True
    order_category: Name | None = None  # of the order that it opens, if it is another than the alert's
    mode: Literal["live", "monitor", "off"] = "live"  # monitor: evaluated and measured, but alerts nobody
    match: Match
    condition: Condition | None = None
    schedule: WeeklyPlan | None = None
    armed_modes: Annotated[list[ArmedMode], Field(max_length=4)] = []
    lateness_s: Annotated[float, Field(allow_inf_nan=False, ge=0, le=MAX_LATENESS_S), IsNumber] = DEFAULT_LATENESS_S

    @model_validator(mode="after")
    def _asks_for_nothing_personal(self) -> _Rule:
        """Rules see hashes instead of plates, faces and names; and whoever reads rules sees none."""
        personal = personal_fields(self.match.event_types)
        asked = [(path, set().union(*_DATA_FIELD.findall(text))) for path, text in self.conditions()]
        asked += [(("match", "where", name), {name}) for name in self.match.where]
        for path, names in asked:
            if names & personal:
                raise PlacedError(f"{sorted(names & personal)} {ARE_PERSONAL}", *path)
        return self

    def conditions(self) -> list[tuple[Path, str]]:
        """Every condition of the rule, and where it stands."""
        of_steps = [((*path, "condition"), step.condition) for path, step in self.steps_by_place().items()]
        return [(path, text) for path, text in ((("condition",), self.condition), *of_steps) if text is not None]

    def steps_by_place(self) -> dict[Path, Step]:
        """The steps of a rule that has some, by where they stand."""
        return {}


class Limits(_Strict):
    """Raised beyond one value, cleared behind another, which is on the quiet side of it."""

    raise_above: Number | None = None
    clear_below: Number | None = None
    raise_below: Number | None = None
    clear_above: Number | None = None

    @model_validator(mode="after")
    def _one_side(self) -> Limits:
        if (self.raise_above is None) == (self.raise_below is None):
            raise PlacedError("give either raise_above or raise_below", "raise_below")
        if self.raise_above is not None:
            if self.clear_above is not None:
                raise PlacedError("raise_above goes with clear_below", "clear_above")
            if self.clear_below is not None and self.clear_below > self.raise_above:
                raise PlacedError("raise_above goes with clear_below, which is not higher", "clear_below")
        if self.raise_below is not None:
            if self.clear_below is not None:
                raise PlacedError("raise_below goes with clear_above", "clear_below")
            if self.clear_above is not None and self.clear_above < self.raise_below:
                raise PlacedError("raise_below goes with clear_above, which is not lower", "clear_above")
        return self


class ThresholdRule(_Rule, Limits):
    """Raised when a value goes over `raise_above` (or under `raise_below`), cleared when back past the clear value."""

    kind: Literal["threshold"]
    field: FieldName = "value"


class ChangeRule(_Rule, Limits):
    """Rate of change: by how much a device's value differs from its oldest one within `over_s`."""

    kind: Literal["change"]
    field: FieldName = "value"
    over_s: Seconds


class AggregateRule(_Rule, Limits):
    """An aggregate of the key's values over a window.

    `tumbling`: windows of `size_s`, side by side since a Monday midnight in China, judged when they end. `sliding`: the
    last `size_s`, in steps of `every_s` (a twelfth of it by default), judged at each event. `session`: events less than
    `size_s` apart, judged at each event, over when none comes for so long. `duration` is from the first to the last
    event, in seconds.
    """

    kind: Literal["aggregate"]
    window: Literal["tumbling", "sliding", "session"]
    size_s: Seconds
    every_s: Seconds | None = None
    function: Literal["count", "sum", "avg", "min", "max", "duration"]
    field: FieldName = "value"

    @model_validator(mode="after")
    def _window_is_whole(self) -> AggregateRule:
        if self.every_s is not None and self.window != "sliding":
            raise PlacedError("every_s goes with sliding windows", "every_s")
        if self.every_s is not None and not 1 <= self.size_s / self.every_s <= MAX_PANES:
            raise PlacedError(f"every_s is at most size_s, and at least a {MAX_PANES}th of it", "every_s")
        if self.function == "duration" and self.window != "session":
            raise PlacedError("duration is measured of sessions", "function")
        return self


class EventRule(_Rule):
    """Raised for each event for which the condition holds; `field` is the value that the text tells."""

    kind: Literal["event"]
    field: FieldName = "value"


class TrueForRule(_Rule):
    """Raised when the condition has held for `duration_s` of event time; cleared when it does not hold any more."""

    kind: Literal["true_for"]
    condition: Condition
    duration_s: Seconds


class AbsenceRule(_Rule):
    """Raised when nothing that matches came for `duration_s`, by arrival; cleared by the next that does.

    A device in scope is expected from its registration (or the rule's arrival) on; a zone, a building or the site from
    that of the first such device in it. A plate or person is expected from the first event of it on.
    """

    kind: Literal["absence"]
    duration_s: Seconds


class PlateListRule(_Rule):
    """Raised for each passage of a plate that is on the list."""

    kind: Literal["plate_list"]
    plate_list: Name
    key: Literal["plate"] = "plate"


class CountRule(_Rule):
    """Raised when `count` distinct events match within any `window_s` of event time; cleared when it has fewer."""

    kind: Literal["count"]
    count: Annotated[int, Field(ge=1, le=10_000), IsNumber]
    window_s: Seconds


class DistinctRule(_Rule):
    """Raised when a field (or `device`) has `count` different values within `window_s`; cleared when it has fewer."""

    kind: Literal["distinct"]
    field: FieldName
    count: Annotated[int, Field(ge=2, le=1_000), IsNumber]
    window_s: Seconds


class Step(_Strict):
    """One thing that happens: events of these types for which the condition holds."""

    event_types: EventTypes
    condition: Condition | None = None


class _Steps(_Rule):
    @model_validator(mode="after")
    def _steps_are_matched(self) -> _Steps:
        for path, step in self.steps_by_place().items():
            unmatched = sorted(set(step.event_types) - set(self.match.event_types))
            if unmatched:
                raise PlacedError(
                    f"the step asks for {unmatched}, which match.event_types leaves out", *path, "event_types"
                )
        return self


class SequenceRule(_Steps):
    """Raised when the steps happen one after the other, the last at most `within_s` after the first."""

    kind: Literal["sequence"]
    steps: Annotated[list[Step], Field(min_length=2, max_length=5)]
    within_s: Seconds

    def steps_by_place(self) -> dict[Path, Step]:
        return {("steps", n): step for n, step in enumerate(self.steps)}


class NegationRule(_Steps):
    """Raised when after `first` nothing of `then` happens for `within_s`; cleared when it happens after all."""

    kind: Literal["negation"]
    first: Step
    then: Step
    within_s: Seconds

    def steps_by_place(self) -> dict[Path, Step]:
        return {("first",): self.first, ("then",): self.then}


class AnomalyRule(_Rule):
    """Raised when a detector finds something that the key's own history makes unusual.

    `detector`: level (values without a daily rhythm), seasonal (by hour of the week), count (events an hour), stuck,
    drift, rhythm (silence), default (several views at once). Not so often that it would be more than
    `false_alarms_per_week` for each key, by what it was like before; never within `warm_up_s` of the first event. The
    text may ask for {finding}, a sentence with the numbers, and {probability}: that a usual week has one as strong.
    """

    kind: Literal["anomaly"]
    key: Literal["device", "zone", "building", "site"] = "device"
    detector: Literal["default", "level", "seasonal", "count", "stuck", "drift", "rhythm"] = "default"
    field: FieldName = "value"
    false_alarms_per_week: Annotated[float, Field(ge=0.01, le=100), IsNumber] = 1.0
    direction: Literal["both", "up", "down"] = "both"
    warm_up_s: Annotated[float, Field(allow_inf_nan=False, ge=0, le=MAX_SECONDS), IsNumber] = 14 * 86_400.0


Rule = Annotated[
    EventRule
    | ThresholdRule
    | TrueForRule
    | CountRule
    | DistinctRule
    | ChangeRule
    | AggregateRule
    | AbsenceRule
    | SequenceRule
    | NegationRule
    | PlateListRule
    | AnomalyRule,
    Discriminator("kind"),
]
KindName = Literal[
    "event", "threshold", "true_for", "count", "distinct", "change", "aggregate", "absence", "sequence", "negation",
    "plate_list", "anomaly",
]  # fmt: skip
RULE: TypeAdapter[Rule] = TypeAdapter(Rule)


def body_of(rule: Rule) -> dict[str, Any]:
    """The rule in full, as it is stored, compared and told to the engine."""
    body: dict[str, Any] = RULE.dump_python(rule, mode="json")
    return body


OWN_PREFIX: Final = "herun-"  # of the uids of the engine's own alerts: no rule may be put that is named so
SWITCHED_OFF_UID: Final = f"{OWN_PREFIX}rule-switched-off"  # of alerts about rules that threw; the key is the rule
STORM_UID: Final = f"{OWN_PREFIX}storm"  # of the storms' alerts; the key is the uid of the rule, or "*"
