"""Binary rows: what is packed is what PostgreSQL would read."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from herun.events import Event
from processor.copy_rows import HEADER, POSTGRES_EPOCH_US, TRAILER, pack_events, pack_personal
from processor.engine.decisions import Decisions

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
TIMES = st.integers(-(2**62), 2**62)
EVENTS = st.builds(
    Event,
    site=TEXTS,
    device=TEXTS,
    event_id=TEXTS,
    event_type=st.sampled_from(["vehicle.passed", "unheard.of"]),
    schema_version=st.integers(1, 32_767),
    event_time=TIMES,
    data=TEXTS,
    personal=st.none() | st.dictionaries(st.sampled_from(["plate", "shoe_size"]), TEXTS),
    sequence=st.none() | st.integers(0, 2**63 - 1),
    flags=st.integers(0, 7),
)


def unpack(raw: bytes) -> list[list[bytes | None]]:
    """The fields of each row, read as the format's description says."""
    assert raw.startswith(HEADER)
    assert raw.endswith(TRAILER)
    at = len(HEADER)
    rows: list[list[bytes | None]] = []
    while True:
        (count,) = struct.unpack_from("!h", raw, at)
        at += 2
        if count == -1:
            assert at == len(raw)
            return rows
        row: list[bytes | None] = []
        for _ in range(count):
            (length,) = struct.unpack_from("!i", raw, at)
            at += 4
            row.append(None if length == -1 else raw[at : at + length])
            at += max(0, length)
        rows.append(row)


@given(st.lists(EVENTS, max_size=5), TIMES, st.integers(0, 2**62))
def test_every_value_comes_back(events: list[Event], recorded: int, position: int) -> None:
    rows = [(event, n, event.flags) for n, event in enumerate(events)]
    for row, (event, n, flags) in zip(unpack(pack_events([Decisions(position, recorded, rows)])), rows, strict=True):
        numbers = [int.from_bytes(field, "big", signed=True) if field is not None else None for field in row[:7]]
        assert numbers == [
            event.event_time - POSTGRES_EPOCH_US, recorded - POSTGRES_EPOCH_US, position, n, event.schema_version,
            flags, event.sequence,
        ]  # fmt: skip
        texts = [field.decode() for field in row[7:] if field is not None]
        assert texts == [event.site, event.device, event.event_type, event.event_id, "\x01" + event.data]


@given(st.lists(EVENTS, max_size=5), TIMES)
def test_every_personal_value_comes_back_with_its_class(events: list[Event], recorded: int) -> None:
    packed = pack_personal([Decisions(0, recorded, [(event, n, 0) for n, event in enumerate(events)])])
    expected = [
        (
            event.event_id,
            field,
            "plate" if (event.event_type, field) == ("vehicle.passed", "plate") else "person",
            value,
        )
        for event in events
        for field, value in (event.personal or {}).items()
    ]
    found = [
        tuple(field.decode() for field in row[4:] if field is not None) for row in unpack(packed or HEADER + TRAILER)
    ]
    assert found == expected
    assert (packed is None) == (not expected)
