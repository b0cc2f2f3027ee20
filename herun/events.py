"""An event: one immutable fact that happened, as it travels from the gateway to the database."""

from __future__ import annotations

from typing import Final

import msgspec

FLAG_REDELIVERED: Final = 1  # the broker delivered it with DUP: its packet may have been processed before
FLAG_CONTENT_ID: Final = 2  # the format has no id: event_id is "<content hash>@<arrival>"
FLAG_LATE: Final = 4  # older than the newest of its device when the engine saw it (set by the engine)
FLAG_DERIVED: Final = 8  # made by the engine from others (a passage, a change of arming); a replay makes it again
FLAG_OUT_OF_SERVICE: Final = 16  # drill, maintenance or bypass: stored, raises nothing, stays out of statistics

# Longest identity accepted; ids are keys of an index, a longer one is refused, not cut.
MAX_EVENT_ID_CHARS: Final = 200


class Event(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One event. Identity is (site, device, event_id).

    `event_time` is microseconds UTC as the device said; `data` a JSON object as text without personal values;
    `personal` the personal fields by name, which never reach snapshots or logs; for each that can be matched,
    `data` holds `<field>_hash`. `sequence` is the device's own counter where it has one.
    """

    site: str
    device: str
    event_id: str
    event_type: str
    schema_version: int
    event_time: int
    data: str
    personal: dict[str, str] | None = None
    sequence: int | None = None
    flags: int = 0

    @property
    def content_hash(self) -> str | None:
        """The hash part of a content id, or None if the format gives ids of its own."""
        return self.event_id.partition("@")[0] if self.flags & FLAG_CONTENT_ID else None
