"""Counts what has become a row, from the wake-ups that the processor sends after each commit."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import nats
from nats.aio.msg import Msg

from herun.subjects import live_subject


class FarEnd:
    """While open, calls `stored(total)` with the number of events committed since it was opened."""

    def __init__(self, nats_url: str, stored: Callable[[int], None]) -> None:
        self._url = nats_url
        self._stored = stored
        self._total = 0
        self._listening = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._listen()))

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._listening.wait(10):
            raise RuntimeError("no connection to the stream")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    async def _listen(self) -> None:
        async def committed(message: Msg) -> None:
            self._total += json.loads(message.data)["events"]
            self._stored(self._total)

        connection = await nats.connect(self._url)
        await connection.subscribe(live_subject("*"), cb=committed)
        await connection.flush()
        self._listening.set()
        while not self._stop.is_set():
            await asyncio.sleep(0.05)
        await connection.close()
