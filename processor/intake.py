"""Reading a partition's frames from the stream: in order, without gaps, as many as are at hand."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final

import msgspec
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from herun import subjects
from herun.errors import TransientError

log = structlog.get_logger(__name__)

PULL_FRAMES: Final = 256  # frames asked for at once
PULL_BYTES: Final = 16 * 1024**2  # bytes asked for at once: the memory that waiting frames may take; above any frame
PULL_EXPIRES_S: Final = 30  # after which the server gives the request back
HEARTBEAT_S: Final = 1.0  # the server says so if it has nothing
SILENCE_S: Final = 3.0  # without frame or heartbeat: the consumer is gone
LOOK_S: Final = 0.25  # between looks at the connection while nothing comes
INACTIVE_S: Final = 30.0  # after which the server drops a consumer that nobody asks any more

_STATUS: Final = "Status"
_HEARTBEAT_STATUS: Final = "100"
_ENDED: Final = frozenset({"404", "408"})  # the request is over, the consumer is not
_TOKENS_WITHOUT_DOMAIN: Final = 9


@dataclass(frozen=True, slots=True)
class Received:
    """One message of the partition: its stream sequence, the stream's time of it (wall microseconds), its bytes."""

    sequence: int
    wall_us: int
    raw: bytes


class Intake:
    """A pull consumer without acknowledgements: where to go on is the offset in the database, not the stream's.

    Any doubt (reconnected, silent, a gap in the consumer's own count) raises TransientError: open it again after the
    last frame taken.
    """

    def __init__(self, client: Client, js: JetStreamContext, partition: int) -> None:
        self._client = client
        self._js = js
        self._partition = partition
        self._waiting: deque[Received] = deque()
        self._arrived = asyncio.Event()
        self._subscription: Subscription | None = None
        self._consumer = ""
        self._inbox = ""
        self._counted = 0
        self._still_asked = 0
        self._heard_at = 0.0
        self._reconnects = 0
        self._broken: str | None = None

    async def open(self, after: int) -> None:
        """Starts reading behind this sequence. Raises TransientError if the stream is away."""
        await self.close()
        self._waiting.clear()
        self._counted, self._still_asked, self._broken = 0, 0, None
        self._reconnects = self._client.stats["reconnects"]
        config = ConsumerConfig(
            ack_policy=AckPolicy.NONE,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=after + 1,
            filter_subject=subjects.partition_subjects(self._partition),
            inactive_threshold=INACTIVE_S,
            mem_storage=True,
            num_replicas=1,
        )
        self._inbox = self._client.new_inbox()
        try:
            self._subscription = await self._client.subscribe(self._inbox, cb=self._take)
            info = await self._js.add_consumer(subjects.STREAM_EVENTS, config)
        except (NatsError, TimeoutError, OSError) as error:
            raise TransientError(f"partition {self._partition} cannot be read: {error!r}") from error
        self._consumer = info.name or ""
        self._heard_at = _loop_time()
        await self._ask()

    async def close(self) -> None:
        """Stops reading; the server forgets the consumer by itself."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None and not self._client.is_closed:
            try:
                await subscription.unsubscribe()
            except NatsError as error:
                log.debug("unsubscribe_failed", error=repr(error))

    async def wait(self, seconds: float) -> bool:
        """True as soon as a frame is at hand; False if none came in that time. Raises TransientError."""
        deadline = _loop_time() + seconds
        while not self._waiting:
            self._check()
            if not self._still_asked:
                await self._ask()
            left = deadline - _loop_time()
            if left <= 0:
                return False
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), min(left, LOOK_S))
            except TimeoutError:
                continue
        return True

    async def take(self) -> Received | None:
        """The next frame at hand, or None. Raises TransientError."""
        if not self._waiting:
            return None
        received = self._waiting.popleft()
        if not self._still_asked and len(self._waiting) < PULL_FRAMES // 2:
            await self._ask()
        return received

    async def _ask(self) -> None:
        request = {
            "batch": PULL_FRAMES,
            "max_bytes": PULL_BYTES,
            "expires": PULL_EXPIRES_S * 1_000_000_000,
            "idle_heartbeat": int(HEARTBEAT_S * 1_000_000_000),
        }
        self._still_asked = PULL_FRAMES
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{subjects.STREAM_EVENTS}.{self._consumer}"
        try:
            await self._client.publish(subject, msgspec.json.encode(request), self._inbox)
        except (NatsError, OSError) as error:
            raise TransientError(f"partition {self._partition} cannot be asked for: {error!r}") from error

    async def _take(self, message: Msg) -> None:
        self._heard_at = _loop_time()
        if not message.reply:
            self._take_status((message.headers or {}).get(_STATUS, ""), message.headers or {})
        else:
            self._take_frame(message)
        self._arrived.set()

    def _take_status(self, status: str, headers: dict[str, str]) -> None:
        description = headers.get("Description", "")
        if status == _HEARTBEAT_STATUS:
            return
        if status in _ENDED or description.startswith(("Message Size", "Batch Completed")):
            self._still_asked = 0
        else:
            self._broken = f"{status} {description}"

    def _take_frame(self, message: Msg) -> None:
        tokens = message.reply.split(".")
        first = 5 if len(tokens) == _TOKENS_WITHOUT_DOMAIN else 7
        sequence, count, time_ns = (int(token) for token in tokens[first : first + 3])
        if count != self._counted + 1:
            self._broken = f"frame {count} of the consumer came after {self._counted}"
        if self._broken is None:
            self._counted = count
            self._still_asked = max(0, self._still_asked - 1)
            self._waiting.append(Received(sequence, time_ns // 1000, message.data))

    def _check(self) -> None:
        if self._client.stats["reconnects"] != self._reconnects:
            self._broken = "the connection was lost"
        elif _loop_time() - self._heard_at > SILENCE_S:
            self._broken = f"nothing heard for {SILENCE_S} s"
        if self._broken is not None:
            raise TransientError(f"partition {self._partition}: {self._broken}")


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
