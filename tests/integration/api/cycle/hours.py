"""The two clocks of an order as a clerk would keep them: who had it from when on, and what has to be told when.

Written from docs/clocks.md alone. The site has the limits of `SETTINGS`; it lies eight hours east of Greenwich.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Final

HERE: Final = timedelta(hours=8)
MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)
NEVER: Final = timedelta(days=1000)
# What an order of a category may take, in minutes: accept, arrive, solve, promise; and whether only in working hours.
# What says more comes first: category and severity, the category, the severity.
LIMITS: Final[dict[tuple[str | None, str | None], tuple[dict[str, int], bool]]] = {
    ("water", None): ({"accept": 60, "arrive": 120, "solve": 240, "promise": 600}, False),
    ("fire", "critical"): ({"accept": 400, "arrive": 900, "solve": 3000, "promise": 9000}, False),
    ("fire", None): ({"accept": 1, "arrive": 2, "solve": 3, "promise": 4}, False),
    ("noise", None): ({"accept": 120, "arrive": 420, "solve": 1260, "promise": 2100}, True),
    (None, "critical"): ({"accept": 5, "arrive": 30, "solve": 240, "promise": 1440}, False),
}
TIMED: Final = {"accept", "arrive", "solve"}
SHARES: Final = (50, 80)
REPEAT: Final = 60 * MINUTE
REPEATS: Final = 3
SETTINGS: Final[dict[str, Any]] = {
    "limits": [
        {
            "calendar": "working_hours" if in_hours else "always",
            **({"category": category} if category else {}), **({"severity": severity} if severity else {}),
            **{f"{name}_minutes": minutes for name, minutes in limits.items()},
        }
        for (category, severity), (limits, in_hours) in LIMITS.items()
    ],
    "remind_at": list(SHARES), "repeat_minutes": 60, "repeats": REPEATS, "max_extensions": 1,
    "longest_pause_hours": 168,
}  # fmt: skip
ASKED: Final = ("pause_asked", "extension_asked")  # and not decided on
LADDER: Final = ("worker", "desk", "supervisor")
STOPS_PROMISE: Final = {"reporter", "weather"}
# What the State Council decreed for 2026 from June on; of the years after it the weekends are known, and the law.
BY_LAW: Final = {(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)}
FREE: Final = {
    date(2026, 6, 19),
    *(date(2026, 9, 25 + n) for n in range(3)),
    *(date(2026, 10, 1 + n) for n in range(7)),
}
WORKED: Final = {date(2026, 9, 20), date(2026, 10, 10)}
SHIFTS: Final = ((time(8, 30), time(12, 0)), (time(14, 0), time(17, 30)))


@dataclass(frozen=True)
class Hand:
    """Who has an order, and what for."""

    kind: str
    unit: str | None = None
    worker: str | None = None

    @property
    def owner(self) -> str | None:
        if self.kind == "rest":
            return None
        return f"unit:{self.unit}" if self.unit else f"worker:{self.worker}" if self.worker else "desk"


@dataclass
class Ask:
    """A pause or an extension that somebody asked for."""

    id: int
    by: str
    round: int
    asked: datetime
    approved: bool | None = None
    reason: str = ""
    until: datetime | None = None  # of a pause
    ended: datetime | None = None
    minutes: int = 0  # of an extension
    granted: datetime | None = None

    @property
    def span(self) -> tuple[datetime, datetime]:
        until = self.until or self.asked
        return self.asked, min(self.ended or until, until)


@dataclass(frozen=True)
class Held:
    """By what a round goes: from its beginning, or since the order turned out to be more severe."""

    category: str
    severity: str
    since: datetime | None = None

    @property
    def terms(self) -> tuple[dict[str, int], bool]:
        keys = [(self.category, self.severity), (self.category, None), (None, self.severity)]
        return next(LIMITS[key] for key in keys if key in LIMITS)

    @property
    def in_hours(self) -> bool:
        return self.terms[1]

    def limit(self, name: str) -> timedelta:
        return self.terms[0][name] * MINUTE

    def is_of_before(self, ask: Ask) -> bool:
        return bool(self.since and ask.granted and ask.granted <= self.since)


@dataclass(eq=False)
class Deadline:
    """When somebody is told of a limit."""

    kind: str
    step: str
    level: str
    reached: datetime
    due: datetime
    ask: Ask | None = None  # whose decision it waits for
    fate: str = "waits"  # told, superseded


@dataclass
class Clock:
    """Both clocks of one order."""

    category: str
    severity: str
    began: datetime
    by_night: bool = False  # it is critical by now, whatever it was when it was promised
    round: int = 0
    held: list[Held] = field(default_factory=list)
    due: datetime = field(init=False)
    ended: datetime | None = None
    outcome: str | None = None
    turns: list[tuple[datetime, int, Hand]] = field(default_factory=list)
    pauses: list[Ask] = field(default_factory=list)
    extensions: list[Ask] = field(default_factory=list)
    deadlines: list[Deadline] = field(default_factory=list)
    dropped: list[Deadline] = field(default_factory=list)  # that the order moved on before anybody was told

    # ---- the steps ----

    def begin(self, hand: Hand, now: datetime) -> None:
        """A round begins: what was planned before is forgotten."""
        self.forget("promise", "extension_asked", *TIMED)
        self.ended = self.outcome = None
        self.held = [Held(self.category, self.severity)]
        self.turns.append((now, self.round, hand))
        self.promise(now)
        self.plan_hand(now)

    def begin_again(self, hand: Hand, now: datetime) -> None:
        """Reopened: promised anew, unless the promise still runs."""
        self.stop(now)
        if self.ended:
            self.began = now
        self.round += 1
        self.begin(hand, now)

    def go_on(self, hand: Hand, now: datetime, worse: tuple[str, str] | None) -> bool:
        """Somebody else has it, or for something else, or it is worse than it was taken for (category, severity): what
        is sooner by that holds. Whether the promise has moved.
        """
        before, moves = self.due, False
        if worse and not self.ended:
            had, moves = self._hand_due(now), True
            self.held.append(Held(*worse, now))
            if self._hand_due(now) != had:
                self.plan_hand(now)
        if hand != self.turns[-1][2]:
            moves |= self._hand_on(hand, now)
        if moves and not self.ended:
            self._move_promise(now)
        return self.due != before

    def _hand_on(self, hand: Hand, now: datetime) -> bool:
        """Whether the promise stood still until now; who takes it up, or arrives, has it still."""
        was = self.turns[-1][2]
        is_theirs_still = (was.unit, was.worker) == (hand.unit, hand.worker) and {was.kind, hand.kind} <= TIMED
        stood_still = False if is_theirs_still else self.stop(now)
        self.turns.append((now, self.round, hand))
        self.plan_hand(now)
        return stood_still

    def end(self, outcome: str, now: datetime) -> None:
        """The promise is over, if it was not."""
        if not self.ended:
            self.ended, self.outcome = now, outcome
            self.forget("promise", "extension_asked")

    def run_on(self, now: datetime) -> None:
        """By itself again: the promise is not kept, whatever the other order was answered."""
        self.ended = self.outcome = None
        self.promise(now)

    def stop(self, now: datetime) -> bool:
        """A pause is of the hand that asked for it; whether the promise stood still until now."""
        on = [each for each in self.pauses if each.ended is None and each.span[1] > now]
        for pause in self.pauses:
            if pause in on or (pause.ended is None and pause.approved is None):
                pause.ended = min(now, pause.span[1])
        self.forget("pause", "pause_asked")
        return any(pause.approved and pause.reason in STOPS_PROMISE for pause in on)

    def deny(self, ask: Ask) -> None:
        """A supervisor says no."""
        ask.approved = False
        self.forget_of(ask)

    def approve(self, ask: Ask, now: datetime, is_theirs: bool) -> bool:
        """A supervisor says yes; whether the promise has moved. `is_theirs`: some worker has it."""
        before, hand = self.due, self._hand_due(now)
        ask.approved, ask.granted = True, now
        self.forget_of(ask)
        if self._hand_due(now) != hand:
            self.plan_hand(now)
        if not self.ended and (ask.minutes or ask.reason in STOPS_PROMISE):
            self._move_promise(now)
        if ask.until and ask.until > now:
            self._add("pause", [("over", "worker" if is_theirs else "desk", ask.until)])
        return self.due != before

    def end_pause(self, pause: Ask, now: datetime) -> bool:
        """Ended before its time; whether the promise has moved."""
        before, hand = self.due, self._hand_due(now)
        pause.ended = now
        self.forget("pause")
        self.forget_of(pause)
        if pause.approved:
            if self._hand_due(now) != hand:
                self.plan_hand(now)
            if not self.ended and pause.reason in STOPS_PROMISE:
                self._move_promise(now)
        return self.due != before

    # ---- what is due ----

    def promise(self, now: datetime) -> None:
        """What the reporter is promised, and who is told when."""
        self.due = self._promised(100)
        self._plan("promise", 1, now, [self._promised(share) for share in SHARES])

    def _promised(self, share: int) -> datetime:
        """The soonest of all that holds."""
        first = min(self.held, key=lambda held: self._promised_by(held, 100))
        return self._promised_by(first, share)

    def _promised_by(self, held: Held, share: int) -> datetime:
        """More time, or a pause, is not for what was broken before it was granted, more time not for what is worse."""
        pauses, limit, began = self._still_by(held), held.limit("promise"), self._begins(held)
        still = [each for each in self.pauses if each.approved and each.reason in STOPS_PROMISE]
        later = [each for each in [*self._given, *still] if not held.is_of_before(each)]
        for each in sorted(later, key=lambda each: each.granted or self.began):
            if each.granted and each.granted <= due(began, limit, held.in_hours, pauses):
                limit += each.minutes * MINUTE
                pauses += [each.span] if each.until else []
        return due(began, limit * share // 100, held.in_hours, pauses)

    def _begins(self, held: Held) -> datetime:
        """From the correction where it would be over already."""
        was_due = due(self.began, held.limit("promise"), held.in_hours, self._still_by(held))
        return held.since if held.since and was_due <= held.since else self.began

    def _still_by(self, held: Held) -> list[tuple[datetime, datetime]]:
        """The pauses of the promise that were granted by the correction."""
        paused = [each for each in self.pauses if each.approved and each.reason in STOPS_PROMISE]
        return [each.span for each in paused if held.is_of_before(each)]

    def _move_promise(self, now: datetime) -> None:
        """What does not move is not told again."""
        if self._promised(100) != self.due:
            self.promise(now)

    def _hand_due(self, now: datetime) -> datetime | None:
        return self.own_due(now) if self.turns[-1][2].kind in TIMED else None

    def plan_hand(self, now: datetime) -> None:
        """Who is told when of the limit of whoever has it."""
        self.forget(*TIMED)
        hand = self.turns[-1][2]
        if hand.kind not in TIMED:
            return
        at = [self.own_due(now, share) for share in (*SHARES, 100)]
        self._plan(hand.kind, 0 if hand.worker else 1, now, at)

    def own_due(self, now: datetime, share: int = 100) -> datetime:
        """When so much of the limit of whoever has it was used up, or will be, if it stays with them."""
        return self._own_due_by(self._first(now), now, share)

    def _first(self, now: datetime) -> Held:
        return min(self.held, key=lambda held: self._own_due_by(held, now, 100))

    def _own_due_by(self, held: Held, now: datetime, share: int) -> datetime:
        name = self.turns[-1][2].kind
        more = sum(each.minutes for each in self._given if name == "solve" and not held.is_of_before(each))
        left = (held.limit(name) + more * MINUTE) * share // 100
        for begin, end in self._counted(held, now):
            gone = elapsed(begin, end, held.in_hours, self._paused())
            if gone >= left:
                return due(begin, left, held.in_hours, self._paused())
            left -= gone
        return due(now, left, held.in_hours, self._paused())

    def used(self, now: datetime) -> timedelta:
        """What the owner has used of the limit, in this round."""
        held = self._first(now)
        mine = [elapsed(*each, held.in_hours, self._paused()) for each in self._counted(held, now)]
        return sum(mine, timedelta())

    def _counted(self, held: Held, now: datetime) -> list[tuple[datetime, datetime]]:
        """All their time, or that from the correction on if the limit was over by then."""
        mine, since = list(self._theirs(now)), held.since
        if since is None:
            return mine
        known = [each.span for each in self.pauses if each.approved and held.is_of_before(each)]
        before = [(begin, min(end, since)) for begin, end in mine if begin < since]
        gone = sum((elapsed(*each, held.in_hours, known) for each in before), timedelta())
        if gone < held.limit(self.turns[-1][2].kind):
            return mine
        return [(max(begin, since), end) for begin, end in mine if end > since]

    def _theirs(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        hand = self.turns[-1][2]
        for begin, end, round_, each in self.stretches(now):
            if (round_, each.kind, each.owner) == (self.round, hand.kind, hand.owner):
                yield begin, end

    def spent(self, now: datetime) -> dict[tuple[int, str, str | None, str | None], int]:
        """How many seconds each has had it for what, by round; what was paused is nobody's fault."""
        found: dict[tuple[int, str, str | None, str | None], int] = {}
        for begin, end, round_, hand in self.stretches(now):
            runs = elapsed(begin, end, False, self._paused()) if hand.kind in TIMED else end - begin
            for kind, length in ((hand.kind, runs), ("hold", end - begin - runs)):
                if length:
                    key = (round_, kind, hand.unit, hand.worker)
                    found[key] = found.get(key, 0) + length // timedelta(seconds=1)
        return found

    def still_until(self, now: datetime) -> datetime | None:
        """When the promise, which stands still, runs again; None: it runs, or is over."""
        spans = [each.span for each in self.pauses if each.approved and each.reason in STOPS_PROMISE]
        is_on = not self.ended and now <= self.due
        return max((end for begin, end in spans if is_on and begin <= now < end), default=None)

    def hand_at(self, at: datetime) -> Hand:
        """Who had it then, or took it at that moment."""
        return next(hand for begin, _, hand in reversed(self.turns) if begin <= at)

    def stretches(self, now: datetime) -> Iterator[tuple[datetime, datetime, int, Hand]]:
        """Who had it from when until when."""
        ends = [begin for begin, _, _ in self.turns[1:]]
        for (begin, round_, hand), end in zip(self.turns, [*ends, now], strict=True):
            yield begin, end, round_, hand

    def fires(self, kind: str, now: datetime, is_merged: bool) -> Deadline | None:
        """What is told next of a limit that is due: that it is over, then the last word. It is said again each day.

        What else came before is not told any more.
        """
        reached = [each for each in self.deadlines if each.kind == kind and each.fate == "waits" and each.due <= now]
        if not reached:
            return None
        last = max(reversed(reached), key=lambda each: each.due)
        over = next((each for each in reached if each.step == "100%"), last)
        for each in reached:
            if over is last or not each.step.startswith("+"):
                each.fate = "superseded"
        last = over
        last.fate = "told"
        if (
            not is_merged
            and kind != "pause"
            and all(each.kind != kind or each.fate != "waits" for each in self.deadlines)
        ):
            count = int(last.step) if last.step.startswith("+") else 0
            above = LADDER[min(LADDER.index(last.level) + 1, 2)]
            self._add(kind, [(f"+{count + 1}", above, now + DAY)], last.ask)
        return last

    def due_kinds(self, now: datetime) -> set[str]:
        """Of what somebody has to be told by now."""
        return {each.kind for each in self.deadlines if each.fate == "waits" and each.due <= now}

    def wait_for_no_morning(self, now: datetime) -> None:
        """It turned out to be critical: of what is so the night tells, too."""
        self.by_night = True
        for each in self.deadlines:
            if each.fate == "waits":
                each.due = min(each.due, max(each.reached, now))

    def forget(self, *kinds: str) -> None:
        """What was not reached is not told."""
        self.dropped += [each for each in self.deadlines if each.fate == "waits" and each.kind in kinds]
        self.deadlines = [each for each in self.deadlines if each.fate != "waits" or each.kind not in kinds]

    def put_off(self, now: datetime, *, is_merged: bool) -> None:
        """Nobody is reminded of more time for what is merged, until it is by itself again."""
        self.forget("extension_asked")
        for each in self.extensions:
            if not is_merged and each.approved is None and each.round == self.round:
                self.remind_of("extension_asked", each, now)

    def remind_of(self, kind: str, ask: Ask, now: datetime) -> None:
        """The supervisors, of what was asked for, until they decide."""
        again = [(f"+{count}", "supervisor", now + count * REPEAT) for count in range(1, REPEATS + 1)]
        self._add(kind, again, ask)

    def forget_of(self, ask: Ask) -> None:
        """Of what was decided, or needs no decision any more, nobody is reminded."""
        self.dropped += [each for each in self.deadlines if each.fate == "waits" and each.ask is ask]
        self.deadlines = [each for each in self.deadlines if each.fate != "waits" or each.ask is not ask]

    @property
    def _given(self) -> list[Ask]:
        """The extensions of this round."""
        return [each for each in self.extensions if each.approved and each.round == self.round]

    def _paused(self) -> list[tuple[datetime, datetime]]:
        return [each.span for each in self.pauses if each.approved]

    def _plan(self, kind: str, rung: int, now: datetime, at: list[datetime]) -> None:
        self.forget(kind)
        limit = self.due if kind == "promise" else at[-1]
        near = [
            (f"{share}%", LADDER[rung], reached)
            for share, reached in zip(SHARES, at, strict=False)
            if now < reached < limit
        ]
        first = max(limit, now)
        after = [
            (f"+{count}", LADDER[min(rung + 1 + count, 2)], first + count * REPEAT) for count in range(1, REPEATS + 1)
        ]
        self._add(kind, near)
        self._add(kind, [("100%", LADDER[min(rung + 1, 2)], first), *after])

    def _add(self, kind: str, steps: Iterable[tuple[str, str, datetime]], ask: Ask | None = None) -> None:
        """The night is quiet, unless it burns; of what waits for the morning the repeats follow from then on."""
        told = None
        for step, level, reached in steps:
            told = max(reached, told + REPEAT) if told and step.startswith("+") else reached
            told = told if self.by_night else in_the_morning(told)
            if all((each.kind, each.step, each.reached) != (kind, step, reached) for each in self.deadlines):
                self.deadlines.append(Deadline(kind, step, level, reached, told, ask))


def in_the_morning(at: datetime) -> datetime:
    """The same, but from ten in the evening on seven in the morning."""
    local = at + HERE
    seven = local.replace(hour=7, minute=0, second=0)
    if local.hour >= 22:
        return seven + DAY - HERE
    return seven - HERE if local.hour < 7 else at


def due(begin: datetime, limit: timedelta, in_hours: bool, pauses: Iterable[tuple[datetime, datetime]]) -> datetime:
    """When so much time has counted."""
    if limit <= timedelta():
        return begin
    for a, b in _counting(begin, begin + NEVER, in_hours, pauses):
        if b - a >= limit:
            return a + limit
        limit -= b - a
    raise AssertionError("a limit that never comes")


def elapsed(begin: datetime, end: datetime, in_hours: bool, pauses: Iterable[tuple[datetime, datetime]]) -> timedelta:
    """How much time has counted."""
    return sum((b - a for a, b in _counting(begin, end, in_hours, pauses)), timedelta())


def _counting(
    begin: datetime, end: datetime, in_hours: bool, pauses: Iterable[tuple[datetime, datetime]]
) -> Iterator[tuple[datetime, datetime]]:
    off = sorted(pauses)
    for a, b in _worked(begin, end) if in_hours else [(begin, end)]:
        edges = [a, *(min(max(edge, a), b) for pause in off for edge in pause), b]
        yield from (pair for pair in list(pairwise(edges))[::2] if pair[0] < pair[1])


def _worked(begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    day = (begin + HERE).date()
    while (midnight := datetime.combine(day, time(), UTC) - HERE) < end:
        is_free = day in FREE or (day.year > 2026 and (day.month, day.day) in BY_LAW)
        if day in WORKED or (day.weekday() < 5 and not is_free):
            for opens, closes in SHIFTS:
                a = max(begin, midnight + timedelta(hours=opens.hour, minutes=opens.minute))
                b = min(end, midnight + timedelta(hours=closes.hour, minutes=closes.minute))
                if a < b:
                    yield a, b
        day += DAY
