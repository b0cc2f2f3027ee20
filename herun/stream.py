"""The connection to the stream, and the one way in which frames are published."""

from __future__ import annotations

import asyncio
from typing import Final

import nats
import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import APIError, NoStreamResponseError, NotFoundError

from herun import frames, subjects
from herun.errors import FencedError
from herun.frames import Frame, FrameKind

log = structlog.get_logger(__name__)

WRONG_LAST_SEQUENCE: Final = 10071  # JetStream's error code for an expectation that does not hold
PUBLISH_TIMEOUT_S: Final = 2.0  # of one try; a local stream answers in a millisecond
RETRY_PAUSE_S: Final = 0.1  # between tries while the stream is away
RECONNECT_WAIT_S: Final = 0.1
EXPECTED_LAST_SUBJECT_SEQUENCE: Final = "Nats-Expected-Last-Subject-Sequence"


async def connect(url: str, name: str) -> Client:
    """A connection that keeps trying for ever; `name` shows in monitoring. Raises if the first try is refused."""

    async def on_error(error: Exception) -> None:
        log.warning("stream_connection_error", name=name, error=repr(error))

    async def on_disconnected() -> None:
        log.warning("stream_disconnected", name=name)

    async def on_reconnected() -> None:
        log.info("stream_reconnected", name=name)

    return await nats.connect(
        url,
        name=name,
        error_cb=on_error,
        disconnected_cb=on_disconnected,
        reconnected_cb=on_reconnected,
        max_reconnect_attempts=-1,
        reconnect_time_wait=RECONNECT_WAIT_S,
        ping_interval=5,
        max_outstanding_pings=2,
        pending_size=16 * 1024 * 1024,
    )


class FrameWriter:
    """The one writer of one subject: publishes frames in order, each exactly once.

    Every frame is published with the expected last sequence of its subject, so a retry can neither double nor reorder.
    Not safe for concurrent use: one unacknowledged frame at a time is the point.
    """

    def __init__(self, js: JetStreamContext, partition: int, kind: FrameKind) -> None:
        self._js = js
        self._subject = subjects.frame_subject(partition, kind)
        self._last: int | None = None

    async def publish(self, frame: Frame) -> int:
        """Stores the frame and returns its sequence, trying until the stream answers.

        Raises FencedError if another writer has published to this subject since.
        """
        payload = frames.encode(frame)
        while True:
            try:
                if self._last is None:
                    newest = await self._last_message()
                    self._last = newest.seq if newest and newest.seq else 0
                ack = await self._js.publish(
                    self._subject,
                    payload,
                    timeout=PUBLISH_TIMEOUT_S,
                    stream=subjects.STREAM_EVENTS,
                    headers={EXPECTED_LAST_SUBJECT_SEQUENCE: str(self._last)},
                )
            except APIError as error:
                if error.err_code == WRONG_LAST_SEQUENCE:
                    stored = await self._resolve_conflict(frame)
                    if stored is not None:
                        return stored
                    continue
                log.warning("frame_refused", subject=self._subject, error=error.description)
            except (TimeoutError, NatsError, NoStreamResponseError, OSError) as error:
                log.warning("frame_not_stored_yet", subject=self._subject, error=repr(error))
            else:
                self._last = ack.seq
                return ack.seq
            await asyncio.sleep(RETRY_PAUSE_S)

    async def _resolve_conflict(self, frame: Frame) -> int | None:
        """After "wrong last sequence": an earlier try was stored unheard, or somebody else writes here.

        None if the subject is empty: a silence longer than the stream's age has emptied it, and it begins again at 0.
        """
        message = await self._last_message()
        if message is None:
            self._last = 0
            return None
        if message.data is None or message.seq is None or frames.decode(message.data).frame_id != frame.frame_id:
            raise FencedError(f"another writer publishes to {self._subject}")
        self._last = message.seq
        return message.seq

    async def _last_message(self) -> RawStreamMsg | None:
        """The newest frame of the subject, or None; tries until the stream answers."""
        while True:
            try:
                return await self._js.get_last_msg(subjects.STREAM_EVENTS, self._subject)
            except NotFoundError:
                return None
            except (TimeoutError, NatsError, OSError) as error:
                log.warning("last_frame_not_read_yet", subject=self._subject, error=repr(error))
                await asyncio.sleep(RETRY_PAUSE_S)
