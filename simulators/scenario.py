"""A scenario as data: what happens when, and the known answers. Read from simulators/scenarios/*.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, model_validator

from simulators.happenings import Happening, Scalar
from simulators.moments import duration_us, offset_us, resolved
from simulators.steps import Step

NEVER_US: Final = 2**62

Duration = Annotated[int, BeforeValidator(duration_us)]
Offset = Annotated[int, BeforeValidator(offset_us)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Says(_Strict):
    """A device notices something: once, or `times` times, `every` so long; `series` gives the field `value` of each.

    `again`: copies sent with the same id. `late`: leaves the device so long after the fact.
    """

    at: Duration
    device: str
    event: str
    data: dict[str, Scalar] = {}
    every: Duration = 0
    times: Annotated[int, Field(ge=1, le=1000)] = 1
    series: tuple[float, ...] = ()
    again: Annotated[int, Field(ge=0, le=10)] = 0
    late: Duration = 0

    def happenings(self, start_us: int) -> Iterator[Happening]:
        """What happens, for a scenario that starts at `start_us`."""
        rounds = len(self.series) or self.times
        for n in range(rounds):
            yield Happening(
                at_us=start_us + self.at + n * self.every,
                device=self.device,
                event_type=self.event,
                data={**self.data, "value": self.series[n]} if self.series else self.data,
                scripted=True,
                again=self.again,
                late_us=self.late,
            )


class FallsSilent(_Strict):
    """A device says nothing more from `at` on, until `until` if that is given."""

    at: Duration
    device: str
    silent: Literal[True]
    until: Duration | None = None


class Reports(_Strict):
    """A resident (the n-th of those who sign in, from 0) sends in a report, of their own house or of another one."""

    at: Duration
    resident: Annotated[int, Field(ge=0)]
    category: str
    text: str
    building: str | None = None


def _as_text(value: object) -> object:
    """YAML reads a bare `false` as no text."""
    return str(value).lower() if isinstance(value, bool) else value


Who = Literal["admin", "supervisor", "operator"]


class SetUp(_Strict):
    """Somebody changes something over HTTP: `call` is a method and a path below the site, as `PUT plate-lists/x`.

    Texts may hold moments (simulators/moments.py). `refused`: the status with which the system says no to it.
    """

    who: Who = "admin"
    call: Annotated[str, Field(pattern=r"^(PUT|POST|PATCH|DELETE) [a-z].*$")]
    body: dict[str, Any] | None = None
    refused: Annotated[int, Field(ge=400, le=499)] | None = None


class Calls(SetUp):
    """The same at a time of the play. It takes the machine's time: leave minutes before and after it."""

    at: Duration


class Closes(_Strict):
    """The operator closes the alerts of a rule (at a device) with a verdict; waits for one if none is there yet."""

    at: Duration
    closes: str
    device: str | None = None
    verdict: Annotated[Literal["true", "false", "drill", "nuisance", "test"], BeforeValidator(_as_text)]


Line = Says | FallsSilent | Reports | Calls | Closes


class ExpectedAlert(_Strict):
    """Alerts of one rule at one place: exactly `count` of them, in this state at the end.

    `correction` and `merged` (hidden by another alert) tell apart what a rule raised at one place. `times` is how often
    each was counted, `verdict` what people said of it.
    """

    rule: str
    device: str | None = None
    zone: str | None = None
    building: str | None = None
    correction: Literal["amended", "reopened", "withdrawn"] | None = None
    merged: bool | None = None
    count: Annotated[int, Field(ge=0)] = 1
    state: Literal["raised", "cleared"] | None = None
    times: Annotated[int, Field(ge=1)] | None = None
    verdict: Annotated[str | None, BeforeValidator(_as_text)] = None


class ExpectedOrder(_Strict):
    """Work orders of one category and origin: exactly `count`, that reach this state in the end.

    Of several states each is reached by at least one of them, and no other by any.
    """

    category: str
    origin: Literal["alert", "report"] = "alert"
    building: str | None = None
    state: str | tuple[str, ...]
    count: Annotated[int, Field(ge=1)] = 1


class ExpectedEvent(_Strict):
    """Stored events of a type with these values: exactly `count`. Of a type that is named, no others may be there."""

    type: str
    device: str | None = None
    where: dict[str, Scalar] = {}
    count: Annotated[int, Field(ge=0)] = 1


class Shows(_Strict):
    """What the API answers in the end to `get` (a path below the site): at least what `has` holds.

    Of a list, each thing that `has` names is in it. `${newest PATH FIELD}` in the path is that field of the first thing
    that the list at PATH shows.
    """

    get: str
    has: Any


class MustNotCome(_Strict):
    """What looks like an alert and is none, and why."""

    rule: str
    device: str
    because: str


class Answers(_Strict):
    """Everything that comes out; what is not listed must not come."""

    alerts: tuple[ExpectedAlert, ...] = ()
    orders: tuple[ExpectedOrder, ...] = ()
    events: tuple[ExpectedEvent, ...] = ()
    shows: tuple[Shows, ...] = ()
    never: tuple[MustNotCome, ...] = ()


class Scenario(_Strict):
    """A stretch of the estate's life. `lasts` is simulated time; `settle` what people get on top for their work.

    `uses` names the estate's common rules that are in force (left out: all); `rules` are its own. `day`: it means
    something on this day only. `clocks` are ahead by so much (-10m: behind). Without `ordinary_day` nothing happens but
    the timeline.

    With a `story` only `people` and the office are there, and they do nothing of their own accord. `afterwards` is told
    when more than a week has passed.
    """

    name: str
    title: dict[Literal["zh", "en"], str]
    lasts: Duration
    settle: Duration = 0
    plan: Literal["hamlet", "herun"] = "hamlet"
    day: date | None = None
    ordinary_day: bool = True
    clocks: dict[str, Offset] = {}
    uses: tuple[str, ...] | None = None
    rules: tuple[dict[str, Any], ...] = ()
    setup: tuple[SetUp, ...] = ()
    timeline: tuple[Line, ...] = ()
    people: tuple[str, ...] = ()
    story: tuple[Step, ...] = ()
    afterwards: tuple[Step, ...] = ()
    answers: Answers = Answers()

    @model_validator(mode="after")
    def _ends_after_its_lines(self) -> Scenario:
        late = [line.at for line in self.timeline if line.at > self.lasts]
        if late:
            raise ValueError(f"{self.name}: a line stands after its end")
        return self

    def script(self, start_us: int) -> dict[str, tuple[Happening, ...]]:
        """What the timeline makes each device notice, in time order, by device."""
        by_device: dict[str, list[Happening]] = {}
        for line in self.timeline:
            if isinstance(line, Says):
                by_device.setdefault(line.device, []).extend(line.happenings(start_us))
        return {device: tuple(sorted(said, key=lambda each: each.at_us)) for device, said in by_device.items()}

    def silences(self, start_us: int) -> dict[str, tuple[int, int]]:
        """From when until when each device says nothing."""
        return {
            line.device: (start_us + line.at, NEVER_US if line.until is None else start_us + line.until)
            for line in self.timeline
            if isinstance(line, FallsSilent)
        }

    @property
    def keeps_people_busy(self) -> bool:
        """True if orders or reports come of it, or may."""
        return self.ordinary_day or bool(self.answers.orders) or bool(self.reports())

    def dated(self, start_us: int) -> Scenario:
        """The same with the moments in what is to be shown written out."""
        shows = tuple(Shows(**resolved(each.model_dump(), start_us)) for each in self.answers.shows)
        return self.model_copy(update={"answers": self.answers.model_copy(update={"shows": shows})})

    def cast(self) -> frozenset[str]:
        """The devices that the timeline speaks of."""
        return frozenset(line.device for line in self.timeline if isinstance(line, Says | FallsSilent))

    def deeds(self) -> tuple[Calls | Closes, ...]:
        """What people change over HTTP, in time order."""
        deeds = [line for line in self.timeline if isinstance(line, Calls | Closes)]
        return tuple(sorted(deeds, key=lambda line: line.at))

    def reports(self) -> tuple[Reports, ...]:
        """The reports that residents send in, in time order."""
        return tuple(sorted((line for line in self.timeline if isinstance(line, Reports)), key=lambda line: line.at))


_SCENARIO: Final[TypeAdapter[Scenario]] = TypeAdapter(Scenario)


@cache
def scenarios() -> dict[str, Scenario]:
    """Every scenario by name."""
    folder = files("simulators") / "scenarios"
    texts = (entry.read_text("utf-8") for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    found = [_SCENARIO.validate_python(yaml.safe_load(text)) for text in texts]
    return {scenario.name: scenario for scenario in sorted(found, key=lambda each: each.name)}
