"""What people may come to ask for, sensible or not: drawn with a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any, Final

from tests.integration.api.cycle.book import Book
from tests.integration.api.cycle.paper import CLOCK_ACTIONS, TOLD, Paper, Somebody, Wish
from tests.integration.api.cycle.reasons import FROM

PEOPLE: Final = [
    Somebody("oscar", {"operator"}),
    Somebody("susan", {"supervisor"}),
    Somebody("audrey", {"auditor"}),
    Somebody("gwen", {"grid_worker"}, grids={"b1"}, skills={"water", "fire"}),
    Somebody("gina", {"grid_worker"}, grids={"b1", "b2"}, skills={"water"}),
    Somebody("greg", {"grid_worker"}, grids={"b2"}, skills={"water"}),
    Somebody("paul", {"property_staff"}),
    Somebody("rita", {"resident"}, "b1"),
    Somebody("rob", {"resident"}, "b1"),
    Somebody("ruth", {"resident"}, "b2"),
    Somebody("mona", {"operator", "resident"}, "b1"),  # may not rate what she answered
    Somebody("wang", {"grid_worker", "resident"}, "b1", grids={"b2"}, skills={"fire"}),
    Somebody(
        "bob", {"grid_worker", "supervisor"}, grids={"b1"}, skills={"noise", "fire"}
    ),  # decides on nothing of his own
]
NEW_PEOPLE: Final[list[dict[str, Any]]] = [
    {"username": "gina", "name": "Gina", "roles": ["grid_worker"], "grids": ["g1", "g2"], "skills": ["water"]},
    {"username": "mona", "name": "Mona", "roles": ["operator", "resident"], "building": "b1"},
    {
        "username": "wang", "name": "Wang", "roles": ["grid_worker", "resident"], "building": "b1", "grids": ["g2"],
        "skills": ["fire"],
    },
    {
        "username": "bob", "name": "Bob", "roles": ["grid_worker", "supervisor"], "grids": ["g1"],
        "skills": ["noise", "fire"],
    },
]  # fmt: skip
MAX_OPEN: Final = 40  # orders at once, parts too: the same ones are fought over, and none is told of for years
POSSIBLE: Final = 0.7  # of what is asked for should be possible, were nobody else there
_TRIES: Final = 30
_LATELY: Final = 200  # orders
_ACTIONS: Final = [*FROM, "confide", "disclose", "checklist", "tick", "read", *sorted(CLOCK_ACTIONS)]
_OF_WHAT_THERE_IS: Final = [each for each in _ACTIONS if each != "split"]
_PAUSES: Final = ["reporter", "weather", "parts", "others", "permit"]
_CODES: Final = ["not_ours", "wrong_place", "duplicate", "beyond_means"]
_NO_REASON: Final = {"accept", "dispatch", "claim", "handle", "arrive", "resume", "sign-off"}


@dataclass
class Drawer:
    """Draws wishes about the orders of a book."""

    chance: random.Random
    book: Book
    tags: int = 0

    def wish(self, near: str | None) -> Wish:
        """A wish; about the order `near` more often than not."""
        wants_possible = self.chance.random() < POSSIBLE
        drawn = self._any(near)
        for _ in range(_TRIES if wants_possible else 0):
            if not self.book.refusals(drawn):
                break
            drawn = self._any(near)
        return drawn

    def some_order(self) -> str | None:
        """An order that was touched lately, or not so lately."""
        book = self.book
        numbers = list(islice(reversed(book.alive if self.chance.random() < 0.8 else book.papers), _LATELY))
        return self.chance.choice(numbers) if numbers else None

    def tag(self) -> str:
        """Words that no other wish has."""
        self.tags += 1
        return f"t{self.tags}"

    def _any(self, near: str | None) -> Wish:
        who = self.chance.choice(PEOPLE).name
        number = self.chance.choice(self._kin(near)) if near and self.chance.random() < 0.8 else self.some_order()
        has_room = len(self.book.alive) < MAX_OPEN
        is_new = number is None or (has_room and self.chance.random() < 0.08)
        if is_new or number is None:
            return Wish(who, "report", body=self._report())
        if not has_room and self.chance.random() < 0.1:
            return self._towards_the_end(next(iter(self.book.alive)))
        if self.chance.random() < 0.8:
            paper = self.book.papers[number]
            who = self.chance.choice([paper.worker or who, paper.reporter or who, "oscar", "susan", "bob"])
        if self.chance.random() < 0.01:
            number = "WO20260101-000001"  # there is none
        if self.chance.random() < 0.05 and (again := self._about_an_answer_for_several()):
            return again
        action = self.chance.choice(_ACTIONS if has_room else _OF_WHAT_THERE_IS)
        body = self._body(action)
        if action == "merge" and near and self.chance.random() < 0.5:
            body["master"] = near
        is_malformed = action not in {"tick", "read"} and self.chance.random() < 0.02
        if is_malformed:
            body = {**body, "surplus": 1}
        item = self._item(action, self.book.papers.get(number))
        return Wish(who, action, number, body, item, is_malformed)

    def _towards_the_end(self, number: str) -> Wish:
        """What the desk does about the order that has waited longest, so that there is room for another one."""
        action = self.chance.choice(["arbitrate", "sign-off", "resolve", "answer", "cancel"])
        return Wish("susan", action, number, self._body(action))

    def _about_an_answer_for_several(self) -> Wish | None:
        """Who reported the same as another rates what that was answered; then it is reopened. Chance alone comes to
        neither of them often.
        """
        papers, merged = self.book.papers, sorted(islice(reversed(self.book.followers.items()), _LATELY))
        told = [papers[each] for master, others in merged if papers[master].state in TOLD for each in sorted(others)]
        if not told:
            return None
        paper = self.chance.choice(told)
        if paper.round not in paper.ratings:
            return Wish(paper.reporter or "rita", "rate", paper.number, self._body("rate"))
        return Wish("susan", "reopen", paper.master or "", self._body("reopen"))

    def _item(self, action: str, paper: Paper | None) -> int:
        """Which line of the checklist, or which of what was asked for."""
        if action == "tick":
            return self.chance.choice([1, 1, 2, 3])
        if action in {"pause", "extend"} or action not in CLOCK_ACTIONS:
            return 0
        if paper is None:
            return 1
        asked = paper.clock.extensions if action.endswith("extension") else paper.clock.pauses
        return self.chance.choice([*(each.id for each in asked[-2:]), 1])

    def _kin(self, number: str) -> list[str]:
        """An order, or one that belongs together with it: they move each other."""
        paper = self.book.papers[number]
        others = {paper.master, paper.parent, *self.book.followers.get(number, ()), *self.book.parts.get(number, ())}
        kin = sorted(others - {None})
        return [number] * (len(kin) or 1) + kin

    def _report(self) -> dict[str, Any]:
        body: dict[str, Any] = {"category": self.chance.choice(["water", "fire", "noise"]), "text": self.tag()}
        if self.chance.random() < 0.8:
            body["building"] = self.chance.choice(["b1", "b2", "b3"])
        return {**body, "confidential": self.chance.random() < 0.15}

    def _body(self, action: str) -> dict[str, Any]:  # noqa: C901, PLR0911, PLR0912 - a case an action
        chance = self.chance
        worker = chance.choice(["gwen", "gina", "greg", "paul", "wang", "bob", "bob", "rita", "nobody"])
        match action:
            case "tick" | "read":
                return {}
            case "resolve" | "answer":
                return {"text": self.tag()}
            case "split":
                other = {"category": chance.choice(["water", "fire", "noise"])} if chance.random() < 0.5 else {}
                return {"text": self.tag(), **other} | ({"worker": worker} if chance.random() < 0.3 else {})
            case "correct":
                return {"category": chance.choice(["water", "fire", "noise"]), "reason": self.tag()}
            case "checklist":
                return {"text": self.tag(), "required": chance.random() < 0.5}
            case "rate":
                return {"score": chance.randint(1, 5), "solved": chance.random() < 0.5, "comment": self.tag()}
            case "hold":
                until = self.book.now + chance.choice(
                    [timedelta(hours=1), timedelta(days=9), timedelta(days=89, hours=23)]
                )
                until = chance.choice([until, until, until, self.book.now, self.book.now + timedelta(days=91)])
                return {"until": until.isoformat(), "reason": self.tag()}
            case "pause":
                long = chance.choice([timedelta(minutes=30), timedelta(hours=5), timedelta(days=2), timedelta(days=8)])
                return {
                    "reason": chance.choice(_PAUSES), "note": self.tag(), "until": (self.book.now + long).isoformat()
                }  # fmt: skip
            case "extend":
                return {"minutes": chance.choice([45, 600, 6000]), "reason": self.tag()}
            case _ if action in CLOCK_ACTIONS:
                return {"note": self.tag()}
            case "return":
                return {"code": chance.choice(_CODES), "reason": self.tag()}
            case "merge":
                return {"master": self.some_order() or "WO20260101-000001", "reason": self.tag()}
            case "transfer" | "arbitrate":
                return {"worker": worker, "reason": self.tag()}
            case "dispatch":
                return {"reason": self.tag()} | ({"worker": worker} if chance.random() < 0.5 else {})
        return {} if action in _NO_REASON and chance.random() < 0.2 else {"reason": self.tag()}
