"""Rows in PostgreSQL's binary COPY form, packed by hand: a good microsecond a row, nothing for the server to parse."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from herun.catalogue import CATALOGUE, PersonalClass
from herun.events import Event
from processor.engine.decisions import Decisions

POSTGRES_EPOCH_US: Final = 946_684_800_000_000  # 2000-01-01 UTC, from which PostgreSQL counts
HEADER: Final = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
TRAILER: Final = struct.pack("!h", -1)
JSONB_VERSION: Final = 1
KNOWN_NAMES: Final = 65_536  # (site, device, event type) packed already; a miss costs a microsecond

# Number of columns, then length and value of: event_time, recorded_time, position, n, schema_version, flags.
_FIXED: Final = struct.Struct("!hiqiqiqiiihih")
_SEQUENCE: Final = struct.Struct("!iq")
_LENGTH: Final = struct.Struct("!i")
_JSONB: Final = struct.Struct("!iB")
_TIME: Final = struct.Struct("!iq")
_COLUMNS: Final = struct.Struct("!h")
_NULL: Final = _LENGTH.pack(-1)
_EVENT_COLUMNS: Final = 12
_PERSONAL_COLUMNS: Final = 8


def pack_events(all_decisions: Iterable[Decisions]) -> bytes:
    """The events of some frames for the statement `copy_events`."""
    parts = [HEADER]
    append, fixed, length, jsonb = parts.append, _FIXED.pack, _LENGTH.pack, _JSONB.pack
    for decisions in all_decisions:
        recorded, position = decisions.recorded_us - POSTGRES_EPOCH_US, decisions.position
        for event, n, flags in decisions.rows:
            event_time = event.event_time - POSTGRES_EPOCH_US
            append(
                fixed(_EVENT_COLUMNS, 8, event_time, 8, recorded, 8, position, 4, n, 2, event.schema_version, 2, flags)
            )
            append(_NULL if event.sequence is None else _SEQUENCE.pack(8, event.sequence))
            append(_names(event.site, event.device, event.event_type))
            event_id = event.event_id.encode()
            append(length(len(event_id)))
            append(event_id)
            data = event.data.encode()
            append(jsonb(len(data) + 1, JSONB_VERSION))
            append(data)
    append(TRAILER)
    return b"".join(parts)


def pack_personal(all_decisions: Iterable[Decisions]) -> bytes | None:
    """The personal values of some frames for the statement `copy_personal`; None if there are none."""
    parts = [HEADER]
    for decisions in all_decisions:
        recorded = _TIME.pack(8, decisions.recorded_us - POSTGRES_EPOCH_US)
        for event, _, _ in decisions.rows:
            for field, value in (event.personal or {}).items():
                parts += (
                    _COLUMNS.pack(_PERSONAL_COLUMNS),
                    _TIME.pack(8, event.event_time - POSTGRES_EPOCH_US),
                    recorded,
                    *(_text(text) for text in (event.site, event.device, event.event_id, field)),
                    _text(personal_class(event, field)),
                    _text(value),
                )
    return b"".join((*parts, TRAILER)) if len(parts) > 1 else None


def personal_class(event: Event, field: str) -> str:
    """The class of a personal field; `person` for one that the catalogue does not know."""
    known = CATALOGUE.get(event.event_type)
    entry = known.fields.get(field) if known else None
    return (entry.personal if entry else PersonalClass.PERSON).value


def _text(text: str) -> bytes:
    raw = text.encode()
    return _LENGTH.pack(len(raw)) + raw


@lru_cache(maxsize=KNOWN_NAMES)
def _names(site: str, device: str, event_type: str) -> bytes:
    return _text(site) + _text(device) + _text(event_type)
