"""How full the broker's buffer and the streams are: looked at now and then, for the alarm at 70 %."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import Error as JetStreamError

from herun import metrics, streams

log = structlog.get_logger(__name__)

LOOK_S: Final = 10.0  # between looks; 2 GiB do not fill in ten seconds
ALARM_RATIO: Final = 0.7  # of a stream's bytes: what is left is the time to act


class FillWatch:
    """Sets `herun_stream_fill_ratio` of each stream, and says so in the log above ALARM_RATIO."""

    def __init__(self, watched: Sequence[tuple[JetStreamContext, str]]) -> None:
        self._watched = watched
        self._gauge = metrics.gauge("herun_stream_fill_ratio")
        self.ratios: dict[str, float] = {}

    async def run(self) -> None:
        """For ever."""
        while True:
            for js, name in self._watched:
                await self._look(js, name)
            await asyncio.sleep(LOOK_S)

    async def _look(self, js: JetStreamContext, name: str) -> None:
        try:
            fill = await streams.stream_fill(js, name)
        except (NatsError, JetStreamError, TimeoutError, OSError) as error:
            log.warning("fill_not_known", stream=name, error=repr(error))
            return
        if fill.max_bytes is None:
            log.error("stream_without_a_bound", stream=name)
            return
        ratio = self.ratios[name] = fill.used_bytes / fill.max_bytes
        self._gauge.labels(name).set(ratio)
        if ratio >= ALARM_RATIO:
            log.error("stream_filling_up", stream=name, ratio=round(ratio, 3))
