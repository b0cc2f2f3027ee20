"""Laws of the lanes: what is acknowledged is stored, in the order of its coming, in frames that are bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from gateway import lanes
from gateway.lanes import Batch, Lane
from herun.events import Event
from herun.frames import MAX_EVENT_BYTES, MAX_FRAME_BYTES, MAX_FRAME_EVENTS, Frame, FrameKind

WITHIN_S = 5.0


class Stream:
    """Stores a frame when the test lets it."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.may = asyncio.Event()
        self.may.set()
        self.asked = asyncio.Event()

    async def publish(self, frame: Frame) -> int:
        self.asked.set()
        await self.may.wait()
        self.frames.append(frame)
        return len(self.frames)


class Source:
    """Remembers what was acknowledged, and how many frames were stored then."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.acknowledged: list[tuple[int, int]] = []

    def acknowledge(self, packet_ids: list[int]) -> None:
        self.acknowledged += [(packet_id, len(self._stream.frames)) for packet_id in packet_ids]


def event(number: int, data: str = "{}") -> Event:
    return Event("estate", "sensor-1", f"e-{number}", "door.opened", 1, 0, data)


@asynccontextmanager
async def running(
    stream: Stream, linger_s: float = 0.0, *, listens: bool = False
) -> AsyncIterator[tuple[Lane, list[Batch]]]:
    stored: list[Batch] = []
    lane = Lane(3, stream, name="gateway-0", linger_s=linger_s, on_stored=stored.append, is_listening=lambda: listens)
    task = asyncio.create_task(lane.run())
    try:
        yield lane, stored
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until_stored(stored: list[Batch], messages: int) -> None:
    async with asyncio.timeout(WITHIN_S):
        while sum(batch.messages for batch in stored) < messages:
            await asyncio.sleep(0)


async def test_a_message_is_acknowledged_after_its_frame_is_stored_and_not_before() -> None:
    stream = Stream()
    source = Source(stream)
    stream.may.clear()
    async with running(stream) as (lane, stored):
        lane.add(source, 7, 1, [event(1)], "native")
        await asyncio.wait_for(stream.asked.wait(), WITHIN_S)
        assert source.acknowledged == []
        stream.may.set()
        await until_stored(stored, 1)
    assert source.acknowledged == [(7, 1)]
    assert (stream.frames[0].partition, stream.frames[0].writer) == (3, "gateway-0")


async def test_a_lane_says_now_and_then_that_the_gateway_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "LISTENING_S", 0.01)
    stream = Stream()
    source = Source(stream)
    async with running(stream, listens=True) as (lane, stored):
        async with asyncio.timeout(WITHIN_S):
            while len(stream.frames) < 3:
                await asyncio.sleep(0)
        assert not any(frame.events for frame in stream.frames)
        assert {frame.kind for frame in stream.frames} == {FrameKind.EVENTS}
        assert stored == []
        lane.add(source, 1, 1, [event(1)], "native")
        await until_stored(stored, 1)
    assert [packet_id for packet_id, _ in source.acknowledged] == [1]


async def test_a_lane_of_a_gateway_that_does_not_listen_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "LISTENING_S", 0.0)
    stream = Stream()
    async with running(stream, linger_s=0.05) as (lane, stored):
        lane.add(Source(stream), 1, 1, [event(1)], "native")
        await until_stored(stored, 1)
    assert [len(frame.events) for frame in stream.frames] == [1]


async def test_events_that_come_while_a_frame_is_stored_are_the_next_frame() -> None:
    stream = Stream()
    source = Source(stream)
    stream.may.clear()
    async with running(stream) as (lane, stored):
        lane.add(source, 1, 1, [event(1)], "native")
        await asyncio.wait_for(stream.asked.wait(), WITHIN_S)
        for number in range(2, 50):
            lane.add(source, number, 1, [event(number)], "native")
        stream.may.set()
        await until_stored(stored, 49)
    assert [len(frame.events) for frame in stream.frames] == [1, 48]
    assert [packet_id for packet_id, _ in source.acknowledged] == list(range(1, 50))


async def test_a_frame_is_closed_by_count_and_by_bytes() -> None:
    stream = Stream()
    source = Source(stream)
    async with running(stream, linger_s=60) as (lane, stored):
        for number in range(MAX_FRAME_EVENTS + 1):
            lane.add(source, number + 1, 1, [event(number)], "native")
        await until_stored(stored, MAX_FRAME_EVENTS)
        for number in range(40):
            lane.add(source, 5_001 + number, MAX_EVENT_BYTES, [event(number)], "native")
        await until_stored(stored, MAX_FRAME_EVENTS + 1)
    assert [len(frame.events) for frame in stream.frames] == [MAX_FRAME_EVENTS, 1 + MAX_FRAME_BYTES // MAX_EVENT_BYTES]


async def test_the_events_of_one_message_stay_in_one_frame() -> None:
    stream = Stream()
    source = Source(stream)
    async with running(stream) as (lane, stored):
        lane.add(source, 1, 1, [event(number) for number in range(MAX_FRAME_EVENTS - 1)], "native")
        lane.add(source, 2, 1, [event(number) for number in range(5)], "native")
        await until_stored(stored, 2)
    assert [len(frame.events) for frame in stream.frames] == [MAX_FRAME_EVENTS - 1, 5]


async def test_each_message_is_acknowledged_on_the_connection_that_delivered_it() -> None:
    stream = Stream()
    old, new = Source(stream), Source(stream)
    stream.may.clear()
    async with running(stream) as (lane, stored):
        lane.add(old, 1, 1, [event(1)], "native")
        lane.add(new, 1, 1, [event(2)], "native")
        lane.add(new, 0, 1, [event(3)], "native")  # QoS 0: nothing to acknowledge
        stream.may.set()
        await until_stored(stored, 3)
    assert [packet_id for packet_id, _ in old.acknowledged] == [1]
    assert [packet_id for packet_id, _ in new.acknowledged] == [1]
    assert stored[-1].formats == {"native": 3}
