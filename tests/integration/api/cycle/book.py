"""The book: orders and their history as a clerk would keep them, step by step, with their clocks and who is told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.integration.api.cycle.hours import ASKED, Ask, Clock, Deadline
from tests.integration.api.cycle.paper import (
    CLOCK_ACTIONS,
    DAY,
    DECISIONS,
    FINAL,
    HANDS,
    SEVERITIES,
    TOLD,
    Line,
    Paper,
    Somebody,
    Wish,
)
from tests.integration.api.cycle.reasons import Reasons
from tests.integration.api.cycle.told import Criers


class Book(Reasons):
    """All that happened to the orders of a site."""

    def __init__(self, people: list[Somebody], now: datetime) -> None:
        super().__init__(people, now)
        self.criers = Criers()
        self.about: dict[tuple[str, int], str] = {}  # of which merged order an entry of another one says something
        self._lines: list[Line] = []

    def done(self, wish: Wish, answer: dict[str, Any]) -> list[Line]:
        """Does what was asked for, and says what the history has to say of it."""
        self._lines = []
        if wish.action == "report":
            self._open(
                Paper(
                    answer["number"], "report", wish.body.get("building") or self.people[wish.who].building,
                    wish.body["category"], wish.body.get("confidential", False), wish.who,
                    severity=SEVERITIES[wish.body["category"]],
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
            self._tell_if_it_waits(paper, "system")
        else:
            self._write(paper, "close", "closed", "system")
        return self._lines

    def reminded(self, number: str, kind: str, step: str) -> tuple[list[Line], Deadline]:
        """A clock has reached something, and somebody is told."""
        self._lines = []
        paper = self.papers[number]
        last = paper.clock.fires(kind, self.now, paper.master is not None)
        assert last, f"nothing of {kind} is due for {number}, but {step} was told"
        is_over = kind not in {"pause", *ASKED} and (last.step == "100%" or last.step.startswith("+"))
        self._write(paper, "escalated" if is_over else "reminded", paper.state, "system")
        self.criers.reached(self, paper, last)
        return self._lines, last

    def reminders_due(self) -> list[tuple[str, str]]:
        """Whose clocks have reached what by now, and nobody was told."""
        return [(each.number, kind) for each in self.papers.values() for kind in each.clock.due_kinds(self.now)]

    def _keep_clock(self, paper: Paper, action: str, by: str) -> None:
        """What a step does to the clocks."""
        state, _, master, _ = paper.written
        if action == "opened":
            paper.clock = Clock(paper.category, paper.severity, self.now, paper.severity == "critical")
            paper.clock.begin(paper.hand, self.now)
            return
        clock, now = paper.clock, self.now
        if action == "reopen":
            clock.category, clock.severity = (
                paper.category,
                paper.severity,
            )  # what was corrected since holds for what is promised now
            clock.begin_again(paper.hand, now)
            return
        if paper.severity == "critical" and not clock.by_night:
            clock.wait_for_no_morning(now)
        if paper.state != state and paper.state == "cancelled":
            clock.end("dropped", now)
        is_worse = action == "categorised" and paper.severity != clock.held[-1].severity
        if clock.go_on(paper.hand, now, (paper.category, paper.severity) if is_worse else None):
            self.criers.promised_anew(self, paper, by)
        if master and master != paper.master and (paper.master is None or clock.ended):
            clock.run_on(now)
        if (master is None) != (paper.master is None):
            clock.put_off(now, is_merged=paper.master is not None)
        if paper.state != state and paper.state in TOLD:
            for each in (paper, *(self.papers[other] for other in self.followers.get(paper.number, ()))):
                each.clock.end("answered", now)

    def _write(self, paper: Paper, action: str, to: str, by: str) -> None:
        before, paper.state, paper.n = paper.state or None, to, paper.n + 1
        self._keep_clock(paper, action, by)
        self.criers.step(self, paper, action, by, paper.written)
        paper.written = (paper.state, paper.worker, paper.master, paper.unit)
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
            self._place(paper, by)

    def _at_the_desk(self, paper: Paper) -> str:
        return "arbitration" if len(paper.returners) == 2 else "accepted"

    def _dispatch_if_somebody_fits(self, paper: Paper) -> None:
        if paper.state == "arbitration":
            return
        paper.worker = self.fitting(paper)
        if paper.worker:
            self._write(paper, "dispatch", "dispatched", "system")

    def _place(self, paper: Paper, by: str, *, is_reopened: bool = False) -> None:
        self._dispatch_if_somebody_fits(paper)
        # Who supervises has heard of a reopening.
        if not (is_reopened and paper.confidential):
            self._tell_if_it_waits(paper, by)

    def _tell_if_it_waits(self, paper: Paper, by: str) -> None:
        if paper.state == "accepted":
            self.criers.waits(self, paper, by)

    def _resume(self, paper: Paper, by: str) -> None:
        to, paper.before, paper.until = paper.before or "", None, None
        self._write(paper, "resume", to, by)

    def _do(self, wish: Wish, paper: Paper, answer: dict[str, Any]) -> None:  # noqa: C901, PLR0912 - a case an action
        who, action, body = wish.who, wish.action, wish.body
        if action in HANDS:
            paper.hands.add(who)
        if action in CLOCK_ACTIONS:
            self._do_to_clock(wish, paper, answer)
            return
        if action in {"handle", "arrive"}:
            paper.is_there = action == "arrive"
        match action:
            case "accept":
                self._write(paper, action, "accepted", who)
                self._place(paper, who)
            case "dispatch" | "transfer" | "arbitrate" | "claim":
                paper.worker = who if action == "claim" else body.get("worker") or answer["worker"]
                paper.transfers += action == "transfer"
                paper.arbitrated |= action == "arbitrate"
                self._write(paper, action, "dispatched", who)
            case "handle":
                paper.was_begun = True
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
                paper.returners.append(who)
                self._write(paper, action, "returned", who)
            case "sign-off":
                paper.worker = None
                self._write(paper, action, self._at_the_desk(paper), who)
                if not self.is_desk_itself(who, paper):
                    self._tell_if_it_waits(paper, who)
            case "refuse-return":
                is_disputed = len(paper.returners) == 2
                paper.worker = None if is_disputed else paper.worker
                self._write(paper, action, "arbitration" if is_disputed else "dispatched", who)
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
            clock.remind_of("pause_asked", clock.pauses[-1], self.now)
            self._write(paper, "pause_asked", paper.state, who)
            return
        if action == "extend":
            id_ = answer["extensions"][len(clock.extensions)]["id"]
            clock.extensions.append(Ask(id_, who, clock.round, self.now, minutes=body["minutes"]))
            clock.remind_of("extension_asked", clock.extensions[-1], self.now)
            self._write(paper, "extension_asked", paper.state, who)
            return
        asked = clock.extensions if action.endswith("extension") else clock.pauses
        ask = next(each for each in asked if each.id == wish.item)
        self._write(paper, DECISIONS[action], paper.state, who)
        self.criers.decided(self, paper, DECISIONS[action], who, ask.by)
        if action.startswith("deny"):
            clock.deny(ask)
            return
        is_theirs = paper.worker is not None
        if clock.end_pause(ask, self.now) if action == "end-pause" else clock.approve(ask, self.now, is_theirs):
            self.criers.promised_anew(self, paper, who)
            self._write(paper, "promised", paper.state, "system")

    def _do_more(self, wish: Wish, paper: Paper) -> None:  # noqa: C901 - a case an action
        who, action, body = wish.who, wish.action, wish.body
        match action:
            case "resolve":
                self._write(paper, action, "resolved", who)
                if paper.parent and self.papers[paper.parent].state in {"cancelled", *TOLD}:
                    self._write(paper, "close", "closed", "system")
            case "answer":
                paper.answered_at, paper.answer = self.now, body["text"]
                self._write(paper, action, "answered", who)
                self._close_parts(paper)
            case "rate":
                paper.ratings[paper.round], paper.solved = body["score"], body["solved"]
                paper.raters.append((who, self.now))
                self._write(paper, action, "merged" if paper.master else "rated", who)
            case "confide" | "disclose":
                paper.confidential = action == "confide"
                paper.was_confided |= paper.confidential
                self._write(paper, action, paper.state, who)
                self._change_parts(paper, action, who)
            case "cancel":
                if paper.state == "merged":
                    self._leave(paper, "unmerge", who)
                self._write(paper, action, "cancelled", who)
                self._close_parts(paper)
                for number in sorted(self.followers.get(paper.number, set())):
                    self._take_out(self.papers[number], "unmerge", "system")
            case "correct":
                self._correct(paper, who, body["category"])
            case "checklist":
                paper.checklist.append([body.get("required", True), None])
                self._write(paper, "listed", paper.state, who)
            case "tick":
                paper.checklist[wish.item - 1][1] = who
                self._write(paper, "ticked", paper.state, who)

    def _correct(self, paper: Paper, who: str, category: str) -> None:
        """The desk's correction gives it to another unit; promise and limits are only ever sooner by it."""
        was = paper.severity
        paper.routed_as = None if self.is_desk(who, paper) else paper.routed_as or paper.category
        paper.becomes(category)
        paper.corrections += 1
        self._write(paper, "categorised", paper.state, who)
        is_worse, n = paper.severity != was, paper.n
        if paper.state == "accepted" and self.is_desk(who, paper):
            self._dispatch_if_somebody_fits(paper)
        if is_worse and paper.severity == "critical" and paper.n == n:
            self.criers.turned_critical(self, paper, who)

    def _change_parts(self, paper: Paper, action: str, who: str) -> None:
        """They become confidential with their whole, and are so no longer; what ever became so by itself stays so."""
        for part in (self.papers[number] for number in self.parts.get(paper.number, [])):
            if part.confidential != paper.confidential and (paper.confidential or not part.was_confided):
                part.confidential = paper.confidential
                self._write(part, action, part.state, who)

    def _close_parts(self, paper: Paper) -> None:
        """Nobody else is told of what was done of them."""
        for part in (self.papers[number] for number in self.parts.get(paper.number, [])):
            if part.state == "resolved":
                self._write(part, "close", "closed", "system")

    def _split(self, paper: Paper, wish: Wish, answer: dict[str, Any]) -> None:
        number = answer["number"]
        part = Paper(number, "split", paper.building, paper.category, paper.confidential, parent=paper.number)
        part.severity, part.routed_as = paper.severity, paper.routed_as
        if wish.body.get("category", paper.category) != paper.category:  # another matter is another unit's
            part.becomes(wish.body["category"])
            part.routed_as = None
        self._open(part, wish.who, wish.body.get("worker"))
        self.parts.setdefault(paper.number, []).append(number)
        self._write(paper, "split", paper.state, wish.who)

    def _merge(self, paper: Paper, master: str, who: str) -> None:
        paper.master, paper.worker, paper.before, paper.until = master, None, None, None
        paper.own_master = master
        paper.masters.add(master)
        self._write(paper, "merge", "merged", who)
        mine = self.followers.pop(paper.number, set())
        for number in sorted(mine):
            self.papers[number].master = master
            self.papers[number].masters.add(master)
            self._write(self.papers[number], "moved-on", "merged", who)
        self.followers.setdefault(master, set()).update(mine, {paper.number})
        self._tell_beside(self.papers[master], "joined", paper, who)

    def _tell_beside(self, master: Paper, action: str, paper: Paper, who: str) -> None:
        """Who came, or went, as the order says that stands for it: of what is confidential nobody."""
        self._write(master, action, master.state, "system" if paper.confidential else who)
        if not paper.confidential:
            self.about[master.number, master.n] = paper.number

    def _take_out(self, paper: Paper, action: str, who: str) -> None:
        master = self._leave(paper, action, who)
        if action == "unmerge" and master.state != "cancelled":
            self._go_back(paper, master, who)
        self._place(paper, who, is_reopened=action == "reopen")

    def _leave(self, paper: Paper, action: str, who: str) -> Paper:
        master, paper.master = self.papers[paper.master or ""], None
        self.followers[master.number].discard(paper.number)
        if action == "reopen" or paper.round in paper.ratings:
            self._begin_a_round(paper)
        self._write(paper, action, self._at_the_desk(paper), who)
        if master.state != "cancelled":
            self._tell_beside(master, "left", paper, who)
        return master

    def _go_back(self, paper: Paper, master: Paper, who: str) -> None:
        """What had moved on with an order comes out with it."""
        for number in sorted(self.followers[master.number]):
            other, above = self.papers[number], self.papers[number].own_master
            while above not in {None, paper.number} and above in self.followers[master.number]:
                above = self.papers[above].own_master
            if above == paper.number:
                other.master = paper.number
                if other.round in other.ratings:
                    self._begin_a_round(other)
                self._write(other, "went-back", "merged", who)
                self.followers.setdefault(paper.number, set()).add(number)
        self.followers[master.number] -= self.followers.get(paper.number, set())

    def _reopen(self, paper: Paper, who: str) -> None:
        for line in paper.checklist:
            line[1] = None
        if paper.state == "merged":
            self._take_out(paper, "reopen", who)
            return
        self._begin_a_round(paper)
        self._write(paper, "reopen", self._at_the_desk(paper), who)
        for each in (self.papers[number] for number in sorted(self.followers.get(paper.number, ()))):
            each.clock.category, each.clock.severity = each.category, each.severity
            each.clock.begin_again(each.hand, self.now)
            if each.round in each.ratings:
                self._begin_a_round(each)
            self._write(each, "promised", "merged", "system")
        self._place(paper, who, is_reopened=True)

    def _begin_a_round(self, paper: Paper) -> None:
        paper.round, paper.worker, paper.answer, paper.answered_at = paper.round + 1, None, None, None
        paper.transfers, paper.before, paper.until, paper.is_there, paper.was_begun = 0, None, None, False, False
