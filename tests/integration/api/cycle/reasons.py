"""Why an order may not be moved: written from docs/api.md and the guides, without a look at the API's own checks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from tests.integration.api.cycle.paper import CLOCK_ACTIONS, CREW, DAY, DESK, OPEN, SEVERE, TOLD, Paper, Shelf, Wish

ALL_BUT_OVERSEERS: Final = DESK | CREW | {"resident"}
# Whose role lets them try it at all.
TRIES: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(["accept", "dispatch", "merge", "unmerge", "sign-off", "refuse-return", "recall"], DESK),
    **dict.fromkeys(["claim", "handle", "arrive", "transfer", "return", "resolve"], CREW),
    **dict.fromkeys(["hold", "resume", "split", "answer", "checklist", "tick", "correct"], DESK | CREW),
    **dict.fromkeys(["pause", "end-pause", "extend"], DESK | CREW),
    "arbitrate": DESK,
    "disclose": frozenset({"supervisor"}),
    **dict.fromkeys(["approve-pause", "deny-pause", "approve-extension", "deny-extension"], DESK),
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
    "correct": {*OPEN, *TOLD, "resolved"},
}
MOST_ASKED: Final = 10  # pauses, and extensions, of an order
Reason = tuple[int, str]  # status and kind of a refusal


class Reasons(Shelf):
    """What speaks against what somebody asks for."""

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
        if self._is_own_cause(wish, paper):
            return {(403, "own_cause")}
        return set(self._against(wish, paper))

    def _against(self, wish: Wish, paper: Paper) -> Iterator[Reason]:  # noqa: C901, PLR0912 - a case an action
        if wish.action in CLOCK_ACTIONS:
            yield from self._against_clock(wish, paper)
            return
        if not self._is_possible(wish, paper):
            yield 409, "wrong_state"
        match wish.action:
            case "confide" | "disclose" if paper.confidential == (wish.action == "confide"):
                yield 409, "no_change"
            case "arrive" if paper.state == "handling" and paper.is_there:
                yield 409, "no_change"
            case "return" | "transfer":
                if paper.arbitrated or (len(paper.returners) if wish.action == "return" else paper.transfers) >= 2:
                    yield 409, "used_up"
            case "hold":
                until = datetime.fromisoformat(wish.body["until"])
                if until <= self.now:
                    yield 422, "until_is_past"
                elif until > self.now + 90 * DAY:
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
            case "cancel" if paper.state == "merged":
                pass  # what is merged has no parts, and whoever worked on it has it no more
            case "cancel":
                is_withdrawn = wish.who == paper.reporter and paper.before != "handling"
                if paper.was_begun and not is_withdrawn:
                    yield 409, "wrong_state"
                if any(self.papers[part].state in OPEN for part in self.parts.get(paper.number, [])):
                    yield 409, "parts_undone"
            case "answer":
                if any(self.papers[part].state in OPEN for part in self.parts.get(paper.number, [])):
                    yield 409, "parts_undone"
            case "rate" if paper.round in paper.ratings or self._rated_same_answer(wish.who, paper):
                yield 409, "rated_already"
            case "correct":
                if paper.category == wish.body["category"]:
                    yield 409, "no_change"
                if paper.corrections >= 20:
                    yield 409, "too_many_corrections"
                if paper.round and not self.is_desk(wish.who, paper):
                    yield 403, "for_the_desk"
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
        is_chosen = wish.action in {"transfer", "split"} and "supervisor" not in self.people[wish.who].roles
        if is_chosen and paper.confidential:
            yield 403, "confidential"
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
                if paper.master:
                    yield 409, "merged"
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
                elif wish.who not in self._may_decide(
                    paper, had := {ask.by, paper.worker, clock.hand_at(ask.asked).worker}
                ):
                    yield 403, "your_own" if wish.who in had else "not_yours"
                elif wish.action == "approve-pause" and (ask.ended or ask.span[1] <= now):
                    yield 409, "moot"
                elif wish.action.endswith("extension") and paper.master:
                    yield 409, "merged"
                elif wish.action == "approve-extension" and (clock.ended or ask.round != clock.round):
                    yield 409, "promise_over"

    def _may_decide(self, paper: Paper, had: set[str | None]) -> set[str]:
        """A supervisor, or else one of the desk, who had no part in it; or all who supervise, if all had."""
        desk = {who for who in self.people if self.is_desk(who, paper)}
        supervisors = {who for who in desk if "supervisor" in self.people[who].roles}
        return supervisors - had or desk - had or supervisors

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
        if master.parent:
            yield 409, "master_is_a_part"
        if paper.parent or self.parts.get(paper.number):
            yield 409, "has_parts"
        mine = (paper, *(self.papers[number] for number in self.followers.get(paper.number, ())))
        if any(SEVERE.index(each.severity) > SEVERE.index(master.severity) for each in mine):
            yield 409, "more_severe"

    def _is_possible(self, wish: Wish, paper: Paper) -> bool:
        if wish.action in {"confide", "disclose"}:
            return True
        if wish.action in {"checklist", "tick"}:
            return paper.state in OPEN
        if paper.state == "merged" and wish.action in {"rate", "reopen"}:
            master = self.papers[paper.master or ""]
            if wish.action == "reopen":
                return master.state in TOLD
            is_in_time = master.answered_at is not None and self.now < master.answered_at + 7 * DAY
            return master.state == "answered" or (master.state == "rated" and is_in_time)
        if paper.state == "merged" and wish.action == "cancel":
            return wish.who == paper.reporter and self.papers[paper.master or ""].state in OPEN
        if paper.state in {"rated", "closed"} and wish.action == "correct":
            return self.is_desk(wish.who, paper)
        return wish.action == "read" or paper.state in FROM[wish.action]

    def _is_theirs(self, wish: Wish, paper: Paper) -> bool:  # noqa: PLR0911 - a line an action
        person = self.people[wish.who]
        desk, crew = self.is_desk(wish.who, paper), bool(person.roles & CREW)
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
            case "hold" | "resume" | "split" | "answer" | "checklist" | "tick" | "correct":
                return desk or worker
            case "pause" | "end-pause" | "extend":
                return desk or (worker and paper.state != "returned")
            case "claim":
                return crew and self.is_told(wish.who, paper)
            case "arbitrate" | "disclose":
                return "supervisor" in person.roles
            case "confide":
                return "supervisor" in person.roles or reporter
            case "reopen" | "cancel":
                return desk or reporter
            case "rate":
                return (reporter or neighbour) and wish.who not in self.had_a_hand(paper)
            case "read" | "approve-pause" | "deny-pause" | "approve-extension" | "deny-extension":
                return True
        return desk

    def _is_own_cause(self, wish: Wish, paper: Paper) -> bool:
        """Nobody decides on what they gave back or have, but who reported it may withdraw it."""
        if wish.action == "arbitrate":
            return wish.who in paper.returners
        is_over_its_worker = wish.action in {"sign-off", "refuse-return", "recall", "cancel"}
        is_withdrawn = wish.action == "cancel" and wish.who == paper.reporter
        return is_over_its_worker and wish.who == paper.worker and not is_withdrawn

    def had_a_hand(self, paper: Paper) -> set[str]:
        """Who had a hand in it, in what stands for it or did, or in a part of these or what is merged into them."""
        whole = {paper.number, *paper.masters}
        below = {each for number in whole for each in (*self.parts.get(number, ()), *self.followers.get(number, ()))}
        return {who for number in whole | below for who in self.papers[number].hands}

    def _rated_same_answer(self, who: str, paper: Paper) -> bool:
        master = self.papers[paper.master] if paper.master else paper
        others = [self.papers[number] for number in {master.number, *self.followers.get(master.number, set())}]
        return master.answered_at is not None and any(
            rater == who and at >= master.answered_at
            for other in others
            if other is not paper
            for rater, at in other.raters
        )
