"""Where pictures lie: a port with three methods, and a folder behind it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Protocol


class Objects(Protocol):
    """Bytes by key. A key is a relative path of names of ours; nothing that was sent becomes a part of one."""

    async def put(self, key: str, data: bytes) -> None:
        """Keeps it, whole or not at all."""

    async def get(self, key: str) -> bytes | None:
        """What was kept under the key; None if there is nothing."""

    async def delete(self, key: str) -> None:
        """Forgets it; nothing happens if there is nothing."""


class Folder:
    """Objects as files. All instances of the API have to see the same folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, key: str, data: bytes) -> None:
        """Writes beside and renames: a crash leaves no half object."""
        await asyncio.to_thread(self._write, self._folder / key, data)

    async def get(self, key: str) -> bytes | None:
        """The file's bytes."""
        return await asyncio.to_thread(self._read, self._folder / key)

    async def delete(self, key: str) -> None:
        """Deletes the file."""
        await asyncio.to_thread((self._folder / key).unlink, missing_ok=True)

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".part")
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)

    def _read(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
