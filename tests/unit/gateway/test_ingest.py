"""Laws of the sentence: one message cannot stop another, and each is finished once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway import ingest as module
from gateway.decoders.contract import Outcome, StateChange
from gateway.ingest import Ingest
from gateway.lanes import Batch
from gateway.pictures import Picture
from herun.clock import ManualClock
from herun.dead_letters import DeadLetter, DeadLetterReason, from_message
from herun.errors import InvalidInputError
from herun.events import Event
from herun.mqtt.packets import Publish
from tests.unit.gateway.made import NOW, message, native

EVENT = Event("estate", "sensor-1", "e-1", "door.opened", 1, NOW, "{}")


class Parts:
    """Everything that the ingest hands on to, remembering the order."""

    def __init__(self) -> None:
        self.done: list[tuple[str, Any]] = []
        self.outcome: Outcome | Exception = Outcome([EVENT])
        self.format = "native"

    # a router and its route
    def find(self, _topic: bytes) -> Parts:
        return self

    def decode(self, _message: Publish, _received_us: int) -> Outcome:
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    # a lane
    def add(self, source: Parts, packet_id: int, size: int, events: list[Event], format_name: str) -> None:
        self.done.append(("events", [event.event_id for event in events]))

    # a connection
    def acknowledge(self, packet_ids: list[int]) -> None:
        self.done.append(("acknowledged", packet_ids))

    # where letters and pictures go
    async def store(self, letter: DeadLetter) -> None:
        await asyncio.sleep(0)
        self.done.append(("letter", letter.reason))

    async def save(self, picture: Picture) -> None:
        await asyncio.sleep(0)
        self.done.append(("picture", picture.path))

    def put(self, change: StateChange) -> None:
        self.done.append(("state", change.state))


@asynccontextmanager
async def ingesting() -> AsyncIterator[tuple[Ingest, Parts]]:
    parts: Any = Parts()
    async with asyncio.TaskGroup() as tasks:
        yield (
            Ingest(
                clock=ManualClock(NOW),
                router=parts,
                lanes={0: parts},
                letters=parts,
                pictures=parts,
                on_state=parts.put,
                tasks=tasks,
            ),
            parts,
        )


def messages(count: int = 1) -> list[Publish]:
    return [message("t", native()) for _ in range(count)]


async def test_events_go_to_their_lane_and_are_not_acknowledged_here() -> None:
    async with ingesting() as (ingest, parts):
        ingest.take(parts, messages())
        assert ingest.in_flight_messages == 1
    assert parts.done == [("events", ["e-1"])]


async def test_a_refused_message_is_acknowledged_after_its_letter_is_stored() -> None:
    async with ingesting() as (ingest, parts):
        parts.outcome = InvalidInputError("bad_time", "long ago")
        ingest.take(parts, messages())
    assert parts.done == [("letter", "bad_time"), ("acknowledged", [1])]
    assert ingest.in_flight_messages == ingest.in_flight_bytes == 0


async def test_a_decoder_that_throws_harms_its_own_message_only() -> None:
    async with ingesting() as (ingest, parts):
        parts.outcome = ZeroDivisionError("a bug")
        ingest.take(parts, messages())
        parts.outcome = Outcome([EVENT])
        ingest.take(parts, messages())
    assert parts.done == [("events", ["e-1"]), ("letter", "decoder_failed"), ("acknowledged", [1])]


async def test_pictures_and_letters_are_stored_before_the_events_that_came_with_them() -> None:
    letter = from_message(DeadLetterReason.BAD_SHAPE, "", "t", b"", NOW)
    async with ingesting() as (ingest, parts):
        parts.outcome = Outcome([EVENT], 0, [letter], [Picture("p.jpg", b"")], StateChange("k", "online", NOW))
        ingest.take(parts, messages())
    assert [what for what, _ in parts.done] == ["state", "picture", "letter", "events"]


async def test_a_message_without_any_outcome_is_acknowledged_at_once() -> None:
    async with ingesting() as (ingest, parts):
        parts.outcome = Outcome()
        ingest.take(parts, messages(2))
    assert parts.done == [("acknowledged", [1]), ("acknowledged", [1])]


async def test_too_much_in_flight_stops_the_reading_until_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_IN_FLIGHT_MESSAGES", 2)
    rooms: list[bool] = []
    async with ingesting() as (ingest, parts):
        ingest.on_room = lambda: rooms.append(True)
        ingest.take(parts, messages(2))
        full_before = ingest.is_full
        batch = Batch(0.0)
        batch.messages, batch.payload_bytes = 2, ingest.in_flight_bytes
        ingest.stored(batch)
        assert (full_before, ingest.is_full, rooms) == (True, False, [True])
        assert await ingest.drain(0)


async def test_a_drain_that_takes_too_long_says_so() -> None:
    async with ingesting() as (ingest, parts):
        ingest.take(parts, messages())
        assert not await ingest.drain(0)
