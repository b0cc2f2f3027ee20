"""One event once more, with somebody who listens: which rules saw it, and why each did or did not fire."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import msgspec

from herun.backtests import Trace
from herun.clock import to_text, to_us
from herun.errors import InvalidInputError
from herun.events import FLAG_DERIVED, Event
from herun.rules import RULE
from processor.backtest.armed import arming_of
from processor.backtest.explain import Asked, Looks, data_of, explain, not_asked
from processor.backtest.plan import as_they_were
from processor.backtest.rows import Rows
from processor.backtest.run import Measured, open_replay
from processor.engine.engine import Engine
from processor.replay import Boundary, Replay, StoredFrame


def trace(rows: Rows, job: Trace, measured: Measured) -> dict[str, Any]:
    """The answer about each rule that was in force, and what the engine made of the event.

    Raises InvalidInputError (`unknown_event`).
    """
    row = rows.find_event(job.device, job.event_id)
    if row is None:
        raise InvalidInputError(
            "unknown_event", f"device {job.device} of {rows.site} has no stored event {job.event_id}"
        )
    position, at_us = row["position"], to_us(row["recorded_time"])
    is_derived = bool(row["flags"] & FLAG_DERIVED)
    plan = as_they_were(rows.rule_controls(position))
    warm = rows.boundary(at_us - plan.warm_up_us)
    # What the engine derived was there when the time of its frame had passed, a control in it taken.
    end = Boundary(at_us + 1, position, position + 1) if is_derived else Boundary(at_us, position - 1, position)
    replay = open_replay(rows, plan, end)
    frames = measured.counting(rows.frames(warm.next, position + 1, plan.types | {row["event_type"]}))
    looks = Looks(job.device, job.event_id)
    if is_derived:
        _replay_over(replay, frames, end, looks)
        event = _as_stored(rows.site, job, row)
    else:
        event = _replay_to(replay, frames, position, job, looks)
    engine = replay.engine
    asked = Asked(event, data_of(event), engine.registration(event.site, event.device), engine.state)
    return {
        "site": rows.site,
        "device": job.device,
        "event_id": job.event_id,
        "event_type": event.event_type,
        "event_time": to_text(event.event_time),
        "recorded_time": to_text(at_us),
        "warm_up_from": to_text(warm.at_us),
        "events": measured.events,
        "arming": arming_of(asked.event, asked.data, asked.place, asked.state),
        "derived": [
            {**each, "event_time": to_text(to_us(each["event_time"]))}
            for each in rows.derived_from(job.device, job.event_id, row)
        ],
        "rules": list(_answers(engine, asked, looks)),
    }


def _replay_to(replay: Replay, frames: Iterator[StoredFrame], position: int, job: Trace, looks: Looks) -> Event:
    """Replays up to the event, and the event itself with the recorder on; the event as it is stored."""
    for frame in frames:
        if frame.position < position:
            deque(replay.through([frame]), maxlen=0)
            continue
        names = [(event.device, event.event_id) for event in frame.events]
        n = names.index((job.device, job.event_id))
        if n:
            deque(replay.through([frame._replace(events=frame.events[:n])]), maxlen=0)
        replay.engine.recorder = looks
        deque(replay.through([frame._replace(events=frame.events[n : n + 1])]), maxlen=0)
        return frame.events[n]
    raise InvalidInputError("unknown_event", "the event is no longer stored")


def _replay_over(replay: Replay, frames: Iterator[StoredFrame], end: Boundary, looks: Looks) -> None:
    """Replays up to the frame of the end, and that and the time up to it with the recorder on."""
    for frame in frames:
        if frame.position == end.last:
            replay.engine.recorder = looks
        deque(replay.through([frame]), maxlen=0)
    replay.engine.recorder = looks
    deque(replay.finish(end), maxlen=0)


def _as_stored(site: str, job: Trace, row: dict[str, Any]) -> Event:
    data = msgspec.json.encode(row["data"]).decode()
    moment = to_us(row["event_time"])
    return Event(
        site, job.device, job.event_id, row["event_type"], row["schema_version"], moment, data, flags=row["flags"]
    )


def _answers(engine: Engine, asked: Asked, looks: Looks) -> Iterator[dict[str, Any]]:
    for (site, uid), cell in sorted(engine.state.rules.items()):
        if site != asked.event.site:
            continue
        rule, compiled = RULE.validate_json(cell.body), engine.compiled(site, uid)
        yield not_asked(rule, failed=cell.off) if compiled is None else explain(asked, compiled, rule, looks)
