"""Who has to be told of what, kept on paper: written from the table of docs/notices.md alone."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.integration.api.cycle.book import Book
    from tests.integration.api.cycle.hours import Deadline
    from tests.integration.api.cycle.paper import Paper, Written

MOST_A_DAY: Final = 300
MOST_AT_ONCE_A_DAY: Final = 2000
UNITS: Final = {"water": "water-company", "fire": "fire-brigade", "noise": "city-management"}
Told = tuple[str, str, str]  # who, what, of which of their orders

REPORTERS: Final = {
    "accept": "accepted", "dispatch": "under_way", "claim": "under_way", "handle": "handling", "hold": "on_hold",
    "answer": "answered", "merge": "merged", "reopen": "reopened",
}  # fmt: skip
REPORTER: Final = {"cancel": "cancelled", "unmerge": "separated", "went-back": "merged"}  # of this order alone
SUPERVISORS: Final = {
    "hold": "on_hold", "return": "returned", "reopen": "reopened", "pause_asked": "pause_asked",
    "extension_asked": "extension_asked",
}  # fmt: skip
WORKER: Final = {
    "cancel": "cancelled", "hold": "on_hold", "resume": "resumed", "refuse-return": "return_refused",
}  # fmt: skip
IS_TOLD: Final = {"answered", "rated", "closed"}
AT_WORK: Final = {"dispatched", "handling", "on_hold", "returned"}
TO_ACT: Final = {"dispatched", "resumed", "return_refused"}  # at once of what is critical


@dataclass
class Criers:
    """What was told since it was last looked at, and what was too much for a day."""

    told: Counter[Told] = field(default_factory=Counter)
    too_many: Counter[str] = field(default_factory=Counter)
    _broken: set[tuple[str, datetime]] = field(default_factory=set)  # promises of which the reporter was told
    _lately: dict[tuple[str, bool], deque[datetime]] = field(default_factory=dict)

    def step(self, book: Book, paper: Paper, action: str, by: str, was: Written) -> None:
        """A step was written down; `was` is what was written before it."""
        # Who has two reasons to hear of it hears of it once.
        for who, what, number in sorted(set(self._of_step(book, paper, action, was))):
            is_to_act = what in TO_ACT or (what == "reopened" and who in {*_supervisors(paper)})
            if who != by:
                self._tell(who, what, number, book.now, is_now=is_to_act and paper.severity == "critical")

    def reached(self, book: Book, paper: Paper, deadline: Deadline) -> None:
        """A clock has reached a share of a limit, the limit, or so many repeats after it; or nobody has decided."""
        worker, supervisors = [paper.worker] if paper.worker else [], [*_supervisors(paper)]
        desk = [*_operators(paper)]
        whose_turn = {"worker": worker, "desk": desk, "supervisor": supervisors}[deadline.level]
        match deadline.kind, deadline.step:
            case "pause", _:
                what, heard = "pause_over", worker or supervisors
            case "pause_asked" | "extension_asked" as kind, _:
                what, heard = kind, supervisors
            case _, "100%":
                what, heard = "overdue", [*worker, *desk, *_unit(paper), *whose_turn]
            case _, step if step.startswith("+"):
                what, heard = "escalation", [*whose_turn, *_unit(paper)]
            case _:
                what, heard = "reminder", whose_turn
        for who in sorted(set(heard)):
            is_now = what == "escalation" or (what == "overdue" and who in worker)
            self._tell(who, what, paper.number, book.now, is_now=is_now)
        promise = paper.number, paper.clock.due
        if (deadline.kind, deadline.step) == ("promise", "100%") and paper.reporter and promise not in self._broken:
            self._broken.add(promise)
            self._tell(paper.reporter, "promise_broken", paper.number, book.now)

    def decided(self, book: Book, paper: Paper, what: str, by: str, asker: str) -> None:
        """Somebody has decided on a pause or on more time, or ended one: who asked hears it, and who has it."""
        reads = not paper.confidential or asker in _supervisors(paper)
        heard = {paper.worker, asker if reads else None} - {by, None}
        for who in sorted(each for each in heard if each):
            self._tell(who, what, paper.number, book.now)

    def waits(self, book: Book, paper: Paper, by: str) -> None:
        """It came to wait at the desk, and `by` knows."""
        for who in sorted({*_operators(paper)} - {by}):
            self._tell(who, "at_desk", paper.number, book.now, is_now=paper.severity == "critical")

    def turned_critical(self, book: Book, paper: Paper, by: str) -> None:
        """It is worse than it was taken for: who has it has to know."""
        if paper.state in {"dispatched", "handling", "on_hold"} and paper.worker:
            whose = {paper.worker}
        else:
            whose = set() if paper.state in IS_TOLD else {*_operators(paper)}
        for who in sorted(whose - {by}):
            self._tell(who, "turned_critical", paper.number, book.now, is_now=True)

    def promised_anew(self, book: Book, paper: Paper, by: str) -> None:
        """The reporter has another date."""
        if paper.reporter and paper.reporter != by:
            self._tell(paper.reporter, "promise_moved", paper.number, book.now)

    def _of_step(  # noqa: C901, PLR0912 - a line of the table each
        self, book: Book, paper: Paper, action: str, was: Written
    ) -> Iterator[tuple[str, str, str]]:
        number, (state, worker, _, unit) = paper.number, was
        if action in REPORTERS:
            for each in (paper, *(book.papers[other] for other in book.followers.get(number, ()))):
                if each.reporter:
                    yield each.reporter, REPORTERS[action], each.number
        if action in REPORTER and paper.reporter:
            yield paper.reporter, REPORTER[action], number
        if action in SUPERVISORS:
            yield from ((who, SUPERVISORS[action], number) for who in _supervisors(paper))
        if action == "return":  # who signs it off
            yield from ((who, "returned", number) for who in _operators(paper))
        if action in WORKER and paper.worker:
            yield paper.worker, WORKER[action], number
        if action == "reopen":
            yield from ((who, "reopened", number) for who in _unit(paper))
        if paper.worker and paper.worker != worker:
            yield paper.worker, "dispatched", number
        if worker and worker != paper.worker and state in AT_WORK:
            yield worker, "withdrawn", number
        if unit != paper.unit and paper.state not in IS_TOLD:
            yield from ((who, "unit_assigned", number) for who in _unit(paper))
        if paper.state == "arbitration" and state != "arbitration":
            yield from ((who, "arbitration", number) for who in _supervisors(paper))
        if action == "rate" and (not paper.solved or paper.ratings[paper.round] <= 2):
            yield from ((who, "dissatisfied", number) for who in _supervisors(paper))
            if {*_supervisors(paper), *_operators(paper)} - {"@supervisors"} <= book.had_a_hand(paper):
                yield from ((who, "nobody_else_to_visit", number) for who in _supervisors(paper))

    def _tell(self, who: str, what: str, number: str, now: datetime, *, is_now: bool = False) -> None:
        """What groups are told is never too much, and what leaves at once is counted by itself."""
        self.told[who, what, number] += 1
        if who.startswith("@"):
            return
        lately = self._lately.setdefault((who, is_now), deque())
        while lately and lately[0] <= now - timedelta(days=1):
            lately.popleft()
        if len(lately) >= (MOST_AT_ONCE_A_DAY if is_now else MOST_A_DAY):
            self.too_many[who] += 1
        else:
            lately.append(now)


def _supervisors(paper: Paper) -> Iterator[str]:
    """Those of the site, and the group that a robot writes to, which hears of nothing confidential."""
    yield from ("susan", "bob")
    if not paper.confidential:
        yield "@supervisors"


def _operators(paper: Paper) -> Iterator[str]:
    yield from ("susan", "bob") if paper.confidential else ("oscar", "mona")


def _unit(paper: Paper) -> Iterator[str]:
    if not paper.confidential:
        yield f"@unit:{paper.unit}"
