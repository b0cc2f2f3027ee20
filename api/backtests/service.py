"""Asking the processor for a backtest or a trace. The engine's tables are its own; what is asked is written here."""

from __future__ import annotations

import uuid
from typing import Final

from api.audit import store as audit
from api.backtests import store
from api.backtests.schemas import Backtest, Backtests, JobState, NewBacktest, Trace
from api.periods import bad_period
from api.problems import FieldError, conflict, invalid, not_found
from api.rules import service as rules
from api.transactions import Transaction
from herun import backtests
from herun.clock import SECOND_US, to_text, to_us
from herun.errors import InvalidInputError
from herun.rules import RULE

MAX_UNFINISHED: Final = 5  # jobs of a site that wait or run: a worker does one after the other
MAX_KEPT: Final = 50  # of a site, with their results


async def ask(tx: Transaction, new: NewBacktest) -> Backtest:
    """Writes a backtest down.

    Raises Problem 422 for a period or a rule that cannot be, 404 for a rule that is not in force, 409 beyond the bound.
    """
    job = backtests.Backtest(
        site=tx.site,
        from_us=to_us(new.begin),
        to_us=to_us(new.end),
        rule=None if new.rule is None else RULE.dump_python(new.rule, mode="json"),
        rule_uid=new.rule_uid,
        warm_up_us=None if new.warm_up_s is None else round(new.warm_up_s * SECOND_US),
        time_zone=await store.time_zone(tx),
    )
    try:
        backtests.check_period(job)
    except InvalidInputError as error:
        field = [] if error.field is None else [error.field]
        at = FieldError(loc=["body", *field], msg=error.detail, type=error.reason)
        raise invalid(error.reason, error.detail, [at]) from error
    if new.begin > tx.at:
        raise bad_period("body", "from", f"from {to_text(job.from_us)} is in the future")
    if new.rule is not None:
        rules.must_make_sense(new.rule, "body", "rule")
    if new.rule_uid is not None:
        await rules.one(tx, new.rule_uid)
    job_id = await _add(tx, job)
    await audit.record(tx, "backtest.asked", str(job_id), {"rule": new.rule.uid if new.rule else new.rule_uid})
    return await one(tx, job_id)


async def one(tx: Transaction, job_id: uuid.UUID) -> Backtest:
    """One backtest with its result. Raises Problem 404."""
    found = await store.one(tx, job_id)
    if found is None:
        raise not_found("backtest")
    return found


async def newest(tx: Transaction) -> Backtests:
    """All that are kept, newest first."""
    return Backtests(items=await store.newest(tx, MAX_KEPT + MAX_UNFINISHED))


async def trace(tx: Transaction, device: str, event_id: str) -> Trace:
    """The trace of an event, asked for if it was not. Raises Problem 404 for no such event, 409 beyond the bound."""
    found = await store.trace(tx, device, event_id)
    if found is not None:
        return found
    if not await store.event_exists(tx, device, event_id):
        raise not_found("event")
    await _add(tx, backtests.Trace(site=tx.site, device=device, event_id=event_id))
    return Trace(state=JobState.WAITING, error=None, trace=None)


async def _add(tx: Transaction, job: backtests.Job) -> uuid.UUID:
    if await store.unfinished(tx) >= MAX_UNFINISHED:
        raise conflict("too_many_backtests", f"{MAX_UNFINISHED} of this site wait or run; ask again when one has ended")
    return await store.add(tx, job, MAX_KEPT)
