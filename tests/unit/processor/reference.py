"""What each kind of rule means, told in the slowest and most obvious way: all events at hand, sorted by time.

An event is (second, device, event type, value). An answer is the list of (raised, cleared) in seconds, cleared None for
what still holds at the end (or is an occurrence).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

Answer = list[tuple[int, int | None]]
SECONDS = 1_000  # after the last event, in which all that waits has happened


class Seen(NamedTuple):
    """One event."""

    second: int
    device: str
    event_type: str
    value: int


def intervals(points: Iterable[tuple[int, bool]]) -> Answer:
    """Stretches of true in a list of (second, is it so from here on)."""
    found: Answer = []
    for second, so in points:
        if so and (not found or found[-1][1] is not None):
            found.append((second, None))
        elif not so and found and found[-1][1] is None:
            found[-1] = (found[-1][0], second)
    return found


def union(answers: list[Answer]) -> Answer:
    """Seconds in which any of them holds."""
    ends = sorted({each for answer in answers for stretch in answer for each in stretch if each is not None})
    return intervals(
        (second, any(since <= second and (until is None or second < until) for a in answers for since, until in a))
        for second in ends
    )


def hysteresis(values: Iterable[tuple[int, float | None]], above: float, below: float) -> Answer:
    """Raised over one value, cleared under the other or where there is none."""
    so, points = False, []
    for second, value in values:
        so = False if value is None else value > above or (so and value >= below)
        points.append((second, so))
    return intervals(points)


def cooled(occurrences: Answer, cooldown: int) -> list[tuple[int, int, int]]:
    """What comes within the cool-down of the one before is counted in one alert: its first, its last, how many."""
    found: list[tuple[int, int, int]] = []
    for second, _ in occurrences:
        if found and second - found[-1][1] < cooldown:
            found[-1] = (found[-1][0], second, found[-1][2] + 1)
        else:
            found.append((second, second, 1))
    return found


def by_device(events: list[Seen]) -> list[list[Seen]]:
    return [[each for each in events if each.device == device] for device in sorted({each.device for each in events})]


def threshold(events: list[Seen]) -> Answer:
    """Over 6, back under 3; a zone while any of its devices is."""
    return union([hysteresis([(each.second, each.value) for each in own], 6, 3) for own in by_device(events)])


def true_for(events: list[Seen]) -> Answer:
    """The value has been over 4 for 7 s."""
    answers = []
    for own in by_device(events):
        held = intervals((each.second, each.value > 4) for each in own)
        answers.append([(a + 7, b) for a, b in held if b is None or b >= a + 7])
    # One that ends in the very second in which it is long enough is raised and cleared: no length, but told.
    moments = [(a, b) for answer in answers for a, b in answer if a == b]
    whole = union([[(a, b) for a, b in answer if a != b] for answer in answers])
    inside = [(a, b) for a, b in moments if not any(c <= a and (d is None or a < d) for c, d in whole)]
    return sorted([*whole, *inside], key=lambda stretch: stretch[0])


def _windowed(events: list[Seen], span: int, is_so: Callable[[list[Seen]], bool]) -> Answer:
    """Looks at every second at what lies within the span before it: first time passes, then what happens is counted."""
    points = []
    for end in sorted({end for each in events for end in (each.second, each.second + span)}):
        before = [each for each in events if end - span < each.second < end]
        points += [(end, is_so(before)), (end, is_so(before + [each for each in events if each.second == end]))]
    return intervals(points)


def count(events: list[Seen]) -> Answer:
    """Three over 2 within 10 s."""
    return _windowed([each for each in events if each.value > 2], 10, lambda seen: len(seen) >= 3)


def distinct(events: list[Seen]) -> Answer:
    """Three different values within 10 s."""
    return _windowed(events, 10, lambda seen: len({each.value for each in seen}) >= 3)


def change(events: list[Seen]) -> Answer:
    """The newest is more than 3 above the oldest of the last minute; over when it is less than 1 above it."""
    values = []
    for each in events:
        oldest = next(other for other in events if other.second >= each.second - 60)
        values.append((each.second, float(each.value - oldest.value)))
    return hysteresis(values, 3, 1)


def tumbling(events: list[Seen]) -> Answer:
    """The sum of windows of 10 s is over 12; over when it is under 6, as that of an empty one is."""
    if not events:
        return []
    windows = range(events[0].second // 10, events[-1].second // 10 + 2)
    sums = [((index + 1) * 10, sum(each.value for each in events if each.second // 10 == index)) for index in windows]
    return hysteresis(sums, 12, 6)


def tumbling_count(events: list[Seen]) -> Answer:
    """More than two in 10 s; over when fewer than one: an empty window."""
    if not events:
        return []
    windows = range(events[0].second // 10, events[-1].second // 10 + 2)
    counts = [((index + 1) * 10, sum(each.second // 10 == index for each in events)) for index in windows]
    return hysteresis(counts, 2, 1)


def tumbling_avg(events: list[Seen]) -> Answer:
    """The average of windows of 10 s is over 6; over when it is under 3, or there is none."""
    values: list[tuple[int, float | None]] = []
    for index in range(events[0].second // 10, events[-1].second // 10 + 2) if events else ():
        inside = [each.value for each in events if each.second // 10 == index]
        values.append(((index + 1) * 10, sum(inside) / len(inside) if inside else None))
    return hysteresis(values, 6, 3)


def sliding_few(events: list[Seen]) -> Answer:
    """Fewer than two within the last 5 s and the second before; over when there are two again."""
    points = []
    for now in range(events[0].second, events[-1].second + 8) if events else ():
        inside = [each for each in events if now - 6 < each.second < now]
        if any(each.second == now - 6 for each in events):
            points.append((now, len(inside) < 2))
        if any(each.second == now for each in events):
            points.append((now, len(inside) + 1 < 2))
    return intervals(points)


def sliding(events: list[Seen]) -> Answer:
    """The average of the last 5 s is over 6; over when under 3. In each second first what leaves, then what comes."""
    values: list[tuple[int, float | None]] = []
    if not events:
        return []
    for now in range(events[0].second, events[-1].second + 7):
        inside = [each.value for each in events if now - 5 < each.second < now]
        left = [each for each in events if each.second == now - 5]
        if left:
            values.append((now, sum(inside) / len(inside) if inside else None))
        come = [each.value for each in events if each.second == now]
        if come:
            values.append((now, sum(inside + come) / len(inside + come)))
    return hysteresis(values, 6, 3)


def session(events: list[Seen]) -> Answer:
    """More than three with less than 5 s between them."""
    runs: list[list[Seen]] = []
    for each in events:
        if runs and each.second - runs[-1][-1].second < 5:
            runs[-1].append(each)
        else:
            runs.append([each])
    return [(run[3].second, run[-1].second + 5) for run in runs if len(run) > 3]


def sequence(events: list[Seen]) -> Answer:
    """A door opens, then a value over 4, then a door closes, all within 15 s."""
    found: Answer = []
    opened: int | None = None  # the newest of each that has come so far
    passed: int | None = None
    for each in events:
        if each.event_type == "door.opened":
            opened = each.second
        elif each.event_type == "reading.reported" and each.value > 4 and opened is not None:
            if each.second - opened <= 15:
                passed, opened = opened, None
        elif each.event_type == "door.closed" and passed is not None and each.second - passed <= 15:
            found.append((each.second, None))
            opened = passed = None
    return found


def negation(events: list[Seen]) -> Answer:
    """A door opens and does not close for 8 s."""
    found: Answer = []
    waiting: int | None = None
    for each in [*events, Seen(events[-1].second + SECONDS, "", "the end", 0)] if events else []:
        if waiting is not None and each.second >= waiting + 8:
            found.append((waiting + 8, None))
            waiting = None
        is_open = bool(found) and found[-1][1] is None
        if each.event_type == "door.closed":
            waiting = None
            if is_open:
                found[-1] = (found[-1][0], each.second)
        elif each.event_type == "door.opened" and waiting is None and not is_open:
            waiting = each.second
    return found


TUMBLING = {"kind": "aggregate", "window": "tumbling", "size_s": 10}
READINGS = ["reading.reported"]
DOORS = ["reading.reported", "door.opened", "door.closed"]
KINDS: dict[str, tuple[Callable[[list[Seen]], Answer], dict[str, Any]]] = {
    "threshold": (threshold, {"kind": "threshold", "raise_above": 6, "clear_below": 3}),
    "true_for": (true_for, {"kind": "true_for", "condition": "data.value > 4", "duration_s": 7}),
    "count": (count, {"kind": "count", "condition": "data.value > 2", "count": 3, "window_s": 10}),
    "distinct": (distinct, {"kind": "distinct", "field": "value", "count": 3, "window_s": 10}),
    "change": (change, {"kind": "change", "over_s": 60, "raise_above": 3, "clear_below": 1}),
    "tumbling": (
        tumbling,
        {**TUMBLING, "function": "sum", "raise_above": 12, "clear_below": 6},
    ),
    "tumbling_count": (
        tumbling_count,
        {**TUMBLING, "function": "count", "raise_above": 2, "clear_below": 1},
    ),
    "tumbling_avg": (
        tumbling_avg,
        {**TUMBLING, "function": "avg", "raise_above": 6, "clear_below": 3},
    ),
    "sliding_few": (
        sliding_few,
        {
            "kind": "aggregate", "window": "sliding", "size_s": 5, "every_s": 1, "function": "count", "raise_below": 2,
        },
    ),
    "sliding": (
        sliding,
        {
            "kind": "aggregate", "window": "sliding", "size_s": 5, "every_s": 1, "function": "avg", "raise_above": 6,
            "clear_below": 3,
        },
    ),
    "session": (
        session, {"kind": "aggregate", "window": "session", "size_s": 5, "function": "count", "raise_above": 3},
    ),
    "sequence": (
        sequence,
        {
            "kind": "sequence",
            "within_s": 15,
            "steps": [
                {"event_types": ["door.opened"]},
                {"event_types": ["reading.reported"], "condition": "data.value > 4"},
                {"event_types": ["door.closed"]},
            ],
        },
    ),
    "negation": (
        negation,
        {
            "kind": "negation",
            "within_s": 8,
            "first": {"event_types": ["door.opened"]},
            "then": {"event_types": ["door.closed"]},
        },
    ),
}  # fmt: skip
