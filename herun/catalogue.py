"""The event catalogue: every event type, its fields, and the personal-data class of each field.

A field that the catalogue does not know is not lost, but treated as class PERSON: it goes to the personal table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


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
    """One field: its JSON type, whether it must be there, its personal-data class and its longest text."""

    type: FieldType
    required: bool = False
    personal: PersonalClass = PersonalClass.NONE
    max_chars: int = 200


@dataclass(frozen=True, slots=True)
class EventType:
    """One event type in its current schema version. `sentence` says what happened.

    `derived` types are made by the engine alone; a device that says one is refused.
    """

    name: str
    sentence: str
    fields: dict[str, Field] = field(default_factory=dict)
    schema_version: int = 1
    derived: bool = False


_TEXT: Final = Field(FieldType.STRING)
_NUMBER: Final = Field(FieldType.NUMBER)
# The longest real plate (Hong Kong and mainland joined by "|") has 17 characters.
_PLATE: Final = Field(FieldType.STRING, personal=PersonalClass.PLATE, max_chars=20)
_PICTURE: Final = Field(FieldType.STRING, max_chars=200)

_WHY: Final = Field(FieldType.STRING, max_chars=500)
_ZONE: Final = Field(FieldType.STRING, required=True)
_ARMING: Final = {
    "zone": _ZONE,
    "mode": _TEXT,
    "who": _TEXT,  # a username, or "(plan)"
    "why": _WHY,
    "forced": Field(FieldType.BOOLEAN),
}
_SERVICE: Final = {"window": _TEXT, "kind": _TEXT, "who": _TEXT, "why": _WHY}

_TYPES: Final = (
    EventType(
        "vehicle.passed",
        "A vehicle passed a camera.",
        {
            "plate": _PLATE,
            "direction": _TEXT,  # in or out, filled in from the device's registration
            "confidence": _NUMBER,
            "plate_color": _TEXT,
            "vehicle_type": _TEXT,
            "lane": _TEXT,
            "trigger": _TEXT,
            "picture": _PICTURE,
        },
    ),
    EventType(
        "person.captured",
        "A camera captured a person.",
        {
            "face_id": Field(FieldType.STRING, personal=PersonalClass.FACE),
            "name": Field(FieldType.STRING, personal=PersonalClass.PERSON),
            "count": _NUMBER,
            "direction": _TEXT,
            "picture": _PICTURE,
        },
    ),
    EventType(
        "object.detected",
        "A camera detected an object of a kind (ebike, car, fire ...).",
        {"label": Field(FieldType.STRING, required=True), "score": _NUMBER, "count": _NUMBER, "picture": _PICTURE},
    ),
    EventType(
        "zone.observed",
        "A camera says whether a zone is occupied.",
        {"occupied": Field(FieldType.BOOLEAN, required=True), "label": _TEXT, "picture": _PICTURE},
    ),
    EventType(
        "reading.reported",
        "A sensor reported a measured value.",
        {
            "metric": Field(FieldType.STRING, required=True, max_chars=64),
            "value": Field(FieldType.NUMBER, required=True),
            "unit": Field(FieldType.STRING, max_chars=32),
        },
    ),
    EventType(
        "state.reported",
        "A device reported a named state (smoke, water_leak, pump ...).",
        {"name": Field(FieldType.STRING, required=True, max_chars=64), "value": Field(FieldType.SCALAR, required=True)},
    ),
    EventType("door.opened", "A door was opened."),
    EventType("door.closed", "A door was closed."),
    EventType("gate.moved", "A barrier reached a position.", {"position": Field(FieldType.STRING, required=True)}),
    EventType("button.pressed", "Somebody pressed a button.", {"action": _TEXT}),
    EventType("device.connected", "A device came on line.", {"reason": _TEXT}),
    EventType("device.disconnected", "A device went off line.", {"reason": _TEXT}),
    EventType(
        "zone.arming",
        "A zone will be armed when its exit delay is over. `device` is the zone.",
        {**_ARMING, "delay_s": _NUMBER},
        derived=True,
    ),
    EventType(
        "zone.armed",
        "A zone is in a mode in which detections count. `device` is the zone.",
        {**_ARMING, "before": _TEXT},
        derived=True,
    ),
    EventType(
        "zone.disarmed",
        "A zone is in a mode in which nothing counts. `device` is the zone.",
        {**_ARMING, "before": _TEXT},
        derived=True,
    ),
    EventType(
        "arming.refused",
        "A zone was not armed because a door of it stands open. `device` is the first of those doors.",
        {
            **_ARMING,
            "doors": Field(FieldType.STRING, max_chars=500),  # the first five
            "open": _NUMBER,  # how many
            "stays": _TEXT,  # the mode that it stays in
            "waits": Field(FieldType.BOOLEAN),  # the plan arms as soon as the last door is closed
        },
        derived=True,
    ),
    EventType(
        "entry.begun",
        "An entry door of an armed zone was opened: there is some time to disarm. `device` is the door.",
        {"zone": _ZONE, "mode": _TEXT, "delay_s": _NUMBER},
        derived=True,
    ),
    EventType(
        "intrusion.confirmed",
        "Something was detected in an armed zone and nobody disarmed in time. `device` is what detected it.",
        {
            "zone": _ZONE,
            "mode": _TEXT,
            "detected": _TEXT,  # event type
            "event_id": _TEXT,
            "delayed": Field(FieldType.BOOLEAN),  # after an entry delay
        },
        derived=True,
    ),
    EventType(
        "door.left_open",
        "A door stands open in an armed zone and counts again: its bypass, or a drill, is over. `device` is the door.",
        {"zone": _ZONE, "mode": _TEXT},
        derived=True,
    ),
    EventType("bypass.begun", "A device is bypassed.", {"who": _TEXT, "why": _WHY, "until": _NUMBER}, derived=True),
    EventType("bypass.ended", "A device is not bypassed any more.", {"who": _TEXT, "why": _WHY}, derived=True),
    EventType(
        "service.begun", "A drill or maintenance begins. `device` is the service window.", _SERVICE, derived=True
    ),
    EventType(
        "service.ended", "A drill or maintenance is over. `device` is the service window.", _SERVICE, derived=True
    ),
    EventType(
        "passage.completed",
        "A vehicle or a person went in or out: the several reads of it as one. `device` is the gate's camera.",
        {
            "kind": Field(FieldType.STRING, required=True),  # vehicle or person
            "direction": _TEXT,
            "confidence": _NUMBER,  # share of the winning plate in the vote, 0 to 1
            "reads": _NUMBER,
            "count": _NUMBER,  # persons
            "first_read": _TEXT,  # event ids
            "last_read": _TEXT,
            "plate_event": _TEXT,  # the winning read: with device and plate_time (us) the key of its personal values
            "plate_device": _TEXT,
            "plate_time": _NUMBER,
            "inside": _NUMBER,  # vehicles inside after it
            "stay_s": _NUMBER,  # of a stay that is over
            "entry": _TEXT,  # of that stay; entries are named <device>:<plate_event>
            "closes": _TEXT,  # the entry that is now known not to be inside
            "opens": _TEXT,  # the entry that is now known to be inside
            "match": _TEXT,  # exact, confusable or one_character: how entry and exit agree
            "late": Field(FieldType.BOOLEAN),
        },
        derived=True,
    ),
    EventType(
        "passage.flagged",
        "Something about a passage is not as it should be; `finding` says what (herun/passages.py).",
        {
            "finding": Field(FieldType.STRING, required=True),
            "kind": _TEXT,
            "confidence": _NUMBER,
            "match": _TEXT,
            "list": _TEXT,
            "visitor": _TEXT,
            "resident": _TEXT,
            "place": _TEXT,
            "other_device": _TEXT,
            "seconds": _NUMBER,
            "count": _NUMBER,
            "plate_event": _TEXT,
            "plate_device": _TEXT,
            "plate_time": _NUMBER,
            "entry": _TEXT,
            "inside": _NUMBER,  # as above
            "closes": _TEXT,
            "opens": _TEXT,
        },
        derived=True,
    ),
)

CATALOGUE: Final[dict[str, EventType]] = {each.name: each for each in _TYPES}
