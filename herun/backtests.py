"""What a backtest and a trace are asked for: the same words in the job table, on the command line and in the program.

A job is one JSON object; `job` says which kind it is. Times are microseconds UTC.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from herun.clock import DAY_US, parse_time, to_text
from herun.errors import InvalidInputError

MAX_PERIOD_US: Final = 366 * DAY_US  # a year with its seasons; an estate's year is some 100 million events
MAX_WARM_UP_US: Final = 62 * DAY_US  # twice the longest duration that a rule can have
LATEST_US: Final = parse_time("2200-01-01T00:00:00Z")
DEFAULT_TIME_ZONE: Final = "Asia/Shanghai"  # of the days that fires are counted by


class Backtest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="job", tag="backtest", kw_only=True):
    """The engine over the stored events of [from_us, to_us).

    `rule`: this candidate, instead of the site's rule of the same uid. `rule_uid`: the rule in force, in its newest
    version all the time. Either is in force from when the site's rule was first put, if that was before `from_us`, else
    from the warm-up on. Neither: all rules as they were at the time. `warm_up_us`: events before `from_us` that make
    the state; None: by the rules' durations.
    """

    site: str
    from_us: int
    to_us: int
    rule: dict[str, Any] | None = None
    rule_uid: str | None = None
    warm_up_us: int | None = None
    time_zone: str = DEFAULT_TIME_ZONE


class Trace(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="job", tag="trace", kw_only=True):
    """Which rules saw one stored event, and why each did or did not fire."""

    site: str
    device: str
    event_id: str


Job = Backtest | Trace

_decoder: Final[msgspec.json.Decoder[Job]] = msgspec.json.Decoder(Job)


def encode_job(job: Job) -> bytes:
    """The job as one line."""
    return msgspec.json.encode(job)


def decode_job(raw: bytes) -> Job:
    """The job of its JSON. Raises InvalidInputError (`bad_job`, `bad_period`)."""
    try:
        job = _decoder.decode(raw)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise InvalidInputError("bad_job", str(error)) from error
    if isinstance(job, Backtest):
        check_period(job)
    return job


def check_period(job: Backtest) -> None:
    """Raises InvalidInputError (`bad_period`) that says what was expected, and of which field of the API's."""
    for field, at_us in (("from", job.from_us), ("to", job.to_us)):
        if not 0 <= at_us <= LATEST_US:
            raise InvalidInputError("bad_period", "a period lies between the years 1970 and 2200", field)
    if job.from_us >= job.to_us:
        words = f"from {to_text(job.from_us)} is not before to {to_text(job.to_us)}"
        raise InvalidInputError("bad_period", words, "from")
    if job.to_us - job.from_us > MAX_PERIOD_US:
        raise InvalidInputError("bad_period", f"at most {MAX_PERIOD_US // DAY_US} days", "from")
    if job.warm_up_us is not None and not 0 <= job.warm_up_us <= MAX_WARM_UP_US:
        raise InvalidInputError("bad_period", f"a warm-up has 0 to {MAX_WARM_UP_US // DAY_US} days", "warm_up_s")
    if job.rule is not None and job.rule_uid is not None:
        raise InvalidInputError("bad_job", "give a rule or the uid of one, not both", "rule_uid")
