"""Weekly plans in a site's local time: windows of days and hours, and what holds in them.

A window belongs to the day on which it begins, across midnight too. It begins when the wall clock first reaches its
beginning and ends when the wall clock has reached its end for the last time: where the clock is set back it is an hour
longer, never interrupted; where the clock jumps over an hour, what would begin or end in it does so at the jump.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Final, Generic, Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from herun.calendar import Calendar, DayKind

SEARCH_DAYS: Final = 400  # how far a change is looked for: a year, and the holiday that moved
MAX_WINDOWS: Final = 50  # of one plan; seven days with a few windows each
DEFAULT_TIME_ZONE: Final = "Asia/Shanghai"
WHOLE_DAY: Final = "24:00"
SECOND_US: Final = 1_000_000
_DAY: Final = timedelta(days=1)
_KEPT_DAYS: Final = 16  # of a compiled plan: those around the time that it is asked about
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
WEEK: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

V = TypeVar("V")

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "workday", "day_off", "holiday"]


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo:
    """The time zone of this name. Raises ValueError if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no such time zone: {name}") from error


TimeZone = Annotated[
    str,
    Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$", examples=[DEFAULT_TIME_ZONE]),
    AfterValidator(lambda name: zone_named(name).key),
]


class Window(BaseModel):
    """Hours of some days. `workday` and `day_off` know make-up workdays and holidays, `holiday` is statutory ones only.

    `to` is on the next day if it is not later than `from`; the whole day is from 00:00 to 24:00.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True)

    days: Annotated[list[Day], Field(min_length=1, max_length=10)]
    begin: Annotated[str, Field(alias="from", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", examples=["22:00"])]
    end: Annotated[str, Field(alias="to", pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$", examples=["06:00"])]

    @model_validator(mode="after")
    def _has_a_length(self) -> Window:
        if self.begin == self.end:
            raise ValueError(f"from and to are both {self.begin}; the whole day is from 00:00 to 24:00")
        return self


class WeeklyPlan(BaseModel):
    """On in its windows, off outside them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    windows: Annotated[list[Window], Field(max_length=MAX_WINDOWS)] = []

    def compiled(self, zone: str, calendar: Calendar) -> Schedule:
        """The plan in this time zone and calendar."""
        return Schedule([(window, True) for window in self.windows], otherwise=False, zone=zone, calendar=calendar)


class Stretch(NamedTuple, Generic[V]):
    """The value at every time from `since` until before `until`, at which it changes if `changes`.

    If not, no change was found in SEARCH_DAYS: ask again then.
    """

    value: V
    since: int
    until: int
    changes: bool


class _Span(NamedTuple):
    begin: int
    end: int
    window: int  # its place in the plan: where two overlap, the first holds


class Timeline(Generic[V]):
    """Windows with a value each, compiled: `value_at` is a comparison or two as long as time moves within a stretch.

    Times are microseconds UTC. Of windows that overlap, the first holds. Two stretches are kept, so that a late event
    does not make the next one look again.
    """

    def __init__(self, windows: Sequence[tuple[Window, V]], *, otherwise: V, zone: str, calendar: Calendar) -> None:
        self._windows = [window for window, _ in windows]
        self._values = [value for _, value in windows]
        self._otherwise = otherwise
        self._zone = zone_named(zone)
        self._calendar = calendar
        self._spans: dict[date, tuple[_Span, ...]] = {}
        self._newest: Stretch[V] | None = None
        self._older: Stretch[V] | None = None

    def state_at(self, at_us: int) -> Stretch[V]:
        """The value at this time, and until when it holds."""
        newest, older = self._newest, self._older
        if newest is not None and newest.since <= at_us < newest.until:
            return newest
        if older is not None and older.since <= at_us < older.until:
            return older
        found = self._look(at_us)
        if newest is None or found.since > newest.since:
            self._newest, self._older = found, newest
        else:
            self._older = found
        return found

    def value_at(self, at_us: int) -> V:
        """The value at this time."""
        return self.state_at(at_us).value

    def next_change(self, at_us: int) -> int | None:
        """When the value is next another one; None if that is more than SEARCH_DAYS away."""
        stretch = self.state_at(at_us)
        return stretch.until if stretch.changes else None

    def _look(self, at: int) -> Stretch[V]:
        value, since = self._value(at), at
        for boundary in self._boundaries(self._local(at).date() - 2 * _DAY):
            if boundary <= at:
                since = boundary
            elif self._value(boundary) != value:
                return Stretch(value, since, boundary, changes=True)
        return Stretch(value, since, at + SEARCH_DAYS * 86_400 * SECOND_US, changes=False)

    def _value(self, at: int) -> V:
        today = self._local(at).date()
        days = (today + offset * _DAY for offset in (-2, -1, 0, 1))
        covering = (span.window for day in days for span in self._spans_of(day) if span.begin <= at < span.end)
        first = min(covering, default=None)
        return self._otherwise if first is None else self._values[first]

    def _boundaries(self, first: date) -> Iterator[int]:
        """Where windows begin and end that begin on this day or later, ascending: the value changes nowhere else."""
        waiting: list[int] = []
        for offset in range(SEARCH_DAYS + 3):
            day = first + offset * _DAY
            waiting += (at for span in self._spans_of(day) for at in (span.begin, span.end))
            waiting.sort()
            final = bisect_left(waiting, _first_at(self._zone, datetime.combine(day + _DAY, time())))
            yield from waiting[:final]
            del waiting[:final]

    def _spans_of(self, day: date) -> tuple[_Span, ...]:
        """The windows that begin on this day."""
        spans = self._spans.get(day)
        if spans is None:
            if len(self._spans) >= _KEPT_DAYS:
                self._spans.clear()
            names = _names_of(day, self._calendar)
            spans = self._spans[day] = tuple(
                self._span(day, index) for index, each in enumerate(self._windows) if not names.isdisjoint(each.days)
            )
        return spans

    def _span(self, day: date, index: int) -> _Span:
        window = self._windows[index]
        last = day if window.begin < window.end != WHOLE_DAY else day + _DAY
        begin, end = time.fromisoformat(window.begin), time.fromisoformat(window.end.replace(WHOLE_DAY, "00:00"))
        return _Span(
            _first_at(self._zone, datetime.combine(day, begin)),
            _last_at(self._zone, datetime.combine(last, end)),
            index,
        )

    def _local(self, at: int) -> datetime:
        return local_time(self._zone, at)


class Schedule(Timeline[bool]):
    """A compiled plan that is on or off."""

    def is_on(self, at_us: int) -> bool:
        """True within a window."""
        return self.state_at(at_us).value


def local_time(zone: ZoneInfo, at_us: int) -> datetime:
    """What calendar and clock on the wall say there at this time."""
    return (_EPOCH + timedelta(microseconds=at_us)).astimezone(zone)


def _names_of(day: date, calendar: Calendar) -> frozenset[str]:
    kind = calendar.kind_of(day)
    by_law = "workday" if calendar.is_workday(day) else "day_off"
    names = frozenset({WEEK[day.weekday()], by_law})
    return names | {"holiday"} if kind is DayKind.HOLIDAY else names


def _first_at(zone: ZoneInfo, wall: datetime) -> int:
    """When the clock on the wall first shows this or more."""
    return _both(zone, wall)[0] * SECOND_US


def _last_at(zone: ZoneInfo, wall: datetime) -> int:
    """When the clock on the wall has shown less for the last time."""
    first, last = _both(zone, wall)
    is_set_back_to_it = last > first and _shown(zone, last - 1) >= wall  # then it shows this again, but nothing less
    return (first if is_set_back_to_it else last) * SECOND_US


def _both(zone: ZoneInfo, wall: datetime) -> tuple[int, int]:
    """The first and the second time, in seconds, at which a clock there shows this; if none ever does, the jump."""
    first, last = (_seconds(wall.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    if first > last:
        first = last = bisect_left(range(first), wall, lo=last, key=lambda second: _shown(zone, second))
    return first, last


def _shown(zone: ZoneInfo, second: int) -> datetime:
    return local_time(zone, second * SECOND_US).replace(tzinfo=None)


def _seconds(moment: datetime) -> int:
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(seconds=1)
