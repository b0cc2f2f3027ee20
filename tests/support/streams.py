"""A look at a stream from a test that has no event loop."""

from __future__ import annotations

import asyncio

import nats
from nats.js.api import StreamInfo
from nats.js.errors import NotFoundError


def stream_bytes(url: str, stream: str) -> int:
    """Bytes that the stream holds now."""
    info = asyncio.run(_look(url, stream))
    return info.state.bytes if info else 0


def stream_consumers(url: str, stream: str) -> int:
    """How many read from the stream; 0 if there is none of that name."""
    info = asyncio.run(_look(url, stream))
    return info.state.consumer_count if info else 0


async def _look(url: str, stream: str) -> StreamInfo | None:
    connection = await nats.connect(url)
    try:
        return await connection.jetstream().stream_info(stream)
    except NotFoundError:
        return None
    finally:
        await connection.close()
