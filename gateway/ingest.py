"""The sentence of the gateway.

A message is decoded by the route of its topic. The events that come of it go into their partition's open frame, and the
message is acknowledged when the stream has stored that frame. What cannot be used is stored as a dead letter, and
acknowledged then. Pictures are stored before the events that name them. Nothing a message holds can stop another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from gateway.decoders.contract import Outcome, StateChange
from gateway.lanes import Batch, Lane, Source
from gateway.letters import LetterBox
from gateway.pictures import PictureStore
from gateway.router import Router
from herun import metrics
from herun.clock import Clock
from herun.dead_letters import DeadLetterReason, from_message
from herun.errors import InvalidInputError
from herun.mqtt.packets import Publish

log = structlog.get_logger(__name__)

# In flight: received and not yet acknowledged. The broker's window (4,096 messages a session) is the usual bound; these
# two hold memory where a broker has none, or where connections follow each other faster than frames are stored.
MAX_IN_FLIGHT_MESSAGES: Final = 16_384
MAX_IN_FLIGHT_BYTES: Final = 128 * 1024 * 1024


class Ingest:
    """From messages to stored frames and dead letters. `tasks` carries what has to wait before its events can go."""

    def __init__(
        self,
        *,
        clock: Clock,
        router: Router,
        lanes: Mapping[int, Lane],
        letters: LetterBox,
        pictures: PictureStore,
        on_state: Callable[[StateChange], None],
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._clock = clock
        self._router = router
        self._lanes = lanes
        self._letters = letters
        self._pictures = pictures
        self._on_state = on_state
        self._tasks = tasks
        self.in_flight_messages = 0
        self.in_flight_bytes = 0
        self.on_room: Callable[[], None] | None = None
        self._counters = _Counters()
        self._idle = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """True while no more should be read from the broker."""
        return self.in_flight_messages >= MAX_IN_FLIGHT_MESSAGES or self.in_flight_bytes >= MAX_IN_FLIGHT_BYTES

    def take(self, source: Source, messages: list[Publish]) -> None:
        """Takes messages that have just arrived on a connection. Never raises for what they hold."""
        received_us = self._clock.now_us()
        find, lanes = self._router.find, self._lanes
        self._counters.received.inc(len(messages))
        for message in messages:
            self.in_flight_messages += 1
            self.in_flight_bytes += len(message.payload)
            try:
                route = find(message.topic)
                outcome = route.decode(message, received_us)
            except InvalidInputError as error:
                self._set_aside(source, message, _refusal(message, error, received_us), "")
                continue
            except Exception as error:
                log.exception("decoder_failed", mqtt_topic=message.topic.decode(errors="replace"))
                self._set_aside(source, message, _failure(message, error, received_us), "")
                continue
            if outcome.events and not outcome.has_more:
                lanes[outcome.partition].add(
                    source, message.packet_id, len(message.payload), outcome.events, route.format
                )
            else:
                self._set_aside(source, message, outcome, route.format)

    def stored(self, batch: Batch) -> None:
        """Counts a frame that has been stored and acknowledged."""
        self._counters.frames.inc()
        for format_name, count in batch.formats.items():
            self._counters.events.labels(format_name).inc(count)
        self._release(batch.messages, batch.payload_bytes)

    def _set_aside(self, source: Source, message: Publish, outcome: Outcome, format_name: str) -> None:
        if outcome.state is not None:
            self._on_state(outcome.state)
        if outcome.letters or outcome.pictures:
            self._tasks.create_task(self._settle(source, message, outcome, format_name))
        else:
            self._finish(source, message, outcome, format_name)

    async def _settle(self, source: Source, message: Publish, outcome: Outcome, format_name: str) -> None:
        for picture in outcome.pictures:
            await self._pictures.save(picture)
        for letter in outcome.letters:
            await self._letters.store(letter)
        self._finish(source, message, outcome, format_name)

    def _finish(self, source: Source, message: Publish, outcome: Outcome, format_name: str) -> None:
        """What had to be stored first is stored: only the events are left, if there are any."""
        size = len(message.payload)
        if outcome.events:
            self._lanes[outcome.partition].add(source, message.packet_id, size, outcome.events, format_name)
            return
        if message.packet_id:
            source.acknowledge([message.packet_id])
        self._release(1, size)

    def _release(self, messages: int, size: int) -> None:
        self.in_flight_messages -= messages
        self.in_flight_bytes -= size
        if self.on_room is not None and not self.is_full:
            self.on_room()
        if not self.in_flight_messages:
            self._idle.set()

    async def drain(self, within_s: float) -> bool:
        """True once nothing is in flight any more, False if that takes longer. Nothing may be coming in meanwhile."""
        self._idle.clear()
        if not self.in_flight_messages:
            return True
        try:
            async with asyncio.timeout(within_s):
                return await self._idle.wait()
        except TimeoutError:
            return False


class _Counters:
    """The metrics of the way in."""

    def __init__(self) -> None:
        self.received = metrics.counter("herun_gateway_messages_total")
        self.frames = metrics.counter("herun_gateway_frames_total")
        self.events = metrics.counter("herun_gateway_events_total")


def _refusal(message: Publish, error: InvalidInputError, received_us: int) -> Outcome:
    reason, topic = DeadLetterReason(error.reason), message.topic.decode(errors="backslashreplace")
    return Outcome(letters=[from_message(reason, error.detail, topic, message.payload, received_us)])


def _failure(message: Publish, error: Exception, received_us: int) -> Outcome:
    """A decoder of ours is at fault, not the device; the message waits as a dead letter for the repaired one."""
    detail = f"the decoder failed: {type(error).__name__}"
    topic = message.topic.decode(errors="backslashreplace")
    return Outcome(letters=[from_message(DeadLetterReason.DECODER_FAILED, detail, topic, message.payload, received_us)])
