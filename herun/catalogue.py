"""The event catalogue: every event type, its fields, and the personal-data class of each field.

A field that the catalogue does not know is not lost, but treated as class PERSON: it goes to the personal table.
docs/events.md is made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from herun.arming import Mode, ServiceKind
from herun.passages import Finding, Match


class PersonalClass(StrEnum):
    """What a value says about a person; everything but NONE leaves the event for the personal table."""

    NONE = "none"
    PLATE = "plate"
    FACE = "face"
    PERSON = "person"
    CONTACT = "contact"


class FieldType(StrEnum):
    """JSON types of fields."""

    NUMBER = "number"
    STRING = "string"
    BOOLEAN = "boolean"
    SCALAR = "scalar"  # number, string or boolean


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its JSON type, what it says, whether it must be there, its personal-data class, its longest text.

    `words` are the only texts that it can be (none: any); `least` and `whole` hold of a number.
    """

    type: FieldType
    about: str = ""
    required: bool = False
    personal: PersonalClass = PersonalClass.NONE
    max_chars: int = 200
    words: tuple[str, ...] = ()
    least: float | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class EventType:
    """One event type in its current schema version. `sentence` says what happened; `example` is the data of one.

    `derived` types are made by the engine alone; a device that says one is refused.
    """

    name: str
    sentence: str
    fields: dict[str, Field] = field(default_factory=dict)
    example: Mapping[str, Any] = field(default_factory=dict)
    schema_version: int = 1
    derived: bool = False


def _text(about: str = "", *, required: bool = False, max_chars: int = 200) -> Field:
    return Field(FieldType.STRING, about, required=required, max_chars=max_chars)


def _number(about: str = "", *, required: bool = False) -> Field:
    return Field(FieldType.NUMBER, about, required=required)


def _truth(about: str = "", *, required: bool = False) -> Field:
    return Field(FieldType.BOOLEAN, about, required=required)


def _one_of(words: tuple[str, ...] | type[StrEnum], about: str = "", *, required: bool = False) -> Field:
    known = words if isinstance(words, tuple) else tuple(each.value for each in words)
    return Field(FieldType.STRING, about, required=required, words=known)


# The longest real plate (Hong Kong and mainland joined by "|") has 17 characters.
_PLATE: Final = Field(FieldType.STRING, "the number plate", personal=PersonalClass.PLATE, max_chars=20)
_PICTURE: Final = _text("the picture in base64, which becomes a path")
_DIRECTION: Final = _one_of(("in", "out"), "left out, it is that of the device's registration")
_COUNT: Final = Field(FieldType.NUMBER, "how many", least=0, whole=True)

_WHO: Final = _text("a username, or `(plan)`")
_WHY: Final = _text("why", max_chars=500)
_ZONE: Final = _text("the zone", required=True)
_MODE: Final = _one_of(Mode, "the zone's mode")
_DETECTED: Final = ("door.opened", "state.reported", "person.captured", "object.detected", "zone.observed")
_BEFORE: Final = {"before": _one_of(Mode, "the mode before")}
_ARMING: Final = {"zone": _ZONE, "mode": _MODE, "who": _WHO, "why": _WHY, "forced": _truth("whatever stands open")}
_ARMED: Final = {"zone": "z1", "mode": "armed", "who": "(plan)", "why": "", "forced": False}
_SERVICE: Final = {
    "window": _text("the service window's name"),
    "kind": _one_of(ServiceKind),
    "who": _WHO,
    "why": _WHY,
}
_DRILL: Final = {"window": "fire-drill", "kind": "drill", "who": "wang", "why": "quarterly drill"}
_PASSES: Final = _one_of(("vehicle", "person"), "what passes")
_OF_PASSAGE: Final = {
    "direction": _one_of(("in", "out")),
    "confidence": _number("share of the winning plate in the vote, 0 to 1; of a list's plate, how sure it is"),
    "count": _number("how many"),
    "plate_event": _text("the winning read's event: with device and time the key of its personal values"),
    "plate_device": _text("the winning read's device"),
    "plate_time": _number("the winning read's event time in microseconds"),
    "plate_hash": _text("stands for the plate"),
    "face_id_hash": _text("stands for the face"),
    "inside": _number("vehicles inside after it"),
    "entry": _text("the stay's entry, as `<device>:<plate_event>`"),
    "closes": _text("the entry that is now known not to be inside"),
    "opens": _text("the entry that is now known to be inside"),
    "opens_at": _number("when that was, in microseconds"),
    "opens_plate_time": _number("the event time of that one's winning read"),
    "match": _one_of(Match, "how the plates agree"),
}

_TYPES: Final = (
    EventType(
        "vehicle.passed",
        "A vehicle passed a camera.",
        {
            "plate": _PLATE,
            "direction": _DIRECTION,
            "confidence": _number("of the plate, 0 to 100 or 0 to 1, as the camera says it"),
            "plate_color": _text("of the plate, as the camera says it"),
            "vehicle_type": _text("as the camera says it"),
            "lane": _text("of the gate"),
            "trigger": _text("what made the camera look"),
            "picture": _PICTURE,
        },
        {"plate": "京A00001", "direction": "in", "confidence": 96, "plate_color": "blue"},
    ),
    EventType(
        "person.captured",
        "A camera captured a person.",
        {
            "face_id": Field(FieldType.STRING, "whose face, as the camera knows it", personal=PersonalClass.FACE),
            "name": Field(FieldType.STRING, "as the camera knows it", personal=PersonalClass.PERSON),
            "count": _COUNT,
            "direction": _DIRECTION,
            "picture": _PICTURE,
        },
        {"face_id": "f-1", "count": 1, "direction": "in"},
    ),
    EventType(
        "object.detected",
        "A camera detected an object of a kind.",
        {
            "label": _text("what it is: `ebike`, `car`, `fire` ...", required=True),
            "score": _number("how sure the camera is"),
            "count": _COUNT,
            "picture": _PICTURE,
        },
        {"label": "ebike", "score": 0.91},
    ),
    EventType(
        "zone.observed",
        "A camera says whether a zone is occupied.",
        {"occupied": _truth(required=True), "label": _text("by what"), "picture": _PICTURE},
        {"occupied": True, "label": "car"},
    ),
    EventType(
        "reading.reported",
        "A sensor reported a measured value.",
        {
            "metric": _text("what is measured", required=True, max_chars=64),
            "value": _number("at most 1e15 either way", required=True),
            "unit": _text("of the value", max_chars=32),
        },
        {"metric": "water_level", "value": 0.34, "unit": "m"},
    ),
    EventType(
        "state.reported",
        "A device reported a named state.",
        {
            "name": _text(
                "any; the engine itself knows `contact` (a door: `true` when closed), and `occupancy` and `presence`"
                " (`true` when somebody is there); others are `smoke`, `water_leak`, `pump` ...",
                required=True,
                max_chars=64,
            ),
            "value": Field(FieldType.SCALAR, "a boolean where it is a yes or no", required=True),
        },
        {"name": "smoke", "value": True},
    ),
    EventType("door.opened", "A door was opened."),
    EventType("door.closed", "A door was closed."),
    EventType(
        "gate.moved",
        "A barrier reached a position.",
        {"position": _one_of(("open", "closed", "between"), required=True)},
        {"position": "open"},
    ),
    EventType(
        "button.pressed",
        "Somebody pressed a button.",
        {"action": _text("`single`, `double`, `hold` ..., as the button says it")},
        {"action": "hold"},
    ),
    EventType("device.connected", "A device came on line.", {"reason": _text()}),
    EventType("device.disconnected", "A device went off line.", {"reason": _text()}, {"reason": "timeout"}),
    EventType(
        "zone.arming",
        "A zone will be armed when its exit delay is over. `device` is the zone.",
        {**_ARMING, "delay_s": _number("how long that is")},
        {**_ARMED, "delay_s": 30},
        derived=True,
    ),
    EventType(
        "zone.armed",
        "A zone is in a mode in which detections count. `device` is the zone.",
        {**_ARMING, **_BEFORE},
        {**_ARMED, "before": "disarmed"},
        derived=True,
    ),
    EventType(
        "zone.disarmed",
        "A zone is in a mode in which nothing counts. `device` is the zone.",
        {**_ARMING, **_BEFORE},
        {**_ARMED, "mode": "disarmed", "before": "armed"},
        derived=True,
    ),
    EventType(
        "arming.refused",
        "A zone was not armed because a door of it stands open. `device` is the first of those doors.",
        {
            **_ARMING,
            "doors": _text("the first five", max_chars=500),
            "open": _number("how many"),
            "stays": _one_of(Mode, "the mode that it stays in"),
            "waits": _truth("the plan arms as soon as the last door is closed"),
        },
        {**_ARMED, "doors": "door-1, door-2", "open": 2, "stays": "disarmed", "waits": True},
        derived=True,
    ),
    EventType(
        "entry.begun",
        "An entry door of an armed zone was opened: there is some time to disarm. `device` is the door.",
        {"zone": _ZONE, "mode": _MODE, "delay_s": _number("how long that is")},
        {"zone": "z1", "mode": "armed", "delay_s": 30},
        derived=True,
    ),
    EventType(
        "intrusion.confirmed",
        "Something was detected in an armed zone and nobody disarmed in time. `device` is what detected it.",
        {
            "zone": _ZONE,
            "mode": _MODE,
            "detected": _one_of(_DETECTED, "the event type of the detection"),
            "event_id": _text("its event"),
            "delayed": _truth("after an entry delay"),
        },
        {"zone": "z1", "mode": "armed", "detected": "door.opened", "event_id": "e-1", "delayed": True},
        derived=True,
    ),
    EventType(
        "door.left_open",
        "A door stands open in an armed zone and counts again: its bypass, or a drill, is over. `device` is the door.",
        {"zone": _ZONE, "mode": _MODE},
        {"zone": "z1", "mode": "night"},
        derived=True,
    ),
    EventType(
        "bypass.begun",
        "A device is bypassed.",
        {"who": _WHO, "why": _WHY, "until": _number("in microseconds")},
        {"who": "wang", "why": "battery is low", "until": 1778486400000000},
        derived=True,
    ),
    EventType(
        "bypass.ended",
        "A device is not bypassed any more.",
        {"who": _WHO, "why": _WHY},
        {"who": "wang", "why": "new battery"},
        derived=True,
    ),
    EventType(
        "service.begun",
        "A drill or maintenance begins. `device` is the service window.",
        _SERVICE,
        _DRILL,
        derived=True,
    ),
    EventType(
        "service.ended",
        "A drill or maintenance is over. `device` is the service window.",
        _SERVICE,
        _DRILL,
        derived=True,
    ),
    EventType(
        "passage.completed",
        "A vehicle or a person went in or out: the several reads of it as one. `device` is the gate's camera.",
        {
            "kind": Field(FieldType.STRING, "what passed", required=True, words=_PASSES.words),
            **_OF_PASSAGE,
            "plate_fold": _text("stands for the plate and those that look like it"),
            "reads": _number("how many reads made it"),
            "first_read": _text("the first read's event"),
            "last_read": _text("the last read's event"),
            "stay_s": _number("how long the stay was that is over"),
            "persons_in": _number("persons who went in since the site was first heard of"),
            "persons_out": _number("persons who went out since then"),
            "late": _truth("it came too late to be paired"),
        },
        {
            "kind": "vehicle",
            "direction": "out",
            "confidence": 0.97,
            "reads": 3,
            "inside": 41,
            "stay_s": 5400,
            "entry": "gate-1:e-7",
            "match": "exact",
        },
        derived=True,
    ),
    EventType(
        "passage.flagged",
        "Something about a passage is not as it should be ([the findings](passages.md)).",
        {
            "finding": _one_of(Finding, "what was found", required=True),
            "kind": _PASSES,
            **_OF_PASSAGE,
            "list": _text("the plate list"),
            "visitor": _text("the visitor's id"),
            "resident": _text("the resident's id"),
            "zone": _text("the zone"),
            "other_device": _text("the other camera"),
            "seconds": _number("how long"),
            "minutes": _number("how long"),
            "hours": _number("how long"),
        },
        {"finding": "listed_plate", "kind": "vehicle", "list": "watched", "match": "exact", "confidence": 0.96},
        derived=True,
    ),
)

CATALOGUE: Final[dict[str, EventType]] = {each.name: each for each in _TYPES}


_NOT_TOLD: Final = ("_hash", "_fold", "_near")


def tellable(name: str, field: Field) -> bool:
    """Whether an alert's text may tell it: it is neither personal, nor stands for something that is, nor a picture."""
    return field.personal is PersonalClass.NONE and not name.endswith(_NOT_TOLD) and field is not _PICTURE
