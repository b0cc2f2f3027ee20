"""From decoded values to an event: checked against the catalogue, personal values taken out, pictures taken out.

What leaves here PostgreSQL will take: the data is written anew from decoded values, so no number, text or time gets
through that only looks like JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec

from gateway import pictures
from gateway.pictures import Picture
from gateway.refusal import refused
from herun.catalogue import CATALOGUE, EventType, FieldType, PersonalClass
from herun.clock import DAY_US, HOUR_US, SECOND_US
from herun.dead_letters import DeadLetterReason
from herun.events import MAX_EVENT_ID_CHARS, Event
from herun.frames import MAX_EVENT_BYTES
from herun.personal import PlateHashes, keyed_hash, normalise_plate, plate_hashes
from herun.registry import DeviceEntry

# Event times outside of this window around the receipt are a wrong clock, not news.
OLDEST_US: Final = 30 * DAY_US
NEWEST_US: Final = HOUR_US

# Beyond it no sensor measures, doubles lose whole numbers, and sums of squares stay far from infinity.
MAX_NUMBER: Final = 1e15

# Plates and faces whose hash is remembered: an estate's regulars several times over, a few megabytes.
HASHES_REMEMBERED: Final = 20_000

MAX_UNKNOWN_FIELDS: Final = 32  # of one event that the catalogue does not know
MAX_UNKNOWN_NAME_CHARS: Final = 64

_PICTURE: Final = "picture"
_DIRECTION: Final = "direction"

_KINDS: Final[dict[FieldType, frozenset[type]]] = {
    FieldType.NUMBER: frozenset({int, float}),
    FieldType.STRING: frozenset({str}),
    FieldType.BOOLEAN: frozenset({bool}),
    FieldType.SCALAR: frozenset({int, float, str, bool}),
}

_encode: Final = msgspec.json.Encoder().encode


class Said(msgspec.Struct, gc=False, kw_only=True):
    """What a message said of one event, decoded and not yet judged. `event_time` is microseconds."""

    event_type: str
    event_id: str
    event_time: int
    data: dict[str, Any]
    sequence: int | None = None
    flags: int = 0
    picture: Picture | None = None  # already found by the decoder


@dataclass(frozen=True, slots=True)
class _FieldPlan:
    kinds: frozenset[type]
    max_chars: int
    is_plain: bool  # text or number that stays in the event as it is
    is_plate: bool
    words: tuple[str, ...]  # the only texts that it can be; none: any
    least: float
    is_whole: bool


@dataclass(frozen=True, slots=True)
class _TypePlan:
    fields: dict[str, _FieldPlan]
    required: tuple[str, ...]
    schema_version: int
    has_direction: bool


def _plan(event_type: EventType) -> _TypePlan:
    fields = {
        name: _FieldPlan(
            kinds=_KINDS[field.type],
            max_chars=field.max_chars,
            is_plain=field.personal is PersonalClass.NONE and name != _PICTURE and not field.words,
            is_plate=field.personal is PersonalClass.PLATE,
            words=field.words,
            least=-MAX_NUMBER if field.least is None else field.least,
            is_whole=field.whole,
        )
        for name, field in event_type.fields.items()
    }
    required = tuple(name for name, field in event_type.fields.items() if field.required)
    return _TypePlan(fields, required, event_type.schema_version, _DIRECTION in fields)


# What the engine derives, no device can say.
_PLANS: Final = {name: _plan(event_type) for name, event_type in CATALOGUE.items() if not event_type.derived}


class Normaliser:
    """Makes events; holds the key of the hashes that stand for personal values."""

    def __init__(self, personal_key: bytes) -> None:
        def hash_of(field: str, value: str) -> str:
            return keyed_hash(personal_key, field, value)

        def hashes_of(plate: str) -> PlateHashes | None:
            return plate_hashes(personal_key, plate)

        self._hash: Callable[[str, str], str] = lru_cache(HASHES_REMEMBERED)(hash_of)
        self._plate_hashes: Callable[[str], PlateHashes | None] = lru_cache(HASHES_REMEMBERED)(hashes_of)

    def hash_plate(self, plate: str) -> str:
        """The hash that stands for a plate."""
        return self._hash("plate", normalise_plate(plate))

    def event(self, entry: DeviceEntry, said: Said, received_us: int, taken: list[Picture]) -> Event:
        """The event of what was said; pictures that it held are appended to `taken`. Raises InvalidInputError."""
        plan = _PLANS.get(said.event_type)
        if plan is None:
            raise refused(DeadLetterReason.UNKNOWN_EVENT_TYPE, f"{said.event_type[:64]!r} is not in the catalogue")
        if not received_us - OLDEST_US <= said.event_time <= received_us + NEWEST_US:
            raise refused(DeadLetterReason.BAD_TIME, _why_no_time(entry, said.event_time - received_us))
        event_id = said.event_id
        if not 0 < len(event_id) <= MAX_EVENT_ID_CHARS or "\0" in event_id:
            raise refused(DeadLetterReason.BAD_SHAPE, f"id has {len(event_id)} characters, or NUL among them")
        data, personal = self._split(plan, said.data, taken)
        if said.picture is not None:
            taken.append(said.picture)
            data[_PICTURE] = said.picture.path
        if plan.has_direction and entry.direction and _DIRECTION not in data:
            data[_DIRECTION] = entry.direction
        text = _encode(data)
        size = len(text)
        if personal:
            size += sum(len(name) + len(value.encode()) for name, value in personal.items())
        if size > MAX_EVENT_BYTES:
            raise refused(DeadLetterReason.TOO_LARGE, f"event of {size} bytes, at most {MAX_EVENT_BYTES}")
        return Event(
            entry.site,
            entry.device,
            event_id,
            said.event_type,
            plan.schema_version,
            said.event_time,
            text.decode(),
            personal,
            said.sequence,
            said.flags,
        )

    # One loop over the fields, for every event there is: what is rare is called.
    def _split(  # noqa: C901
        self, plan: _TypePlan, said: dict[str, Any], taken: list[Picture]
    ) -> tuple[dict[str, Any], dict[str, str] | None]:
        """The data that stays, and the personal values that do not."""
        data: dict[str, Any] = {}
        personal: dict[str, str] = {}
        fields = plan.fields
        for name, value in said.items():
            field = fields.get(name)
            if field is None:
                _keep_unknown(personal, name, value)
                continue
            if value is None:
                continue
            kind = type(value)
            if kind not in field.kinds:
                raise refused(DeadLetterReason.BAD_SHAPE, f"{name} is of the wrong type: {kind.__name__}")
            if kind is str:
                if not field.is_plain:
                    self._keep_special(name, field, value, data=data, personal=personal, taken=taken)
                    continue
                if len(value) > field.max_chars:
                    raise _too_long(name, value, field)
                if "\0" in value:
                    raise _has_nul(name)
            elif kind is not bool and (
                not field.least <= value <= MAX_NUMBER or (field.is_whole and value != value // 1)
            ):
                raise _bad_number(name, value, field)
            data[name] = value
        for name in plan.required:
            if name not in data:
                raise refused(DeadLetterReason.BAD_SHAPE, f"{name} is missing")
        return data, personal or None

    def _keep_special(
        self,
        name: str,
        field: _FieldPlan,
        value: str,
        *,
        data: dict[str, Any],
        personal: dict[str, str],
        taken: list[Picture],
    ) -> None:
        """A picture becomes its path, a personal value its hash, a word the one that it is meant to be."""
        if field.words:
            word = value.strip().lower()
            if word:  # an empty one says nothing
                data[name] = _known(name, word, field)
            return
        if name == _PICTURE:
            picture = pictures.from_text(value)
            if picture is not None:
                taken.append(picture)
                data[name] = picture.path
                return
        if len(value) > field.max_chars:
            raise _too_long(name, value, field)
        if "\0" in value:
            raise _has_nul(name)
        if name == _PICTURE:  # a name on the device: nobody may take it for a path of ours
            personal[name] = value
            return
        if field.is_plate:
            self._keep_plate(name, normalise_plate(value), data, personal)
        elif value:
            personal[name] = value
            data[f"{name}_hash"] = self._hash(name, value)

    def _keep_plate(self, name: str, plate: str, data: dict[str, Any], personal: dict[str, str]) -> None:
        """What is no whole plate is kept for people to see, and has no hash: it is like no other."""
        if not plate:
            return
        personal[name] = plate
        hashes = self._plate_hashes(plate)
        if hashes is not None:
            data[f"{name}_hash"], data[f"{name}_fold"] = hashes.exact, hashes.fold
            data[f"{name}_near"] = hashes.near


def _known(name: str, word: str, field: _FieldPlan) -> str:
    if word not in field.words:
        told = f"{name} is {word[:64]!r}, expected one of {', '.join(field.words)}"
        raise refused(DeadLetterReason.BAD_SHAPE, told)
    return word


def _keep_unknown(personal: dict[str, str], name: str, value: Any) -> None:
    """What the catalogue does not know is not lost, but treated as personal."""
    if len(personal) >= MAX_UNKNOWN_FIELDS:
        raise refused(DeadLetterReason.BAD_SHAPE, f"more than {MAX_UNKNOWN_FIELDS} unknown fields")
    if len(name) > MAX_UNKNOWN_NAME_CHARS:
        raise refused(DeadLetterReason.BAD_SHAPE, f"name of a field has {len(name)} characters")
    text = value if type(value) is str else _encode(value).decode()
    if "\0" in name or "\0" in text or (text is not value and _holds_nul(value)):
        raise _has_nul("an unknown field")
    personal[name] = text


def _holds_nul(value: Any) -> bool:
    """True for a NUL anywhere inside; the six characters of its escape are a text like any other."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(_holds_nul(part) for part in value)


def _why_no_time(entry: DeviceEntry, ahead_us: int) -> str:
    """By how much, and what would be taken."""
    far = f"{abs(ahead_us) // SECOND_US:,} s {'ahead of' if ahead_us > 0 else 'before'} its receipt"
    taken = f"at most {OLDEST_US // DAY_US} days before and {NEWEST_US // HOUR_US} hour ahead are taken"
    return f"{entry.site}.{entry.device}: event time is {far}; {taken}"


def _too_long(name: str, value: str, field: _FieldPlan) -> Exception:
    return refused(DeadLetterReason.BAD_SHAPE, f"{name} has {len(value)} characters, at most {field.max_chars}")


def _bad_number(name: str, value: float, field: _FieldPlan) -> Exception:
    if not -MAX_NUMBER <= value <= MAX_NUMBER:
        return refused(DeadLetterReason.BAD_NUMBER, f"{name} is beyond 1e15")
    expected = f"{'a whole number' if field.is_whole else 'a number'}, at least {field.least:g}"
    return refused(DeadLetterReason.BAD_NUMBER, f"{name} is {value:g}, expected {expected}")


def _has_nul(name: str) -> Exception:
    return refused(DeadLetterReason.BAD_TEXT, f"{name} holds NUL")
