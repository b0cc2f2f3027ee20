"""The clocks of an order as one person sees them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from api.clocks.clock import Clock, approved, hand_limit, promised, stands_still_until
from api.clocks.schemas import Clocks, Deadline, OwnClock, Promise, PromiseState, SegmentView
from api.clocks.segments import TIMED, Segment, segments
from api.work_orders.order import Order, Person, is_inside
from herun.clock import SECOND_US, to_datetime, to_us
from herun.schedule import local_time, zone_named


def shown(order: Order, person: Person, clock: Clock, deadlines: Sequence[Deadline], at: datetime) -> Clocks:
    """Both clocks; who is but its reporter sees the promise, and not whose time inside it was."""
    now = max(to_us(at), clock.turns[-1].at)
    found = segments(clock.turns, approved(clock.pauses), now)
    promise = _promise(clock, at)
    is_staff = is_inside(person, order)
    began = clock.turns[0].at
    return Clocks(
        number=order.number,
        at=at,
        seconds=_whole(now, began),
        sentence=_sentence(promise, clock.ground.zone),
        promise=promise,
        own=_own(clock, now) if is_staff else None,
        segments=[_segment(each, began) for each in found] if is_staff else None,
        pauses=list(clock.pauses) if is_staff else None,
        extensions=list(clock.extensions) if is_staff else None,
        deadlines=list(deadlines) if is_staff else None,
    )


def _promise(clock: Clock, at: datetime) -> Promise:
    promise = clock.promise
    is_over = promise.ended_at is not None
    in_time = (promise.ended_at or at) <= promise.due_at
    still = stands_still_until(clock.pauses, to_us(at)) if in_time and not is_over else None
    if promise.outcome == "dropped":
        state = PromiseState.DROPPED
    elif is_over:
        state = PromiseState.KEPT if in_time else PromiseState.BROKEN
    elif still is not None:
        state = PromiseState.PAUSED
    else:
        state = PromiseState.RUNNING if in_time else PromiseState.LATE
    return Promise(
        round=promise.round,
        began_at=promise.began_at,
        due_at=promise.due_at,
        ended_at=promise.ended_at,
        state=state,
        paused_until=None if still is None else to_datetime(still),
        seconds_left=None if is_over else (to_us(promise.due_at) - (still or to_us(at))) // SECOND_US,
        calendar=promised(clock).terms.limits.calendar,
    )


def _own(clock: Clock, now: int) -> OwnClock | None:
    turn = clock.now
    owner = turn.hand.owner
    if turn.hand.kind not in TIMED or owner is None:
        return None
    limit = hand_limit(clock, now)
    return OwnClock(
        kind=turn.hand.kind,
        owner=owner,
        limit_seconds=limit.us // SECOND_US,
        used_seconds=limit.used // SECOND_US,
        due_at=to_datetime(limit.due),
        late=limit.used > limit.us,
    )


def _segment(segment: Segment, began: int) -> SegmentView:
    hand = segment.hand
    return SegmentView(
        round=segment.round,
        kind=hand.kind,
        owner=hand.owner,
        unit=hand.unit,
        worker=hand.worker,
        began_at=to_datetime(segment.span.begin),
        ended_at=to_datetime(segment.span.end),
        # By the whole seconds at both its ends, so that they add up: rounded one by one they would not.
        seconds=_whole(segment.span.end, began) - _whole(segment.span.begin, began),
    )


def _whole(at: int, began: int) -> int:
    return (at - began) // SECOND_US


def day_and_time(at: datetime, zone: str) -> dict[str, str]:
    """A time of the site to the minute, in words of zh and en."""
    local = local_time(zone_named(zone), to_us(at))
    return {"zh": f"{local.month}月{local.day}日{local:%H:%M}", "en": f"{local:%Y-%m-%d %H:%M}"}


def _sentence(promise: Promise, zone: str) -> dict[str, str]:
    zh, en = day_and_time(promise.due_at, zone).values()
    return {
        PromiseState.RUNNING: {"zh": f"承诺于{zh}前答复。", "en": f"An answer is promised by {en}."},
        PromiseState.PAUSED: {
            "zh": f"计时暂停中,承诺于{zh}前答复。",
            "en": f"The time stands still for now; an answer is promised by {en}.",
        },
        PromiseState.LATE: {"zh": f"承诺于{zh}前答复,已超时。", "en": f"An answer was promised by {en}; it is late."},
        PromiseState.KEPT: {"zh": f"已在承诺时间({zh})前答复。", "en": f"Answered before {en}, as promised."},
        PromiseState.BROKEN: {"zh": f"答复晚于承诺时间({zh})。", "en": f"Answered later than promised ({en})."},
        PromiseState.DROPPED: {"zh": "承诺随工单取消而终止。", "en": "The promise ended with the order."},
    }[promise.state]
