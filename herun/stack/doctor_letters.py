"""What `herun doctor` finds among the dead letters: clocks that are so far off that nothing of the device is taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import nats
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from herun import subjects
from herun.clock import DAY_US
from herun.dead_letter_desk import list_letters
from herun.dead_letters import DeadLetter, DeadLetterReason
from herun.settings import Settings
from herun.stack.findings import Finding, Level

MOST_NAMED: Final = 5  # of those that were refused most
MOST_LOOKED_AT: Final = 500  # letters, up to the newest of these; at a millisecond each nobody waits
_TIMEOUT_S: Final = 3


async def check_letters(known: Settings) -> list[Finding]:
    """Nothing if the stream does not answer or is not there yet: that is told already."""
    if known.nats_url is None:
        return []
    try:
        connection = await nats.connect(
            known.need("nats_url"), connect_timeout=_TIMEOUT_S, max_reconnect_attempts=1, error_cb=_told_otherwise
        )
    except (NatsError, OSError):
        return []
    try:
        letters = await _newest(connection.jetstream())
    except (TimeoutError, NatsError):
        return []
    finally:
        await connection.close()
    since = known.make_clock().now_us() - DAY_US
    return list(judge_times([letter for letter in letters if letter.received_at >= since]))


def judge_times(letters: Sequence[DeadLetter]) -> Iterator[Finding]:
    """Who sent what was refused for its time, by topic, those with most first; the letters are in order."""
    by_topic: dict[str, list[DeadLetter]] = {}
    for letter in letters:
        by_topic.setdefault(letter.mqtt_topic or "?", []).append(letter)
    worst = sorted(by_topic.items(), key=lambda each: (-len(each[1]), each[0]))
    for topic, of_topic in worst[:MOST_NAMED]:
        yield Finding(
            "clock",
            Level.WARNING,
            f"{topic}: {len(of_topic)} messages of the last day were refused for their time (dead letters, bad_time),"
            f" the last: {of_topic[-1].detail}: set the device's clock, best by NTP",
        )
    if len(worst) > MOST_NAMED:
        more = f"and {len(worst) - MOST_NAMED} more topics: herun dead-letters list --reason bad_time"
        yield Finding("clock", Level.WARNING, more)


async def _newest(js: JetStreamContext) -> list[DeadLetter]:
    subject = subjects.dead_letter_subject(DeadLetterReason.BAD_TIME.value)
    try:
        newest = await js.get_last_msg(subjects.STREAM_DEAD_LETTER, subject)
    except NotFoundError:
        return []
    after = max(0, (newest.seq or 0) - MOST_LOOKED_AT)
    found = await list_letters(js, reason=DeadLetterReason.BAD_TIME, after=after, limit=MOST_LOOKED_AT)
    return [each.letter for each in found]


async def _told_otherwise(_: Exception) -> None:
    """A failed connection is raised as well; once is enough."""
