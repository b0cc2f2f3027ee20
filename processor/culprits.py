"""Finding what in a frame cannot be processed: by trying parts of it, without committing any."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from herun.clock import Clock
from herun.errors import HerunError
from processor import store
from processor.batch import FAILED, Batch, LeftOut, TakenFrame
from processor.engine.engine import Engine
from processor.lease import Lease, position_of
from processor.store import Connection

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A frame that keeps failing, and what of it is left out already; what is found is added there."""

    taken: TakenFrame
    left_out: LeftOut


async def find(connection: Connection, clock: Clock, lease: Lease, engine: Engine, suspect: Suspect) -> None:
    """Leaves out every item without which the rest of the frame can be stored.

    Raises psycopg.Error if the database is away. Ranges are tried together with all that passed before them, so what
    passes at the end passes as a whole.
    """
    taken = suspect.taken
    ranges = [(0, taken.items)]
    passed: set[int] = set(suspect.left_out.of(taken.sequence))
    while ranges:
        first, end = ranges.pop()
        part = set(range(first, end)) - passed
        if not part:
            continue
        error = await _trial(connection, clock, lease, engine, suspect, allowed=passed | part)
        if error is None:
            passed |= part
        elif len(part) == 1:
            (culprit,) = part
            said = store.in_words(error)
            suspect.left_out.add(taken.sequence, culprit, FAILED, said)
            log.error("item_failed", partition=lease.partition, sequence=taken.sequence, n=culprit, error=said)
        else:
            middle = (first + end) // 2
            ranges += [(middle, end), (first, middle)]


class _TakenBackError(HerunError):
    """Ends a trial's transaction."""


async def _trial(
    connection: Connection, clock: Clock, lease: Lease, engine: Engine, suspect: Suspect, *, allowed: set[int]
) -> Exception | None:
    """What goes wrong with only these items; None if nothing does. Takes everything back."""
    taken = suspect.taken
    others = LeftOut({taken.sequence: dict(suspect.left_out.of(taken.sequence))})
    for n in set(range(taken.items)) - allowed:
        others.add(taken.sequence, n, FAILED)
    try:
        position = position_of(lease.stream_epoch, taken.sequence)
        at_us = clock.from_wall(taken.wall_us)
        decisions = engine.apply(taken.frame, position, at_us, others.of(taken.sequence))
        batch = Batch(lease.stream_epoch, [taken], [decisions], others)
        async with connection.transaction():
            await store.write_rows(connection, clock, lease, batch)
            raise _TakenBackError
    except _TakenBackError:
        return None
    except HerunError:
        raise
    except Exception as error:
        if store.is_transient(error):
            raise
        log.debug("trial_failed", error=store.in_words(error))
        return error
    finally:
        engine.rollback()
