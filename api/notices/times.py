"""When a notice leaves, and when it is tried again. Pure: takes times, returns times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from api.notices.rules import Urgency

QUIET_FROM: Final = time(22, 0)  # for whoever has not said otherwise
QUIET_UNTIL: Final = time(7, 0)

FIRST_PAUSE: Final = timedelta(seconds=10)
LONGEST_PAUSE: Final = timedelta(hours=1)
MAX_TRIES: Final = 10  # the last of them about two and a half hours after the first
MAX_AGE: Final = timedelta(hours=24)  # since it was due: yesterday's notice helps nobody
_MOST_DOUBLINGS: Final = 30
_SPREAD: Final = 16  # parts of a pause by which notices that failed together come apart


@dataclass(frozen=True, slots=True)
class Habits:
    """When a person wants to be told, in the site's time. No quiet hours if both ends are the same."""

    quiet_from: time = QUIET_FROM
    quiet_until: time = QUIET_UNTIL
    digest_at: time | None = None


def habits_of(said: Mapping[str, Any] | None) -> Habits:
    """What somebody has said, or not."""
    return Habits(said["quiet_from"], said["quiet_until"], said["digest_at"]) if said else Habits()


@dataclass(frozen=True, slots=True)
class Leaving:
    """When a notice is due at its channel, and whether it may be bundled with others then."""

    at: datetime
    in_digest: bool


def leaving(made_at: datetime, urgency: Urgency, habits: Habits, zone: ZoneInfo) -> Leaving:
    """When a notice made now leaves."""
    if urgency is Urgency.NOW:
        return Leaving(made_at, in_digest=False)
    if urgency is Urgency.LATER and habits.digest_at is not None:
        return Leaving(_after_quiet(_next(made_at, habits.digest_at, zone), habits, zone), in_digest=True)
    # What quiet hours have held back comes as one message and not as a volley.
    at = _after_quiet(made_at, habits, zone)
    return Leaving(at, in_digest=at != made_at)


def leaving_anew(due_at: datetime, now: datetime, urgency: Urgency, habits: Habits, zone: ZoneInfo) -> Leaving | None:
    """When what waits leaves once the habits are others. What is due already waits for no other digest, and is left as
    it is (None) unless quiet hours have begun.
    """
    if due_at > now:
        return leaving(now, urgency, habits, zone)
    found = leaving(now, Urgency.SOON, habits, zone)
    return found if found.at > now else None


def pause_after(tries: int, seed: int) -> timedelta:
    """How long to wait after so many tries: doubled each time, up to the longest, a little apart by `seed`."""
    pause = min(FIRST_PAUSE * (1 << min(tries - 1, _MOST_DOUBLINGS)), LONGEST_PAUSE)
    return pause + pause * (seed % _SPREAD) / (_SPREAD * 4)


def _after_quiet(at: datetime, habits: Habits, zone: ZoneInfo) -> datetime:
    clock = at.astimezone(zone).time()
    begin, end = habits.quiet_from, habits.quiet_until
    is_quiet = begin <= clock < end if begin <= end else clock >= begin or clock < end
    return _next(at, end, zone) if is_quiet else at


def _next(at: datetime, clock: time, zone: ZoneInfo) -> datetime:
    """The next moment, now included, at which the site's clock shows this."""
    local = at.astimezone(zone)
    candidate = datetime.combine(local.date(), clock, zone)
    if candidate < local:
        candidate = datetime.combine(local.date() + timedelta(days=1), clock, zone)
    return candidate.astimezone(at.tzinfo)
