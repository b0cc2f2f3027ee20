"""Pictures leave the event here: into the object folder, under the hash of their content.

Equal pictures are one file, so a redelivered message stores nothing twice, and a crash leaves no half file behind.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec
import structlog

from gateway.refusal import refused
from herun import metrics
from herun.dead_letters import DeadLetterReason

log = structlog.get_logger(__name__)

MAX_PICTURE_BYTES: Final = 6_000_000  # of one picture; the broker's max_payload of 8 MB as base64
WRITERS: Final = 2  # threads; a picture is written in a millisecond, two hide a slow one
RETRY_PAUSE_S: Final = 1.0  # while the folder cannot be written: the broker holds on

_DATA_URI: Final = "data:"
_SUFFIX_OF_MAGIC: Final = ((b"\xff\xd8\xff", "jpg"), (b"\x89PNG\r\n\x1a\n", "png"))


class Picture(msgspec.Struct, frozen=True):
    """A picture and the path, relative to the object folder, under which an event names it."""

    path: str
    content: bytes


def from_text(text: str) -> Picture | None:
    """The picture in a base64 text or data URI; None if the text is neither. Raises InvalidInputError if too large."""
    encoded = text.partition(",")[2] if text.startswith(_DATA_URI) else text
    try:
        content = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(content) > MAX_PICTURE_BYTES:
        raise refused(DeadLetterReason.TOO_LARGE, f"picture of {len(content)} bytes, at most {MAX_PICTURE_BYTES}")
    suffix = next((suffix for magic, suffix in _SUFFIX_OF_MAGIC if content.startswith(magic)), None)
    if suffix is None:
        return None
    digest = hashlib.sha256(content).hexdigest()
    return Picture(f"pictures/{digest[:2]}/{digest}.{suffix}", content)


class PictureStore:
    """Writes pictures to the object folder, in threads."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self._folder = folder
        self._durable = durable
        self._threads = ThreadPoolExecutor(WRITERS, thread_name_prefix="pictures")
        self._stored = metrics.counter("herun_gateway_pictures_total")

    async def save(self, picture: Picture) -> None:
        """Returns when the picture is in the folder; tries until it is."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                await loop.run_in_executor(self._threads, self._write, picture)
            except OSError as error:
                log.warning("picture_not_stored_yet", error=repr(error))
                await asyncio.sleep(RETRY_PAUSE_S)
            else:
                self._stored.inc()
                return

    def close(self) -> None:
        """Ends the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _write(self, picture: Picture) -> None:
        path = self._folder / picture.path
        if _is_there(path):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}.{id(picture)}")
        with partial.open("wb") as file:
            file.write(picture.content)
            if self._durable:
                file.flush()
                os.fsync(file.fileno())
        partial.replace(path)


def _is_there(path: Path) -> bool:
    """True if the picture is stored; it then counts as named now, for its age is what it is deleted by."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True
