"""What absence rules should say, worked out slowly: second by second, without a timer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

SITE_KEY: Final = "herun"
BUILDINGS: Final[dict[str, str]] = {"y": "b1", "x": "b1", "z": "b2"}  # of each zone
OUTAGE_S: Final = 5  # without a gateway's frame: time that nobody watched

Story = dict[str, list[tuple[str, int]]]  # (raised, cleared or withdrawn, when) by key


@dataclass
class Estate:
    """Where the devices stand, which of them are bypassed until when, and how long a gateway has watched."""

    zones: dict[str, str | None] = field(default_factory=dict)  # of those that are registered and in use
    bypassed: dict[str, int] = field(default_factory=dict)
    now: int = 0
    watched: int = 0
    listened: int = 0
    past: dict[int, int] = field(default_factory=dict)  # how long it had watched, by when it did

    def listen(self) -> None:
        """A gateway's frame, now."""
        gap = self.now - self.listened
        self.watched += gap if gap <= OUTAGE_S else 0
        self.listened = self.now
        self.past[self.now] = self.watched

    def watched_at(self, when: int) -> int:
        """How long a gateway had watched then."""
        return max((watched for at, watched in self.past.items() if at <= when), default=0)

    def in_service(self, device: str) -> bool:
        return self.now >= self.bypassed.get(device, 0)


@dataclass
class Waited:
    """One key: when it was last heard, since when it is silent (both as a gateway watched), when it was told."""

    heard: int
    silent: int | None = None
    told: int | None = None


class SlowAbsence:
    """One absence rule over all devices."""

    def __init__(self, estate: Estate, kind: str, duration: int, given_up: int) -> None:
        self.estate, self.kind, self.duration, self.given_up = estate, kind, duration, given_up
        self.keys: dict[str, Waited] = {}
        self.story: Story = {}

    def say(self, device: str, plate: str, when: int) -> None:
        """An event of the device has come, of what happened then."""
        key = plate if self.kind == "plate" else self._of(device)
        if key is None:
            return
        if self.kind != "plate":
            self._over(key)
            self.keys[key] = Waited(self.estate.watched)
        else:
            self._see(key, when, is_new=self.estate.in_service(device))

    def _see(self, key: str, when: int, *, is_new: bool) -> None:
        seen, known = self.estate.watched_at(when), self.keys.get(key)
        if known is None:
            if is_new:
                self.keys[key] = Waited(seen)
        elif known.silent is None:
            known.heard = max(known.heard, seen)
        elif self.estate.watched - seen < self.duration:
            self._over(key, never=known.told is not None and when < known.told)
            self.keys[key] = Waited(seen)

    def check(self) -> None:
        """Time has passed, or devices have changed."""
        listeners = {device: self._of(device) for device in self.estate.zones}
        if self.kind != "plate":
            for key in {key for key in listeners.values() if key is not None} - self.keys.keys():
                self.keys[key] = Waited(self.estate.watched)
        for key, waited in list(self.keys.items()):
            here = [device for device, of in listeners.items() if self.kind == "plate" or of == key]
            if waited.silent is None and self.estate.watched - waited.heard >= self.duration:
                waited.silent = self.estate.watched
            is_lost = waited.silent is not None and self.estate.watched - waited.silent >= self.given_up
            if not here or (self.kind == "plate" and is_lost):
                self._over(key)
                del self.keys[key]
            elif waited.silent is not None and waited.told is None and any(map(self.estate.in_service, here)):
                waited.told = self.estate.now
                self._tell(key, "raised", waited.told)

    def _of(self, device: str) -> str | None:
        zone = self.estate.zones[device]
        building = None if zone is None else BUILDINGS[zone]
        return {"device": device, "zone": zone, "building": building, "site": SITE_KEY, "plate": "any"}[self.kind]

    def _over(self, key: str, *, never: bool = False) -> None:
        told = self.keys[key].told if key in self.keys else None
        if told is not None:
            self._tell(key, "withdrawn" if never else "cleared", told if never else self.estate.now)

    def _tell(self, key: str, what: str, at: int) -> None:
        self.story.setdefault(key, []).append((what, at))
