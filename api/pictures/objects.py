"""Where pictures lie: a port with four methods, and a folder behind it."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from heapq import nsmallest
from itertools import repeat
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Listed:
    """One object, and when it was written: whole microseconds of the machine's clock."""

    key: str
    written_us: int


class Objects(Protocol):
    """Bytes by key. A key is `<folder>/<name>`, both names of ours; nothing that was sent becomes a part of one."""

    async def put(self, key: str, data: bytes) -> None:
        """Keeps it, whole or not at all."""

    async def get(self, key: str) -> bytes | None:
        """What was kept under the key; None if there is nothing."""

    async def delete(self, key: str) -> None:
        """Forgets it; nothing happens if there is nothing."""

    async def listed(self, after: str, limit: int) -> list[Listed]:
        """The next objects behind a key (empty: from the beginning), in the order of folder and name."""


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

    async def listed(self, after: str, limit: int) -> list[Listed]:
        """The next files, half ones that a crash has left too."""
        return await asyncio.to_thread(self._listed, after, limit)

    def _listed(self, after: str, limit: int) -> list[Listed]:
        last = after.partition("/")[::2]
        found: list[Listed] = []
        for folder in sorted(self._folder.iterdir()) if self._folder.is_dir() else []:
            if folder.name >= last[0] and folder.is_dir():
                names = (each.name for each in folder.iterdir() if (folder.name, each.name) > last)
                found += filter(None, map(self._known, repeat(folder), nsmallest(limit - len(found), names)))
        return found

    def _known(self, folder: Path, name: str) -> Listed | None:
        try:
            written = (folder / name).stat().st_mtime_ns
        except FileNotFoundError:  # deleted since
            return None
        return Listed(f"{folder.name}/{name}", written // 1000)

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
