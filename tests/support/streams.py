"""A look at a stream from a test that has no event loop."""

from __future__ import annotations

import asyncio

import nats


def stream_bytes(url: str, stream: str) -> int:
    """Bytes that the stream holds now."""
    return asyncio.run(_stream_bytes(url, stream))


async def _stream_bytes(url: str, stream: str) -> int:
    connection = await nats.connect(url)
    try:
        return (await connection.jetstream().stream_info(stream)).state.bytes
    finally:
        await connection.close()
