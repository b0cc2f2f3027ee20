"""Work orders as a clerk would keep them on paper: slow, plain, and written without a look at the API's own table."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from tests.integration.api.cycle.hours import Clock, Hand
from tests.integration.api.cycle.told import IS_TOLD, UNITS

DAY: Final = timedelta(days=1)
FINAL: Final = {"rated", "closed", "cancelled", "merged"}
SEVERITIES: Final = {"water": "info", "fire": "critical", "noise": "info"}  # of reports
SEVERE: Final = ("info", "warning", "critical")  # the mildest first
TOLD: Final = IS_TOLD

DESK: Final = frozenset({"operator", "supervisor"})
CREW: Final = frozenset({"grid_worker", "property_staff"})
CLOCK_ACTIONS: Final = {
    "pause", "end-pause", "extend", "approve-pause", "deny-pause", "approve-extension", "deny-extension"
}  # fmt: skip
DECISIONS: Final = {
    "approve-pause": "pause_approved", "deny-pause": "pause_denied", "end-pause": "pause_ended",
    "approve-extension": "extension_approved", "deny-extension": "extension_denied",
}  # fmt: skip
# docs/work-orders.md, "Two questions, asked apart".
HANDS: Final = {
    "claim", "handle", "resolve", "answer", "dispatch", "transfer", "recall", "arbitrate", "sign-off", "refuse-return",
    "split", "checklist", "tick",
}  # fmt: skip
OPEN: Final = {"submitted", "accepted", "dispatched", "handling", "on_hold", "returned", "arbitration"}

Written = tuple[str | None, str | None, str | None, str | None]  # state, worker, master, unit
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
    was_confided: bool = False  # became confidential by itself, ever
    parent: str | None = None
    state: str = ""
    n: int = 0
    worker: str | None = None
    master: str | None = None
    before: str | None = None
    until: datetime | None = None
    returners: list[str] = field(default_factory=list)  # each time
    transfers: int = 0
    arbitrated: bool = False
    round: int = 0
    answered_at: datetime | None = None
    answer: str | None = None
    hands: set[str] = field(default_factory=set)  # who had a hand in it
    own_master: str | None = None  # into which it was merged itself, wherever that one went since
    masters: set[str] = field(default_factory=set)  # all that it was ever merged into
    ratings: dict[int, int] = field(default_factory=dict)
    raters: list[tuple[str, datetime]] = field(default_factory=list)
    checklist: list[list[Any]] = field(default_factory=list)  # required, done by
    severity: str = "info"
    is_there: bool = False  # its worker has arrived
    was_begun: bool = False  # somebody was at work on it in this round
    solved: bool = False  # as its last rating says
    corrections: int = 0
    routed_as: str | None = None  # the category by which its unit has it, if another one since
    written: Written = (None, None, None, None)  # as it was last written
    clock: Clock = field(init=False)

    @property
    def unit(self) -> str:
        return UNITS[self.routed_as or self.category]

    def becomes(self, category: str) -> None:
        """It is about something else; an alert says itself how severe it is, and nothing becomes milder."""
        self.category = category
        if self.origin != "alert":
            self.severity = max(self.severity, SEVERITIES[category], key=SEVERE.index)

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


class Shelf:
    """All orders of a site, and who they are for."""

    def __init__(self, people: list[Somebody], now: datetime) -> None:
        self.people = {each.name: each for each in people}
        self.papers: dict[str, Paper] = {}
        self.followers: dict[str, set[str]] = {}
        self.parts: dict[str, list[str]] = {}
        self.alive: dict[str, None] = {}  # those that wait for somebody, or for a time
        self.now = now

    def sees(self, who: str, paper: Paper) -> bool:
        """Whether it is for their eyes."""
        return self.has_what_is_above(who, paper) or self.is_told(who, paper)

    def has_what_is_above(self, who: str, paper: Paper) -> bool:
        """Whether they have what it is merged into, or a part of, and it is not confidential."""
        above = self.papers.get(paper.master or paper.parent or "")
        return above is not None and who == above.worker and not paper.confidential

    def is_told(self, who: str, paper: Paper) -> bool:
        """Whether it is among their orders."""
        if who == paper.reporter or self.looks_after(who, paper):
            return True
        is_open_to_all = paper.origin == "alert" and not paper.confidential
        return is_open_to_all and paper.building is not None and self.people[who].building == paper.building

    def looks_after(self, who: str, paper: Paper) -> bool:
        """Whether it is for their eyes, and not only because they reported it or live there."""
        if who == paper.worker:
            return True
        mine = {"supervisor", "auditor"} if paper.confidential else {"admin", "auditor", *DESK}
        return bool(self.people[who].roles & mine)

    def is_desk(self, who: str, paper: Paper) -> bool:
        """Whether they are its desk: of what is confidential supervisors alone."""
        return bool(self.people[who].roles & (DESK - {"operator"} if paper.confidential else DESK))

    def is_desk_itself(self, who: str, paper: Paper) -> bool:
        """Whether they are of those who give it out: operators, and of what is confidential supervisors."""
        return paper.confidential or "operator" in self.people[who].roles

    def fitting(self, paper: Paper) -> str | None:
        """The grid worker of the building with the skill and the least to do; of equals the first by name."""
        fit = [name for name in self.people if self._fits(name, paper)]
        return min(fit, key=lambda name: (self._load(name), name), default=None)

    def _fits(self, name: str, paper: Paper) -> bool:
        person = self.people[name]
        knows_it = paper.building in person.grids and paper.category in person.skills
        return "grid_worker" in person.roles and knows_it and name not in paper.returners

    def _load(self, name: str) -> int:
        alive = (self.papers[number] for number in self.alive)
        return sum(each.worker == name and each.state in {"dispatched", "handling"} for each in alive)
