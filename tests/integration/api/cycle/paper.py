"""Work orders as a clerk would keep them on paper: slow, plain, and written without a look at the API's own table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from tests.integration.api.cycle.hours import Ask, Clock, Deadline, Hand
from tests.integration.api.cycle.told import UNITS, Criers

DAY: Final = timedelta(days=1)
FINAL: Final = {"rated", "closed", "cancelled", "merged"}
TOLD: Final = {"answered", "rated", "closed"}

DESK: Final = frozenset({"operator", "supervisor"})
CREW: Final = frozenset({"grid_worker", "property_staff"})
ALL_BUT_OVERSEERS: Final = DESK | CREW | {"resident"}
# Whose role lets them try it at all.
TRIES: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(["accept", "dispatch", "merge", "unmerge", "sign-off", "refuse-return", "recall"], DESK),
    **dict.fromkeys(["claim", "handle", "arrive", "transfer", "return", "resolve"], CREW),
    **dict.fromkeys(["hold", "resume", "split", "answer", "checklist", "tick"], DESK | CREW),
    **dict.fromkeys(["pause", "end-pause", "extend"], DESK | CREW),
    **dict.fromkeys(["arbitrate", "disclose"], frozenset({"supervisor"})),
    **dict.fromkeys(["approve-pause", "deny-pause", "approve-extension", "deny-extension"], frozenset({"supervisor"})),
    **dict.fromkeys(["rate", "reopen", "confide", "cancel", "report"], ALL_BUT_OVERSEERS),
    "read": ALL_BUT_OVERSEERS | {"admin", "auditor"},
}
# From where it is possible; merged orders, which some of these are possible for too, have a page of their own below.
FROM: Final[dict[str, set[str]]] = {
    "accept": {"submitted"},
    "dispatch": {"accepted"},
    "claim": {"accepted"},
    "handle": {"dispatched"},
    "arrive": {"handling"},
    "transfer": {"dispatched", "handling"},
    "hold": {"accepted", "dispatched", "handling"},
    "resume": {"on_hold"},
    "split": {"accepted", "dispatched", "handling"},
    "merge": {"submitted", "accepted", "dispatched", "handling", "on_hold"},
    "unmerge": {"merged"},
    "return": {"dispatched", "handling"},
    "sign-off": {"returned"},
    "refuse-return": {"returned"},
    "arbitrate": {"arbitration"},
    "recall": {"dispatched", "handling"},
    "resolve": {"handling"},
    "answer": {"resolved"},
    "rate": {"answered"},
    "reopen": {*TOLD, "cancelled"},
    "cancel": {"submitted", "accepted", "dispatched", "on_hold", "arbitration"},
}
CLOCK_ACTIONS: Final = {
    "pause", "end-pause", "extend", "approve-pause", "deny-pause", "approve-extension", "deny-extension"
}  # fmt: skip
DECISIONS: Final = {
    "approve-pause": "pause_approved", "deny-pause": "pause_denied", "end-pause": "pause_ended",
    "approve-extension": "extension_approved", "deny-extension": "extension_denied",
}  # fmt: skip
MOST_ASKED: Final = 10  # pauses, and extensions, of an order
OPEN: Final = {"submitted", "accepted", "dispatched", "handling", "on_hold", "returned", "arbitration"}

Reason = tuple[int, str]  # status and kind of a refusal
Line = tuple[str, int, str, str | None, str, str, str | None]  # number, n, action, from, to, actor, worker


@dataclass
class Somebody:
    """A person as the site knows them."""

    name: str
    roles: set[str]
    building: str | None = None
    grids: set[str] = field(default_factory=set)  # the buildings of their grids
    skills: set[str] = field(default_factory=set)


@dataclass
class Paper:
    """One order."""

    number: str
    origin: str
    building: str | None
    category: str
    confidential: bool = False
    reporter: str | None = None
    parent: str | None = None
    state: str = ""
    n: int = 0
    worker: str | None = None
    master: str | None = None
    before: str | None = None
    until: datetime | None = None
    returns: int = 0
    transfers: int = 0
    arbitrated: bool = False
    round: int = 0
    answered_at: datetime | None = None
    answer: str | None = None
    closers: set[str] = field(default_factory=set)
    ratings: dict[int, int] = field(default_factory=dict)
    raters: list[tuple[str, datetime]] = field(default_factory=list)
    checklist: list[list[Any]] = field(default_factory=list)  # required, done by
    severity: str = "info"
    is_there: bool = False  # its worker has arrived
    solved: bool = False  # as its last rating says
    written: tuple[str | None, str | None, str | None] = (None, None, None)  # state, worker, master as last written
    clock: Clock = field(init=False)

    @property
    def unit(self) -> str:
        return UNITS[self.category]

    @property
    def hand(self) -> Hand:
        """Who has it; on hold it stays whose it was."""
        match self.before or self.state if self.state == "on_hold" else self.state:
            case "submitted" | "accepted" | "returned" | "arbitration":
                return Hand("accept")
            case "resolved":
                return Hand("answer")
            case "dispatched":
                return Hand("accept", self.unit, self.worker)
            case "handling":
                return Hand("solve" if self.is_there else "arrive", self.unit, self.worker)
        return Hand("rest")


@dataclass(frozen=True)
class Wish:
    """Something that somebody asks for."""

    who: str
    action: str
    number: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    item: int = 0
    is_malformed: bool = False


class Book:
    """All orders of a site."""

    def __init__(self, people: list[Somebody], now: datetime) -> None:
        self.people = {each.name: each for each in people}
        self.papers: dict[str, Paper] = {}
        self.followers: dict[str, set[str]] = {}
        self.parts: dict[str, list[str]] = {}
        self.alive: dict[str, None] = {}  # those that wait for somebody, or for a time
        self.now = now
        self.criers = Criers()
        self._lines: list[Line] = []

    # ---- who may see, and who may do ----

    def sees(self, who: str, paper: Paper) -> bool:
        """Whether it is for their eyes."""
        person = self.people[who]
        if who in (paper.worker, paper.reporter):
            return True
        if paper.confidential:
            return bool(person.roles & {"supervisor", "auditor"})
        if person.roles & {"admin", "auditor", *DESK}:
            return True
        return paper.origin == "alert" and paper.building is not None and person.building == paper.building

    def _is_theirs(self, wish: Wish, paper: Paper) -> bool:  # noqa: PLR0911 - a line an action
        person = self.people[wish.who]
        desk, crew = bool(person.roles & DESK), bool(person.roles & CREW)
        worker, reporter = crew and paper.worker == wish.who, paper.reporter == wish.who
        neighbour = (
            "resident" in person.roles
            and paper.origin == "alert"
            and not paper.confidential
            and paper.building is not None
            and paper.building == person.building
        )
        match wish.action:
            case "handle" | "arrive" | "transfer" | "return" | "resolve":
                return worker
            case "hold" | "resume" | "split" | "answer" | "checklist" | "tick" | "pause" | "end-pause" | "extend":
                return desk or worker
            case "claim":
                return crew
            case "arbitrate" | "disclose":
                return "supervisor" in person.roles
            case "confide":
                return "supervisor" in person.roles or reporter
            case "reopen" | "cancel":
                return desk or reporter
            case "rate":
                return (reporter or neighbour) and wish.who not in self._had_a_hand(paper)
            case "read" | "approve-pause" | "deny-pause" | "approve-extension" | "deny-extension":
                return True
        return desk

    def _had_a_hand(self, paper: Paper) -> set[str]:
        """Who handled, resolved or answered it, what stands for it, or a part of either."""
        whole = [paper, *([self.papers[paper.master]] if paper.master else [])]
        parts = [self.papers[part] for each in whole for part in self.parts.get(each.number, [])]
        return {who for each in [*whole, *parts] for who in each.closers}

    def _rated_same_answer(self, who: str, paper: Paper) -> bool:
        master = self.papers[paper.master] if paper.master else paper
        others = [self.papers[number] for number in {master.number, *self.followers.get(master.number, set())}]
        return master.answered_at is not None and any(
            rater == who and at >= master.answered_at
            for other in others
            if other is not paper
            for rater, at in other.raters
        )

    def fitting(self, paper: Paper) -> str | None:
        """The grid worker of the building with the skill and the least to do; of equals the first by name."""
        fit = [name for name in self.people if self._fits(name, paper)]
        return min(fit, key=lambda name: (self._load(name), name), default=None)

    def _fits(self, name: str, paper: Paper) -> bool:
        person = self.people[name]
        return "grid_worker" in person.roles and paper.building in person.grids and paper.category in person.skills

    def _load(self, name: str) -> int:
        alive = (self.papers[number] for number in self.alive)
        return sum(each.worker == name and each.state in {"dispatched", "handling"} for each in alive)

    # ---- why not ----

    def refusals(self, wish: Wish) -> set[Reason]:
        """All reasons that speak against it now, any of which is a right answer; none: it has to be done."""
        if not self.people[wish.who].roles & TRIES[wish.action]:
            return {(403, "forbidden")}
        if wish.is_malformed:
            return {(422, "validation")}
        if wish.action == "report":  # each of the categories asks for a place
            is_placed = wish.body.get("building") or self.people[wish.who].building
            return set() if is_placed else {(422, "incomplete")}
        paper = self.papers.get(wish.number)
        if paper is None or not self.sees(wish.who, paper):
            return {(404, "not_found")}
        if not self._is_theirs(wish, paper):
            return {(403, "not_yours")}
        return set(self._against(wish, paper))

    def _against(self, wish: Wish, paper: Paper) -> Iterator[Reason]:  # noqa: C901, PLR0912 - a case an action
        if wish.action in CLOCK_ACTIONS:
            yield from self._against_clock(wish, paper)
            return
        if not self._is_possible(wish, paper):
            yield 409, "wrong_state"
        match wish.action:
            case "return" | "transfer":
                if paper.arbitrated or (paper.returns if wish.action == "return" else paper.transfers) >= 2:
                    yield 409, "used_up"
            case "hold":
                if not self.now < datetime.fromisoformat(wish.body["until"]) <= self.now + 90 * DAY:
                    yield 422, "hold_too_long"
            case "resolve":
                if any(required and not done for required, done in paper.checklist):
                    yield 409, "checklist_undone"
                if any(self.papers[part].state in OPEN for part in self.parts.get(paper.number, [])):
                    yield 409, "parts_undone"
            case "split":
                if paper.parent:
                    yield 409, "is_a_part"
                if len(self.parts.get(paper.number, [])) >= 20:
                    yield 409, "too_many_parts"
            case "claim" if paper.state == "accepted" and not self._fits(wish.who, paper):
                yield 403, "does_not_fit"
            case "cancel":
                if paper.state == "on_hold" and paper.before == "handling":
                    yield 409, "wrong_state"
                if any(self.papers[part].state in OPEN for part in self.parts.get(paper.number, [])):
                    yield 409, "parts_undone"
            case "rate" if paper.round in paper.ratings or self._rated_same_answer(wish.who, paper):
                yield 409, "rated_already"
            case "checklist" if len(paper.checklist) >= 50:
                yield 409, "checklist_full"
            case "tick":
                if wish.item > len(paper.checklist):
                    yield 404, "not_found"
                elif paper.checklist[wish.item - 1][1]:
                    yield 409, "ticked_already"
            case "merge":
                yield from self._against_merging(wish, paper)
            case "dispatch" if wish.body.get("worker") is None and self.fitting(paper) is None:
                yield 409, "nobody_fits"
        yield from self._against_worker(wish, paper)

    def _against_worker(self, wish: Wish, paper: Paper) -> Iterator[Reason]:
        worker = wish.body.get("worker")
        if worker is None:
            return
        known = self.people.get(worker)
        if known is None or not known.roles & CREW:
            yield 422, "unknown_worker"
        if wish.action == "transfer" and worker == paper.worker:
            yield 422, "same_worker"

    def _against_clock(self, wish: Wish, paper: Paper) -> Iterator[Reason]:  # noqa: C901, PLR0912 - a case an action
        clock, now = paper.clock, self.now
        asked = clock.extensions if wish.action.endswith("extension") else clock.pauses
        ask = next((each for each in asked if each.id == wish.item), None)
        match wish.action:
            case "pause":
                if paper.hand.kind not in {"accept", "arrive", "solve"}:
                    yield 409, "no_clock_runs"
                if any(each.approved is not False and each.span[1] > now for each in asked):
                    yield 409, "paused_already"
                if len(asked) >= MOST_ASKED:
                    yield 409, "too_many"
                if not now < datetime.fromisoformat(wish.body["until"]) <= now + 7 * DAY:
                    yield 422, "bad_time"
            case "extend":
                own = paper.hand.kind in {"accept", "arrive", "solve"} and clock.own_due(now) <= now
                if clock.ended or clock.due <= now or own:
                    yield 409, "too_late"
                of_round = [each for each in clock.extensions if each.round == clock.round]
                if any(each.approved is None for each in of_round):
                    yield 409, "asked_already"
                if any(each.approved for each in of_round):
                    yield 409, "extended_already"
                if len(clock.extensions) >= MOST_ASKED:
                    yield 409, "too_many"
            case _ if ask is None:
                yield 404, "not_found"
            case "end-pause":
                if ask.ended or ask.span[1] <= now:
                    yield 409, "over_already"
            case _:
                if ask.approved is not None:
                    yield 409, "decided_already"
                elif ask.by == wish.who:
                    yield 403, "your_own"
                elif wish.action == "approve-extension" and (clock.ended or ask.round != clock.round):
                    yield 409, "promise_over"

    def _against_merging(self, wish: Wish, paper: Paper) -> Iterator[Reason]:
        master = self.papers.get(wish.body["master"])
        if master is None or not self.sees(wish.who, master):
            yield 404, "not_found"
            return
        if master is paper:
            yield 422, "merge_into_itself"
        if master.state == "merged":
            yield 409, "master_is_merged"
        if master.state in {"cancelled", *TOLD}:
            yield 409, "wrong_state"
        if paper.parent or self.parts.get(paper.number):
            yield 409, "has_parts"

    def _is_possible(self, wish: Wish, paper: Paper) -> bool:
        if wish.action in {"confide", "disclose"}:
            return paper.state != "cancelled"
        if wish.action in {"checklist", "tick"}:
            return paper.state in OPEN
        if paper.state == "merged" and wish.action in {"rate", "reopen"}:
            master = self.papers[paper.master or ""].state
            return master in (TOLD if wish.action == "reopen" else {"answered", "rated"})
        return wish.action == "read" or paper.state in FROM[wish.action]

    # ---- what is written down ----

    def done(self, wish: Wish, answer: dict[str, Any]) -> list[Line]:
        """Does what was asked for, and says what the history has to say of it."""
        self._lines = []
        if wish.action == "report":
            self._open(
                Paper(
                    answer["number"], "report", wish.body.get("building") or self.people[wish.who].building,
                    wish.body["category"], wish.body.get("confidential", False), wish.who,
                ),
                wish.who,
            )  # fmt: skip
        else:
            self._do(wish, self.papers[wish.number], answer)
        return self._lines

    def alert_opened(self, number: str) -> list[Line]:
        """An alert of building b1, category water, critical, opened an order."""
        self._lines = []
        self._open(Paper(number, "alert", "b1", "water", severity="critical"), "system")
        return self._lines

    def alert_cleared(self, number: str) -> list[Line]:
        """The alert of an order is over: the order is told, and goes on."""
        self._lines = []
        paper = self.papers[number]
        self._write(paper, "amended", paper.state, "system")
        return self._lines

    def due(self) -> dict[str, str]:
        """What has to happen by itself by now."""
        found = {}
        for paper in (self.papers[number] for number in self.alive):
            if paper.state == "on_hold" and paper.until and paper.until <= self.now:
                found[paper.number] = "resume"
            if paper.state == "answered" and paper.answered_at and paper.answered_at + 7 * DAY <= self.now:
                found[paper.number] = "close"
        return found

    def time_is_over(self, number: str) -> list[Line]:
        """A hold ended, or nobody rated in time."""
        self._lines = []
        action = self.due()[number]
        paper = self.papers[number]
        if action == "resume":
            self._resume(paper, "system")
        else:
            self._write(paper, "close", "closed", "system")
        return self._lines

    def reminded(self, number: str, kind: str, step: str) -> tuple[list[Line], Deadline]:
        """A clock has reached something, and somebody is told."""
        self._lines = []
        paper = self.papers[number]
        last = paper.clock.fires(kind, self.now)
        assert last, f"nothing of {kind} is due for {number}, but {step} was told"
        is_over = last.step == "100%" or last.step.startswith("+")
        self._write(paper, "escalated" if is_over else "reminded", paper.state, "system")
        self.criers.reached(self, paper, last.step)
        return self._lines, last

    def reminders_due(self) -> list[tuple[str, str]]:
        """Whose clocks have reached what by now, and nobody was told."""
        return [(each.number, kind) for each in self.papers.values() for kind in each.clock.due_kinds(self.now)]

    def _keep_clock(self, paper: Paper, action: str) -> None:
        """What a step does to the clocks."""
        state, _, master = paper.written
        clock, now = (None, self.now) if action == "opened" else (paper.clock, self.now)
        if clock is None:
            paper.clock = Clock(paper.category, paper.severity == "critical", now)
            paper.clock.begin(paper.hand, now)
            return
        if action == "reopen":
            clock.begin_again(paper.hand, now)
            return
        if paper.master != master:
            if paper.master is None:
                clock.run_on(now)
            elif self.papers[paper.master].clock.outcome == "answered":
                clock.end("answered", now)
        clock.pass_on(paper.hand, now)
        if paper.state != state and paper.state in TOLD:
            for each in (paper, *(self.papers[other] for other in self.followers.get(paper.number, ()))):
                each.clock.end("answered", now)
        if paper.state != state and paper.state == "cancelled":
            clock.end("dropped", now)

    def _write(self, paper: Paper, action: str, to: str, by: str) -> None:
        before, paper.state, paper.n = paper.state or None, to, paper.n + 1
        self._keep_clock(paper, action)
        self.criers.step(self, paper, action, by, paper.written[:2])
        paper.written = (paper.state, paper.worker, paper.master)
        if to in FINAL:
            self.alive.pop(paper.number, None)
        else:
            self.alive[paper.number] = None
        self._lines.append((paper.number, paper.n, action, before, to, by, paper.worker))

    def _open(self, paper: Paper, by: str, worker: str | None = None) -> None:
        self.papers[paper.number] = paper
        self._write(paper, "opened", "submitted", by)
        self._write(paper, "accept", "accepted", "system")
        if worker:
            paper.worker = worker
            self._write(paper, "dispatch", "dispatched", by)
        else:
            self._dispatch_if_somebody_fits(paper)

    def _at_the_desk(self, paper: Paper) -> str:
        return "arbitration" if paper.arbitrated else "accepted"

    def _dispatch_if_somebody_fits(self, paper: Paper) -> None:
        if paper.state == "arbitration":
            return
        paper.worker = self.fitting(paper)
        if paper.worker:
            self._write(paper, "dispatch", "dispatched", "system")

    def _resume(self, paper: Paper, by: str) -> None:
        to, paper.before, paper.until = paper.before or "", None, None
        self._write(paper, "resume", to, by)

    def _do(self, wish: Wish, paper: Paper, answer: dict[str, Any]) -> None:  # noqa: C901, PLR0912 - a case an action
        who, action, body = wish.who, wish.action, wish.body
        if action in {"handle", "resolve", "answer"}:
            paper.closers.add(who)
        if action in CLOCK_ACTIONS:
            self._do_to_clock(wish, paper, answer)
            return
        if action in {"handle", "arrive"}:
            paper.is_there = action == "arrive"
        match action:
            case "accept":
                self._write(paper, action, "accepted", who)
                self._dispatch_if_somebody_fits(paper)
            case "dispatch" | "transfer" | "arbitrate" | "claim":
                paper.worker = who if action == "claim" else body.get("worker") or answer["worker"]
                paper.transfers += action == "transfer"
                paper.arbitrated |= action == "arbitrate"
                self._write(paper, action, "dispatched", who)
            case "handle":
                self._write(paper, action, "handling", who)
            case "arrive":
                self._write(paper, action, paper.state, who)
            case "hold":
                paper.before, paper.until = paper.state, datetime.fromisoformat(body["until"])
                self._write(paper, action, "on_hold", who)
            case "resume":
                self._resume(paper, who)
            case "split":
                self._split(paper, wish, answer)
            case "merge":
                self._merge(paper, body["master"], who)
            case "unmerge":
                self._take_out(paper, action, who)
            case "return":
                paper.returns += 1
                self._write(paper, action, "returned", who)
            case "sign-off":
                paper.worker = None
                self._write(paper, action, "arbitration" if paper.returns == 2 else "accepted", who)
            case "refuse-return":
                self._write(paper, action, "dispatched", who)
            case "recall":
                paper.worker = None
                self._write(paper, action, self._at_the_desk(paper), who)
            case "reopen":
                self._reopen(paper, who)
            case _:
                self._do_more(wish, paper)

    def _do_to_clock(self, wish: Wish, paper: Paper, answer: dict[str, Any]) -> None:
        who, action, body, clock = wish.who, wish.action, wish.body, paper.clock
        if action == "pause":
            id_ = answer["pauses"][len(clock.pauses)]["id"]
            until = datetime.fromisoformat(body["until"])
            clock.pauses.append(Ask(id_, who, clock.round, self.now, reason=body["reason"], until=until))
            self._write(paper, "pause_asked", paper.state, who)
            return
        if action == "extend":
            id_ = answer["extensions"][len(clock.extensions)]["id"]
            clock.extensions.append(Ask(id_, who, clock.round, self.now, minutes=body["minutes"]))
            self._write(paper, "extension_asked", paper.state, who)
            return
        asked = clock.extensions if action.endswith("extension") else clock.pauses
        ask = next(each for each in asked if each.id == wish.item)
        self._write(paper, DECISIONS[action], paper.state, who)
        if action.startswith("deny"):
            ask.approved = False
        elif clock.end_pause(ask, self.now) if action == "end-pause" else clock.approve(ask, self.now):
            self.criers.promised_anew(self, paper, who)

    def _do_more(self, wish: Wish, paper: Paper) -> None:  # noqa: C901 - a case an action
        who, action, body = wish.who, wish.action, wish.body
        match action:
            case "resolve":
                self._write(paper, action, "resolved", who)
            case "answer":
                paper.answered_at, paper.answer = self.now, body["text"]
                self._write(paper, action, "answered", who)
                for part in self.parts.get(paper.number, []):
                    if self.papers[part].state == "resolved":
                        self._write(self.papers[part], "close", "closed", "system")
            case "rate":
                paper.ratings[paper.round], paper.solved = body["score"], body["solved"]
                paper.raters.append((who, self.now))
                self._write(paper, action, "merged" if paper.master else "rated", who)
            case "confide" | "disclose":
                paper.confidential = action == "confide"
                self._write(paper, action, paper.state, who)
                self._confide_parts(paper, who)
            case "cancel":
                self._write(paper, action, "cancelled", who)
                for number in sorted(self.followers.get(paper.number, set())):
                    self._take_out(self.papers[number], "unmerge", "system")
            case "checklist":
                paper.checklist.append([body.get("required", True), None])
                self._write(paper, "listed", paper.state, who)
            case "tick":
                paper.checklist[wish.item - 1][1] = who
                self._write(paper, "ticked", paper.state, who)

    def _confide_parts(self, paper: Paper, who: str) -> None:
        for part in (self.papers[number] for number in self.parts.get(paper.number, [])):
            if paper.confidential and not part.confidential and part.state != "cancelled":
                part.confidential = True
                self._write(part, "confide", part.state, who)

    def _split(self, paper: Paper, wish: Wish, answer: dict[str, Any]) -> None:
        number = answer["number"]
        category = wish.body.get("category") or paper.category
        part = Paper(number, "split", paper.building, category, paper.confidential, parent=paper.number)
        part.severity = paper.severity
        self._open(part, wish.who, wish.body.get("worker"))
        self.parts.setdefault(paper.number, []).append(number)
        self._write(paper, "split", paper.state, wish.who)

    def _merge(self, paper: Paper, master: str, who: str) -> None:
        paper.master, paper.worker, paper.before, paper.until = master, None, None, None
        self._write(paper, "merge", "merged", who)
        mine = self.followers.pop(paper.number, set())
        for number in sorted(mine):
            self.papers[number].master = master
            self._write(self.papers[number], "moved-on", "merged", who)
        self.followers.setdefault(master, set()).update(mine, {paper.number})
        self._write(self.papers[master], "joined", self.papers[master].state, who)

    def _take_out(self, paper: Paper, action: str, who: str) -> None:
        master, paper.master = self.papers[paper.master or ""], None
        self.followers[master.number].discard(paper.number)
        if action == "reopen" or paper.round in paper.ratings:
            self._begin_a_round(paper)
        self._write(paper, action, self._at_the_desk(paper), who)
        if master.state != "cancelled":
            self._write(master, "left", master.state, who)
        self._dispatch_if_somebody_fits(paper)

    def _reopen(self, paper: Paper, who: str) -> None:
        for line in paper.checklist:
            line[1] = None
        if paper.state == "merged":
            self._take_out(paper, "reopen", who)
            return
        self._begin_a_round(paper)
        self._write(paper, "reopen", self._at_the_desk(paper), who)
        self._dispatch_if_somebody_fits(paper)

    def _begin_a_round(self, paper: Paper) -> None:
        paper.round, paper.worker, paper.answer, paper.answered_at = paper.round + 1, None, None, None
        paper.transfers, paper.before, paper.until, paper.is_there = 0, None, None, False
