"""Which requests, and which updates, a client asks for. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from api.open311.errors import refused
from api.open311.forms import Sent
from api.open311.statuses import CLOSED_STATUS, OPEN_STATUS

SPAN: Final = timedelta(days=90)  # the specification's longest
MAX_ROWS: Final = 1000  # the specification's "first 1000"
MAX_SKIPPED: Final = 100_000  # rows that a page may lie behind: they are counted through
_BESIDE_IDS: Final = ("service_request_id", "extensions")
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 9000  # with room for 90 days before all calendars end


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for. Ids, if any, override all else."""

    ids: Sequence[str] | None
    codes: Sequence[str] | None
    start: datetime | None
    end: datetime | None
    updated_after: datetime | None
    updated_before: datetime | None
    closed: bool | None
    limit: int
    offset: int
    extended: bool


def requests_asked(sent: Sent, now: datetime) -> Asked:
    """What GET requests asks for; with ids nothing else counts. Raises Problem 400 with every flaw."""
    if "service_request_id" in sent.fields:
        sent = Sent({name: sent.fields[name] for name in _BESIDE_IDS if name in sent.fields})
    asked = updates_asked(sent, now)
    return asked if asked.ids is None else replace(asked, start=None, end=None)


def updates_asked(sent: Sent, now: datetime) -> Asked:
    """What GET servicerequestupdates asks for; start and end are times of updates. Raises Problem 400."""
    flaws: list[str] = []
    start, end = _span(sent, now, flaws)
    limit, offset = _page(sent, flaws)
    asked = Asked(
        ids=_ids(sent, flaws),
        codes=sent.listed("service_code") or None,
        start=start,
        end=end,
        updated_after=_moment(sent, "updated_after", flaws),
        updated_before=_moment(sent, "updated_before", flaws),
        closed=_closed(sent, flaws),
        limit=limit,
        offset=offset,
        extended=sent.one("extensions") == "true",
    )
    if flaws:
        raise refused(*flaws)
    return asked


def w3_moment(text: str) -> datetime | None:
    """A time as the W3C's note has it, with its zone; None for anything else."""
    try:
        # In an address a plus sign is a space; whoever did not escape it meant an offset.
        at = datetime.fromisoformat(text.replace(" ", "+") if text.count(" ") == 1 and "T" in text else text)
    except ValueError:
        return None
    return at if at.tzinfo is not None and _FIRST_YEAR < at.year < _LAST_YEAR else None


def _ids(sent: Sent, flaws: list[str]) -> list[str] | None:
    ids = sent.listed("service_request_id")
    if len(ids) > MAX_ROWS:
        flaws.append(f"service_request_id names more than {MAX_ROWS} requests")
    return ids or None


def _span(sent: Sent, now: datetime, flaws: list[str]) -> tuple[datetime | None, datetime | None]:
    """From when to when; whatever is left out is filled up to 90 days, without both the last 90 days."""
    start, end = _moment(sent, "start_date", flaws), _moment(sent, "end_date", flaws)
    if start is None:
        return (end or now) - SPAN, end
    if end is None:
        return start, start + SPAN
    if end < start:
        flaws.append("end_date is before start_date")
    elif end - start > SPAN:
        flaws.append(f"start_date and end_date may not span more than {SPAN.days} days")
    return start, end


def _moment(sent: Sent, name: str, flaws: list[str]) -> datetime | None:
    text = sent.one(name)
    if text is None:
        return None
    at = w3_moment(text)
    if at is None:
        flaws.append(f"{name} is no time with its zone, as in 2010-01-01T00:00:00Z")
    return at


def _closed(sent: Sent, flaws: list[str]) -> bool | None:
    wanted = {text.lower() for text in sent.listed("status")}
    if wanted - {OPEN_STATUS, CLOSED_STATUS}:
        flaws.append(f"status is {OPEN_STATUS} or {CLOSED_STATUS}")
    return CLOSED_STATUS in wanted if len(wanted) == 1 else None


def _page(sent: Sent, flaws: list[str]) -> tuple[int, int]:
    size = _number(sent, "page_size", "per_page", default=MAX_ROWS, most=MAX_ROWS, flaws=flaws)
    page = _number(sent, "page", default=1, most=MAX_SKIPPED, flaws=flaws)
    if (page - 1) * size > MAX_SKIPPED:
        flaws.append(f"pages reach over {MAX_SKIPPED} requests; ask for a shorter span")
    return size, (page - 1) * size


def _number(sent: Sent, *names: str, default: int, most: int, flaws: list[str]) -> int:
    for name in names:
        text = sent.one(name)
        if text is not None:
            if text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most:
                return int(text)
            flaws.append(f"{name} is a number from 1 to {most}")
    return default
