"""A scenario as data: what happens when, and the known answers. Read from simulators/scenarios/*.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Annotated, Final, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, model_validator

from herun.clock import HOUR_US, MINUTE_US, SECOND_US
from simulators.happenings import Happening, Scalar

_UNITS_US: Final = {"h": HOUR_US, "m": MINUTE_US, "s": SECOND_US}
_DURATION: Final = re.compile(r"(\d+)([hms])")


def duration_us(text: object) -> int:
    """Microseconds of `1h30m`, `90s` and the like. Raises ValueError for anything else."""
    if not isinstance(text, str) or not re.fullmatch(r"(\d+[hms])+", text):
        raise ValueError(f"a duration is written like 1h30m or 90s, not {text!r}")
    return sum(int(number) * _UNITS_US[unit] for number, unit in _DURATION.findall(text))


Duration = Annotated[int, BeforeValidator(duration_us)]


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
    """A resident (the n-th of those who sign in, from 0) sends in a report."""

    at: Duration
    resident: Annotated[int, Field(ge=0)]
    category: str
    text: str


Line = Says | FallsSilent | Reports


class ExpectedAlert(_Strict):
    """Alerts of one rule at one place: exactly `count` of them, in this state at the end."""

    rule: str
    device: str | None = None
    zone: str | None = None
    building: str | None = None
    count: Annotated[int, Field(ge=0)] = 1
    state: Literal["raised", "cleared"] | None = None


class ExpectedOrder(_Strict):
    """Work orders of one category and origin: exactly `count`, that reach this state in the end."""

    category: str
    origin: Literal["alert", "report"] = "alert"
    building: str | None = None
    state: str
    count: Annotated[int, Field(ge=1)] = 1


class MustNotCome(_Strict):
    """What looks like an alert and is none, and why."""

    rule: str
    device: str
    because: str


class Answers(_Strict):
    """Everything that comes out; what is not listed must not come."""

    alerts: tuple[ExpectedAlert, ...] = ()
    orders: tuple[ExpectedOrder, ...] = ()
    never: tuple[MustNotCome, ...] = ()


class Scenario(_Strict):
    """A stretch of the estate's life. `lasts` is simulated time; `settle` what people get on top for their work."""

    name: str
    title: dict[Literal["zh", "en"], str]
    lasts: Duration
    settle: Duration = 0
    plan: Literal["hamlet", "herun"] = "hamlet"
    timeline: tuple[Line, ...] = ()
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
            line.device: (start_us + line.at, start_us + (self.lasts if line.until is None else line.until))
            for line in self.timeline
            if isinstance(line, FallsSilent)
        }

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
