"""What is remembered of passages, and how much of it: immutable values, as all of the engine's state."""

from __future__ import annotations

from typing import Final

import msgspec

from herun.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from herun.passages import PassageSettings, Permit

# Limits, each with what happens beyond it.
MAX_VEHICLES: Final = 20_000  # of a site, inside or lately seen; the one longest unseen is forgotten, and counted
MAX_SESSIONS: Final = 12  # cars read at one camera at one time; the oldest's passage is completed early
MAX_VOTES: Final = 6  # spellings of one car that a passage weighs; others count as reads only
MAX_MOVES: Final = 8  # passages of one car within the lateness; the oldest is settled early
MAX_EDGES: Final = 16  # openings and closings at one gate that are remembered; the oldest is forgotten
MAX_THROUGH: Final = 8  # cars or persons at one gate that are told apart: two are enough for the finding
MAX_SIGHTINGS: Final = 5_000  # faces in zones of a site; the one longest unseen is forgotten
MAX_CAPTURES: Final = 500  # captures of a zone's crowd window, above the largest crowd that can be set; oldest first
MAX_PERMITS_A_CAR: Final = 8  # the one that ends first is forgotten

LONGEST_SESSION_US: Final = MINUTE_US  # a car that is read without pause is passed on, and what follows is its standing
FIRST_STANDING_US: Final = 2 * MINUTE_US  # a car seen again at the same gate so soon has not been away
LONGEST_STANDING_US: Final = 30 * MINUTE_US  # the allowed pause doubles with each that was seen, up to this
SURE: Final = 800  # thousandths of confidence: two sure reads that differ in a character are two cars
CLOCK_TOLERANCE_US: Final = 150 * SECOND_US  # clocks of two gates that differ by less are told apart by arrival
REMEMBERED_US: Final = HOUR_US  # a car outside, after its last passage was settled: for what comes later still
LONGEST_STAY_US: Final = 90 * DAY_US  # a car that is inside longer was missed when it left; longer than any retention
PERMIT_KEPT_US: Final = 30 * DAY_US  # after its end, so that whoever comes late is known as expired
OPENS_WITHIN_US: Final = 5 * SECOND_US  # after its first read, a car's own opening begins
LONGEST_OPENING_US: Final = 2 * MINUTE_US  # a barrier open for longer is held open: who comes then, comes rightly

SiteDevice = tuple[str, str]
VehicleKey = tuple[str, str]  # site, plate fold
ZoneKey = tuple[str, str]  # site, zone (or device, if it has none)
SightingKey = tuple[str, str, str]  # site, zone, face hash ("" for persons without one)


class Vote(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One spelling of a plate within a session: the sum of its confidences, and the read that saw it best."""

    plate_hash: str
    weight: int  # in thousandths, so that the sum does not depend on the order
    best: int
    event_id: str
    event_time: int


class Session(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Reads of one fold at one camera that are still coming. Times of events; `due` and `begun` are engine time."""

    fold: str
    near: str
    direction: str
    begun: int
    due: int
    first: int
    last: int
    first_id: str
    last_id: str
    reads: int
    votes: tuple[Vote, ...]


class Gate(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A gate or door: when it was said to be open (True) or closed, who went through when, and what was found.

    All by event time, so that what comes late falls into its place. `flagged` holds the beginnings of openings, `whose`
    which barrier or door each edge is of: a zone may have several. Older snapshots do not say.
    """

    edges: tuple[tuple[int, bool], ...] = ()
    through: tuple[tuple[int, str], ...] = ()
    flagged: tuple[int, ...] = ()
    whose: tuple[str, ...] = ()


class Move(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One completed passage of a car. `at` and `last` are event times, `recorded` is when it came.

    `plate_event` and `device` name it: a read belongs to one passage. `in_service`: False in a drill, maintenance or
    bypass: then it says who is inside, and nothing is found that rests on it.
    """

    at: int
    last: int
    recorded: int
    device: str
    direction: str  # in or out; "" for a spelling that was outvoted: it joins reads, and counts as nothing
    plate_hash: str
    plate_event: str
    plate_time: int
    best: int  # the winning read's confidence, in thousandths
    pause: int = 0  # longest between two of its reads
    in_service: bool = True


class Vehicle(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One car: its last settled move, and those since, by event time, that a late read may still change.

    `near` is one text of all its near hashes. `overstay_at` is engine time, 0 for none or done.
    """

    near: str
    base: Move | None
    moves: tuple[Move, ...] = ()
    inside: bool = False
    doubtful: bool = False  # inside, and perhaps not with this plate: its entry was no sure read
    overstay_at: int = 0
    seen: int = 0  # engine time of its last read

    @property
    def newest(self) -> Move | None:
        return self.moves[-1] if self.moves else self.base


class Occupancy(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A site's counts since `since` (engine time of its first passage); `remembered` vehicles, inside or not."""

    since: int
    vehicles_inside: int = 0
    persons_in: int = 0
    persons_out: int = 0
    remembered: int = 0
    forgotten: int = 0
    sightings: int = 0


class Sighting(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A face (or anybody) in a zone: the run of captures with no long pause between."""

    device: str
    first: int
    last: int
    times: int
    seen: int  # engine time of the last
    flagged: bool = False
    counted: int = 0  # the newest that was no repeat


class CrowdWindow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Captures of a zone by event time: (time, who, persons); `flagged` until it is less of a crowd.

    Who is a face, an event id, or a camera that said how many it sees.
    """

    captures: tuple[tuple[int, str, int], ...]
    flagged: bool = False


class PlateList(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One list of a site as sets of hashes; `folds` and `nears` are empty for a list of the old form."""

    name: str
    exact: frozenset[str]
    folds: frozenset[str]
    nears: frozenset[str]


class Care(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A resident who agreed to be looked after. `seen` is engine time without our own outages."""

    pause: int
    devices: tuple[str, ...]
    faces: tuple[str, ...]
    seen: int
    armed_by: str
    place: str  # the device that saw them last
    flagged: bool = False


class PassageState(msgspec.Struct):
    """The families of passages. Changed only through the Journal."""

    settings: dict[str, PassageSettings] = {}
    occupancy: dict[str, Occupancy] = {}
    sessions: dict[SiteDevice, tuple[Session, ...]] = {}
    gates: dict[ZoneKey, Gate] = {}  # by camera, "@zone", "door of camera" or "door@zone"
    vehicles: dict[VehicleKey, Vehicle] = {}
    lists: dict[str, tuple[PlateList, ...]] = {}
    permits: dict[VehicleKey, tuple[Permit, ...]] = {}
    sightings: dict[SightingKey, Sighting] = {}
    crowds: dict[ZoneKey, CrowdWindow] = {}
    cares: dict[tuple[str, str], Care] = {}  # site, resident
    watchers: dict[tuple[str, str], tuple[str, ...]] = {}  # site and device or face hash: residents
