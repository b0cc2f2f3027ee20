"""The two clocks of an order: when what is promised is due, and when who has it has to be done. Pure.

A round of an order goes by the terms that it began with. If the order turns out to be more severe meanwhile it goes by
those of that severity as well, and each limit is the soonest of them: what is worse than it was taken for has more
haste, and never less. Times are whole microseconds UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Final

from api.clocks.hours import Span, due_at, elapsed
from api.clocks.reminders import WHOLE
from api.clocks.schemas import STOPS_PROMISE, Extension, Pause
from api.clocks.segments import Kind, Segment, Turn, segments, used, used_up_at
from api.clocks.store import PromiseRow
from api.clocks.terms import Given, Ground, Terms
from herun.clock import MINUTE_US, to_us

_DUE: Final = attrgetter("due")


@dataclass(frozen=True, slots=True)
class Clock:
    """All that is known of the clocks of one order; of `given` the first are the terms that the round began with."""

    ground: Ground
    promise: PromiseRow
    given: Sequence[Given]
    turns: Sequence[Turn]
    pauses: Sequence[Pause] = ()
    extensions: Sequence[Extension] = ()

    @property
    def now(self) -> Turn:
        """In whose hand it is."""
        return self.turns[-1]

    @property
    def waits_for_time(self) -> bool:
        """True if more time is asked for that nobody has decided on."""
        return any(each.approved is None and each.round == self.promise.round for each in self.extensions)

    def extended(self, given: Given) -> list[Extension]:
        """By what this round may take longer by these terms: more time that was granted while they held."""
        granted = [each for each in self.extensions if each.approved and each.round == self.promise.round]
        return [each for each in granted if not _was_by_then(each, given.since)]


@dataclass(frozen=True, slots=True)
class HandLimit:
    """A limit of whoever has the order now, and what of the time they have had it counts for that."""

    terms: Terms
    us: int
    turn: Turn
    counted: Sequence[Segment]
    pauses: Sequence[Span]
    now: int

    @property
    def used(self) -> int:
        """How much of it is used up."""
        return used(self.counted, self.turn, self.terms.plan)

    @property
    def due(self) -> int:
        """When it is over if the order stays with them, or was."""
        return self.due_at(WHOLE)

    def due_at(self, share: int) -> int:
        """The same of so many percent of it."""
        limit = self.us * share // WHOLE
        past = used_up_at(self.counted, self.turn, self.terms.plan, limit)
        return due_at(self.now, limit - self.used, self.terms.plan, self.pauses) if past is None else past


@dataclass(frozen=True, slots=True)
class Promised:
    """What is promised by some terms: so long from `began` on, but for the time in which it stands still."""

    terms: Terms
    began: int
    us: int
    still: Sequence[Span]

    @property
    def due(self) -> int:
        """Until when."""
        return self.due_at(WHOLE)

    def due_at(self, share: int) -> int:
        """When so many percent of it are used up."""
        return due_at(self.began, self.us * share // WHOLE, self.terms.plan, self.still)


def approved(pauses: Iterable[Pause]) -> list[Span]:
    """The stretches in which the clock of whoever has the order stands still: those approved, each to its end."""
    return [span_of(pause) for pause in pauses if pause.approved]


def span_of(pause: Pause) -> Span:
    """From asking to its end; one that nobody ends is over by itself."""
    ended = pause.until if pause.ended_at is None else min(pause.ended_at, pause.until)
    return Span(to_us(pause.asked_at), to_us(ended))


def promise_pauses(pauses: Iterable[Pause]) -> list[Span]:
    """The stretches in which the promise stands still as well: what the estate has no hand in."""
    return approved(pause for pause in pauses if pause.reason in STOPS_PROMISE)


def stands_still_until(pauses: Iterable[Pause], now: int) -> int | None:
    """The end of the pause in which the promise stands still now; None if it runs."""
    return max((pause.end for pause in promise_pauses(pauses) if pause.begin <= now < pause.end), default=None)


def hand_limit(clock: Clock, now: int) -> HandLimit:
    """The limit by which whoever has the order has to be done first. Of a hand that has one (`TIMED`)."""
    turn, pauses = clock.now, approved(clock.pauses)
    found = segments(clock.turns, pauses, now)
    limits = [
        HandLimit(
            terms=each.terms,
            us=each.terms.limit_us(turn.hand.kind) + _more_us(clock, each, turn.hand.kind),
            turn=turn,
            counted=_counted(clock, each, found),
            pauses=pauses,
            now=now,
        )
        for each in clock.given
    ]
    return min(limits, key=_DUE)


def hand_is_due_at(clock: Clock, now: int) -> int:
    """When the limit of whoever has the order is used up if it stays with them, or was."""
    return hand_limit(clock, now).due


def promised(clock: Clock) -> Promised:
    """What is promised, the soonest by all terms."""
    return min((_promised_by(clock, each) for each in clock.given), key=_DUE)


def _promised_by(clock: Clock, given: Given) -> Promised:
    """What was broken before more time was granted stays broken."""
    still = promise_pauses(_by_then(clock.pauses, given.since))
    promise = Promised(given.terms, _began(clock, given), given.terms.promise_us, still)
    pauses = [each for each in clock.pauses if each.approved and each.reason in STOPS_PROMISE]
    more: list[Extension | Pause] = [*clock.extended(given), *pauses]
    granted = [
        (to_us(each.decided_at), each)
        for each in more
        if each.decided_at is not None and not _was_by_then(each, given.since)
    ]
    for at, each in sorted(granted, key=lambda one: one[0]):
        if at > promise.due:
            break
        if isinstance(each, Extension):
            promise = replace(promise, us=promise.us + MINUTE_US * each.minutes)
        else:
            promise = replace(promise, still=[*promise.still, span_of(each)])
    return promise


def _began(clock: Clock, given: Given) -> int:
    """With the round; or when the order turned out to be more severe, if it would have been over by then."""
    began, since = to_us(clock.promise.began_at), given.since
    if since is None:
        return began
    still = promise_pauses(_by_then(clock.pauses, since))
    return since if elapsed(began, since, given.terms.plan, still) >= given.terms.promise_us else began


def _counted(clock: Clock, given: Given, found: Sequence[Segment]) -> Sequence[Segment]:
    """All their time; or that since the order turned out to be more severe, if they had used up this limit by then."""
    since, turn = given.since, clock.now
    if since is None:
        return found
    by_then = [each for each in clock.turns if each.at <= since]
    before = segments(by_then, approved(_by_then(clock.pauses, since)), since)
    if used(before, turn, given.terms.plan) < given.terms.limit_us(turn.hand.kind):
        return found
    after = [replace(each, span=Span(max(each.span.begin, since), each.span.end)) for each in found]
    return [each for each in after if each.span.begin < each.span.end]


def _more_us(clock: Clock, given: Given, kind: Kind) -> int:
    return MINUTE_US * sum(each.minutes for each in clock.extended(given)) if kind is Kind.SOLVE else 0


def _by_then(pauses: Iterable[Pause], since: int | None) -> list[Pause]:
    """Those that were decided on by then: what is decided later changes nothing of what was over at that moment."""
    return [each for each in pauses if _was_by_then(each, since)]


def _was_by_then(asked: Pause | Extension, since: int | None) -> bool:
    return since is not None and asked.decided_at is not None and to_us(asked.decided_at) <= since
