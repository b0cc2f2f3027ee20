from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from herun import frames
from herun.errors import InvalidInputError
from herun.events import FLAG_CONTENT_ID, Event
from herun.frames import FRAME_VERSION, Control, Frame, FrameKind

TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
EVENTS = st.builds(
    Event,
    site=TEXT,
    device=TEXT,
    event_id=TEXT,
    event_type=TEXT,
    schema_version=st.integers(1, 5),
    event_time=st.integers(0, 2**60),
    data=TEXT,
    personal=st.none() | st.dictionaries(TEXT, TEXT, max_size=3),
    sequence=st.none() | st.integers(0, 2**60),
    flags=st.integers(0, 7),
)


@given(st.lists(EVENTS, max_size=5))
def test_frame_reads_back_whole(events: list[Event]) -> None:
    frame = Frame(FRAME_VERSION, 3, "gateway-0", frames.new_frame_id(), FrameKind.EVENTS, events, [])
    assert frames.decode(frames.encode(frame)) == frame


def test_control_frame_reads_back_whole() -> None:
    control = Control(site="herun", control_id="1", kind="list.put", body={"name": "blocked", "hashes": ["a"]})
    frame = Frame(FRAME_VERSION, 0, "api", frames.new_frame_id(), FrameKind.CONTROL, [], [control])
    assert frames.decode(frames.encode(frame)) == frame


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_with_a_reason(raw: bytes) -> None:
    with pytest.raises(InvalidInputError, match="bad_frame"):
        frames.decode(raw)


def test_frame_of_a_later_version_is_refused() -> None:
    later = [FRAME_VERSION + 1, 0, "w", "id", "tick", [], []]
    with pytest.raises(InvalidInputError, match="version 2"):
        frames.decode(msgspec.msgpack.encode(later))


def test_content_hash_is_what_stands_before_the_arrival() -> None:
    event = Event("s", "d", "abc@17", "door.opened", 1, 0, "{}", flags=FLAG_CONTENT_ID)
    assert event.content_hash == "abc"
    assert msgspec.structs.replace(event, flags=0).content_hash is None
