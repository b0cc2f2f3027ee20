"""One backtest from the rows to its result."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from herun.backtests import Backtest
from herun.clock import to_text
from herun.collector import settle
from herun.errors import InvalidInputError
from herun.rules import RULE
from processor.backtest.plan import Plan, plan_rules, put_at, was_put
from processor.backtest.report import MAX_ALERTS, Fires, compare, in_order
from processor.backtest.rows import Rows
from processor.engine.decisions import Decisions
from processor.engine.engine import Engine
from processor.engine.rulebook import compile_rule
from processor.engine.state import State
from processor.replay import END, Boundary, Outage, Replay, StoredControls, StoredFrame

MAX_EVENTS: Final = 100_000_000  # of one run: an hour at a good pace


class Measured:
    """Counts what goes by, and how long that took. No part of the result: that is the same on every machine."""

    def __init__(self, max_events: int = MAX_EVENTS) -> None:
        self.events = self.frames = self.rule_errors = 0
        self._max_events = max_events
        self._began, self._cpu = time.perf_counter(), time.process_time()

    def counting(self, frames: Iterator[StoredFrame]) -> Iterator[StoredFrame]:
        """The frames, counted. Raises InvalidInputError (`too_many_events`)."""
        for frame in frames:
            self.frames += 1
            self.events += len(frame.events)
            if self.events > self._max_events:
                raise InvalidInputError(
                    "too_many_events", f"more than {self._max_events} events; ask for a shorter period"
                )
            yield frame

    def as_dict(self) -> dict[str, float]:
        """Figures of the run so far."""
        seconds = time.perf_counter() - self._began
        return {
            "events": self.events,
            "seconds": round(seconds, 3),
            "cpu_seconds": round(time.process_time() - self._cpu, 3),
            "events_per_second": round(self.events / seconds) if seconds else 0,
        }


def backtest(rows: Rows, job: Backtest, measured: Measured) -> dict[str, Any]:
    """The result of a backtest, the same for the same rows. Raises InvalidInputError, psycopg.Error."""
    days = _zone(job.time_zone)
    if job.from_us > rows.engine_time_us:
        came_to = to_text(rows.engine_time_us)
        raise InvalidInputError("bad_period", f"from {to_text(job.from_us)}: the engine has only come to {came_to}")
    plan = plan_rules(job, rows.rule_controls(END))
    warm_up_us = plan.warm_up_us if job.warm_up_us is None else job.warm_up_us
    # What the live engine has not come to yet, no replay can tell.
    until_us = max(job.from_us, min(job.to_us, rows.engine_time_us + 1))
    warm = rows.boundary(job.from_us - warm_up_us)
    begin, end = rows.boundary(job.from_us), rows.boundary(until_us)
    fires = Fires(job.from_us, until_us, plan.uid, days)
    for decisions in _decide(rows, plan, (warm, begin, end), measured):
        if decisions.alerts:
            fires.take(decisions)
        measured.rule_errors += sum(plan.uid in {None, each.rule_uid} for each in decisions.rule_errors)
        for _, control, detail in decisions.refused_controls:
            if control.body == plan.candidate:
                raise InvalidInputError("bad_rule", detail)
    live = rows.live_alerts(begin, end, plan.uid, MAX_ALERTS + 1)
    return {
        "site": rows.site,
        "from": to_text(job.from_us),
        "to": to_text(job.to_us),
        "until": to_text(until_us),
        "warm_up_from": to_text(warm.at_us),
        "time_zone": job.time_zone,
        "rule": plan.candidate,
        "events": measured.events,
        "rule_errors": measured.rule_errors,
        "fires": fires.as_dict(),
        "alerts": in_order(fires.alerts.values()),
        "alerts_not_listed": fires.total - len(fires.alerts),
        "live_has_more": len(live) > MAX_ALERTS,
        **compare(fires, live[:MAX_ALERTS], rows.verdicts(), _momentary(rows.site, plan)),
    }


def _decide(
    rows: Rows, plan: Plan, bounds: tuple[Boundary, Boundary, Boundary], measured: Measured
) -> Iterator[Decisions]:
    warm, begin, end = bounds
    settle()  # otherwise it took a tenth of the time
    puts = []
    if plan.candidate is not None and not was_put(plan.uid or "", rows.rule_controls(begin.last + 1)):
        puts.append(put_at(rows.site, warm, _listened_at(warm.at_us, rows.outages(end.next)), plan.candidate))
    replay = open_replay(rows, plan, end, puts)
    yield from replay.through(measured.counting(rows.frames(warm.next, end.next, plan.types)))
    yield from replay.finish(end)


def open_replay(rows: Rows, plan: Plan, end: Boundary, puts: Sequence[StoredControls] = ()) -> Replay:
    """A replay that has everything but the events; `puts` come besides the stored controls."""
    controls = heapq.merge(puts, rows.controls(end.next), key=lambda each: each.position)
    return Replay(Engine(State(), is_replay=True), controls, rows.outages(end.next), plan.substitute)


def _listened_at(at_us: int, outages: list[Outage]) -> int:
    return next((each.began_us for each in outages if each.began_us <= at_us < each.ended_us), at_us)


def _momentary(site: str, plan: Plan) -> frozenset[str]:
    compiled = (compile_rule(site, RULE.validate_python(body)) for body in plan.bodies)
    return frozenset(rule.head.uid for rule in compiled if not rule.head.lasting)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidInputError("bad_job", f"unknown time zone {name}") from error
