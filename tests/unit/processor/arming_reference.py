"""Arming by the book, second by second: slow, with everything remembered, and no timers."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.unit.processor.arming_samples import FRONT

COUNTS: dict[str, set[str]] = {
    "armed": {"door", "presence"}, "home": {"door"}, "night": {"door"}, "disarmed": set(), "maintenance": set(),
}  # fmt: skip
FIRST = 22 * 3600 + 13 * 60 + 20  # second 0, of a day


@dataclass
class Plan:
    """Modes by minute of the day: (mode, from, to) in minutes, the first that covers holds; and the delays."""

    windows: list[tuple[str, int, int]]
    otherwise: str = "disarmed"
    entry: int = 0
    leave: int = 0

    def mode(self, second: int) -> str:
        minute = (FIRST + second) // 60 % 1440
        for mode, begin, end in self.windows:
            if begin <= minute < end or (end <= begin and not end <= minute < begin):
                return mode
        return self.otherwise


@dataclass
class Wish:
    """A mode that is to come: at a second, or (None) when the doors are closed. `held`: manual until when, before."""

    mode: str
    at: int | None
    by_plan: bool
    force: bool
    before: str
    held: tuple[bool, int | None] = (False, None)


@dataclass
class Reference:
    """One zone. `live` is called for every second, then what happens in it; `told` is what it says."""

    plan: Plan = field(default_factory=lambda: Plan([]))
    mode: str = "disarmed"
    history: list[tuple[int, str]] = field(default_factory=lambda: [(-(10**9), "disarmed")])
    manual: bool = False
    until: int | None = None
    wish: Wish | None = None
    entry: tuple[int, str, int] | None = None  # when it is over, which door, and when that was opened
    intruded: int | None = None
    open: set[str] = field(default_factory=set)
    closes: set[str] = field(default_factory=set)
    bypassed: dict[str, list[tuple[int, int]]] = field(default_factory=dict)  # the newest last
    newest: dict[str, int] = field(default_factory=dict)
    told: list[tuple[str, int, str]] = field(default_factory=list)
    now: int = 0

    def live(self) -> None:
        """The next second begins: what is due comes first, in the order of the timers' names."""
        self.now += 1
        for door in sorted(self.open):
            self._counts_again(door)
        if self.entry and self.entry[0] == self.now:
            _, door, opened = self.entry
            self._intrude(opened if self._is_bypassed(door, self.now) else self.now, self.mode)
        is_dropped = self.wish is not None and self.wish.at == self.now and self._left()
        planned, before = self.plan.mode(self.now), self.plan.mode(self.now - 1)
        if self.manual and (self.until <= self.now if self.until is not None else planned != before):
            self.manual, self.until = False, None
            self._want(planned, by_plan=True)
        elif not self.manual and (planned != before or is_dropped):
            self._want(planned, by_plan=True)

    def put_plan(self, plan: Plan) -> None:
        self.plan = plan
        if not self.manual:
            self._want(plan.mode(self.now), by_plan=True)

    def put_mode(self, mode: str, until: int | None, *, force: bool) -> None:
        if self._want(mode, by_plan=False, force=force):
            self.manual, self.until = True, until

    def bypass(self, device: str, until: int | None) -> None:
        spans = self.bypassed.setdefault(device, [(0, 0)])
        begin, end = spans[-1]
        if self.now < end:
            spans[-1] = (begin, self.now if until is None else until)
            self._counts_again(device)
        elif until is not None:
            spans.append((self.now, until))
        if device in self.open:
            self._doors_may_be_closed()

    def event(self, kind: str, device: str, at: int) -> None:
        """An open, close or person of a time that may be a little ago."""
        late = at < self.newest.get(device, at)
        self.newest[device] = max(at, self.newest.get(device, at))
        news = True
        if kind != "person" and not late:
            was = device in self.open
            if kind == "close":
                self.closes.add(device)
                self.open.discard(device)
                if was:
                    self._doors_may_be_closed()
            else:
                news = not was or device not in self.closes
                self.open.add(device)
        mode = self._mode_then(at)
        if kind == "close" or not news or self._is_bypassed(device, at) or mode == "maintenance":
            return
        self._detected("door" if kind == "open" else "presence", device, at, mode)

    def _detected(self, what: str, device: str, at: int, mode: str) -> None:
        if what not in COUNTS[mode]:
            return
        if what == "door" and device == FRONT and self.plan.entry and mode in {"armed", "home"}:
            calm = next((second for second, each in self.history if second > at and not COUNTS[each]), None)
            if calm is None and self.entry is None:
                self.entry = (self.now + self.plan.entry, device, at)
                self.told.append(("entry.begun", self.now, self.mode))
            elif calm is not None and calm > at + self.plan.entry:
                self._intrude(at, mode)
        elif self.entry is None or what == "door":
            self._intrude(at, mode)

    def _mode_then(self, at: int) -> str:
        return [mode for second, mode in self.history if second <= at][-1]

    def _intrude(self, at: int, mode: str) -> None:
        self.entry = None
        if self.intruded is not None and abs(at - self.intruded) < 60:
            return
        self.intruded = at if self.intruded is None else max(at, self.intruded)
        self.told.append(("intrusion.confirmed", at, mode))

    def _counts_again(self, door: str) -> None:
        back = self._is_bypassed(door, self.now - 1) and not self._is_bypassed(door, self.now)
        if back and door in self.open and "door" in COUNTS[self.mode]:
            self.told.append(("door.left_open", self.now, self.mode))

    def _standing(self) -> set[str]:
        return {device for device in self.open if not self._is_bypassed(device, self.now)}

    def _is_bypassed(self, device: str, at: int) -> bool:
        return any(begin <= at < end for begin, end in self.bypassed.get(device, []))

    def _want(self, mode: str, *, by_plan: bool, force: bool = False) -> bool:
        heading = self.wish.mode if self.wish else self.mode
        if by_plan and mode == heading:
            return True
        changes = mode != self.mode or self.wish is not None
        delay = self.plan.leave if changes and COUNTS[mode] - COUNTS[self.mode] else 0
        standing = self._standing() if changes and COUNTS[mode] and not force else set()
        if delay:
            standing = set() if by_plan else standing - {FRONT}
        if standing and not by_plan:
            self.told.append(("arming.refused", self.now, mode))
            return False
        if not by_plan or not COUNTS[mode]:
            self.entry = None
        before = self.wish.before if self.wish else self.mode
        if standing:
            self.wish = Wish(mode, None, by_plan, force, self.mode)
            self.told.append(("arming.refused", self.now, mode))
        elif delay:
            is_again = self.wish is not None and not self.wish.by_plan
            held = self.wish.held if self.wish and is_again else (self.manual, self.until)
            self.wish = Wish(mode, self.now + delay, by_plan, force, before, held)
            self._be("disarmed")
            self.told.append(("zone.arming", self.now, mode))
        else:
            self._enter(mode)
        return True

    def _left(self) -> bool:
        """True if what a person wanted is refused: then all is as before they asked, and the plan looks again."""
        assert self.wish is not None
        wish = self.wish
        if wish.force or not self._standing():
            self._enter(wish.mode)
            return False
        self._be(wish.before)
        self.wish = Wish(wish.mode, None, True, False, wish.before) if wish.by_plan else None
        self.told.append(("arming.refused", self.now, wish.mode))
        if not wish.by_plan:
            self.manual, self.until = wish.held
        return not wish.by_plan

    def _doors_may_be_closed(self) -> None:
        if self.wish and self.wish.at is None and not self._standing():
            self._enter(self.wish.mode)

    def _enter(self, mode: str) -> None:
        self.wish, self.intruded = None, None
        self._be(mode)
        self.told.append(("zone.armed" if COUNTS[mode] else "zone.disarmed", self.now, mode))

    def _be(self, mode: str) -> None:
        if mode != self.mode:
            self.mode = mode
            self.history.append((self.now, mode))
