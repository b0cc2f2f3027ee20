"""The stretch of time that figures are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import Query
from pydantic import Field

from api.problems import FieldError, Problem, invalid
from api.schema import Body, MomentInQuery

DEFAULT: Final = timedelta(days=28)  # four weeks: each weekday as often as the others
LONGEST: Final = timedelta(days=366)
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)

Begin = Annotated[MomentInQuery | None, Query(alias="from", description="raised at or after, RFC 3339 with offset")]
End = Annotated[MomentInQuery | None, Query(alias="to", description="raised before")]


class Between(Body):
    """The query of a report: a misspelt one is refused, not answered for another period."""

    begin: Annotated[
        MomentInQuery | None, Field(alias="from", description="raised at or after, RFC 3339 with offset")
    ] = None
    end: Annotated[MomentInQuery | None, Field(alias="to", description="raised before")] = None


@dataclass(frozen=True, slots=True)
class Period:
    """From `begin` on, up to before `end`."""

    begin: datetime
    end: datetime

    @property
    def before(self) -> Period:
        """The stretch of the same length that ends where this one begins."""
        return Period(self.begin - (self.end - self.begin), self.begin)


def period(now: datetime, begin: datetime | None, end: datetime | None, default: timedelta = DEFAULT) -> Period:
    """What was asked for; left out, it ends now and is as long as the default.

    Raises Problem 422 if it is empty, longer than LONGEST, or centuries away.
    """
    for name, each in (("from", begin), ("to", end)):
        if each is not None and not _EARLIEST < each < _LATEST:
            raise bad_period("query", name, f"from and to lie between {_EARLIEST.year} and {_LATEST.year}")
    end = now if end is None else end.astimezone(UTC)
    begin = end - default if begin is None else begin.astimezone(UTC)
    if not timedelta() < end - begin <= LONGEST:
        raise bad_period("query", "from", f"from lies before to, by at most {LONGEST.days} days")
    return Period(begin, end)


def check_order(begin: datetime | None, end: datetime | None, names: tuple[str, str] = ("from", "to")) -> None:
    """Raises Problem 422 for a list of what is from a time on that is later than its end: nothing can be in it."""
    if begin is not None and end is not None and begin > end:
        raise bad_period("query", names[0], f"{names[0]} is later than {names[1]}")


def bad_period(where: str, name: str, words: str) -> Problem:
    """422 for a period that cannot be, with the field that says so: of the `query` or the `body`."""
    return invalid("bad_period", words, [FieldError(loc=[where, name], msg=words, type="bad_period")])
