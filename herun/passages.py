"""Passages: what a site may set, what is found, and what the registers (of hashes only) say to the engine."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import msgspec

COMPLETED: Final = "passage.completed"
FLAGGED: Final = "passage.flagged"

MAX_PERMITS: Final = 10_000  # visits of a site that are valid or ended lately
MAX_CARES: Final = 500  # care agreements of a site
MAX_CARE_DEVICES: Final = 20  # of one flat
MAX_CARE_FACES: Final = 5  # of one resident


class Finding(StrEnum):
    """What a `passage.flagged` says."""

    EXIT_WITHOUT_ENTRY = "exit_without_entry"
    CLONE = "clone"  # one plate entered twice, and did not leave between
    TAILGATING = "tailgating"  # one opening, two cars or persons
    IMPOSSIBLE_GATE_TO_GATE = "impossible_gate_to_gate"
    OVERSTAY = "overstay"
    EXPIRED_VISITOR = "expired_visitor"
    LISTED_PLATE = "listed_plate"
    LOITERING = "loitering"
    CROWD = "crowd"
    NOT_SEEN = "not_seen"
    # No findings about the car, but ends of stays that no exit tells of.
    PAIRED_LATE = "paired_late"  # its entry came late and was read otherwise, so its exit did not know of it
    FORGOTTEN = "forgotten"  # the engine's memory has no room for it any more, or it was inside for 90 days


class Match(StrEnum):
    """How two plates agree. The confidence that they are one is lower the less they do."""

    EXACT = "exact"
    CONFUSABLE = "confusable"  # but for characters that cameras take for one another
    ONE_CHARACTER = "one_character"  # but for those and one more


_Seconds = Annotated[float, msgspec.Meta(ge=1, le=600)]


class PassageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `passages.put`: how a site's passages are put together and judged.

    `merge_s`: reads of one plate no further apart are one passage. `gate_to_gate_s`: nobody gets from one gate to
    another in less. `lateness_minutes`: how late a read may come and still be put where it belongs; what it could
    disprove is found only then. `warm_up_hours`: before the site was watched so long, an exit without entry means
    nothing. `overstay_hours` holds for visitors: those with a permit, and, if `residents_list` names a plate list,
    all that are not on it. `crowd_size` persons within `crowd_s` in one zone are a crowd. `loiter_minutes`: seen
    again and again in one zone for so long. `door_s`: who is captured so long after a door was opened went through
    it.
    """

    merge_s: _Seconds = 10.0
    gate_to_gate_s: _Seconds = 30.0
    lateness_minutes: Annotated[float, msgspec.Meta(ge=0, le=120)] = 15.0
    warm_up_hours: Annotated[float, msgspec.Meta(ge=0, le=24 * 60)] = 336.0
    overstay_hours: Annotated[float, msgspec.Meta(ge=0.01, le=24 * 60)] = 24.0
    residents_list: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    crowd_size: Annotated[int, msgspec.Meta(ge=2, le=400)] = 20
    crowd_s: _Seconds = 60.0
    loiter_minutes: Annotated[float, msgspec.Meta(ge=1, le=24 * 60)] = 15.0
    door_s: _Seconds = 10.0


_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Hash = Annotated[str, msgspec.Meta(min_length=8, max_length=64)]


class Permit(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One announced visit of a car; times are microseconds. `plate_hash` is of the plate as it is, empty if unknown."""

    visitor: str
    valid_from: int
    valid_until: int
    plate_hash: str = ""


class PermitPut(msgspec.Struct, frozen=True):
    """Body of `visitor.put`: a car may be on the estate within these times."""

    visitor: _Id
    plate_fold: _Hash
    valid_from: int
    valid_until: int
    plate_hash: _Hash | None = None  # None from an API of before: then it is not told from those that look like it


class Consent(msgspec.Struct, frozen=True):
    """When the resident agreed (microseconds), and whose account entered it: without it there is no care."""

    by: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    at: int


class CarePut(msgspec.Struct, frozen=True):
    """Body of `care.put`: find it when none of the flat's devices and no camera has seen the resident for `hours`."""

    resident: _Id
    hours: Annotated[float, msgspec.Meta(ge=0.01, le=24 * 14)]
    consent: Consent
    devices: Annotated[tuple[_Id, ...], msgspec.Meta(max_length=MAX_CARE_DEVICES)] = ()
    face_hashes: Annotated[tuple[_Hash, ...], msgspec.Meta(max_length=MAX_CARE_FACES)] = ()
