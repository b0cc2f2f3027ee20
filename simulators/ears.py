"""Somebody's app: hears over MQTT what they are told of their orders."""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any, Final, Self

import aiomqtt

from simulators.api import Person

REFUSED_FROM: Final = 0x80  # the broker's codes of subscriptions that it does not allow


def notice_topic(site: str, username: str) -> str:
    """Where a person's notices are published."""
    return f"herun/v1/{site}/people/{username}/notice"


class Ears:
    """One person's connection; `heard` holds the notices that came, in their order."""

    def __init__(self, host: str, port: int, person: Person, token: str) -> None:
        name = f"people/{person.username}"
        self._client = aiomqtt.Client(host, port, username=name, password=token, identifier=f"{name}/app")
        self._changed = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self.heard: list[dict[str, Any]] = []

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait({self._listening})
        await self._client.__aexit__(kind, error, trace)

    async def subscribe(self, topic: str) -> bool:
        """False if the broker does not allow it."""
        answers = await self._client.subscribe(topic, qos=1)
        codes = [answer if isinstance(answer, int) else answer.value for answer in answers]
        return all(code < REFUSED_FROM for code in codes)

    async def more(self) -> None:
        """Returns when something has come since this was called."""
        self._changed.clear()
        await self._changed.wait()

    async def _listen(self) -> None:
        async for message in self._client.messages:
            if isinstance(message.payload, bytes):
                self.heard.append(json.loads(message.payload))
            self._changed.set()
