"""Pictures past their time: faces and plates are in them, so they are kept no longer than other personal values."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

import structlog

from herun.clock import DAY_US, Clock

log = structlog.get_logger(__name__)

FOLDERS: Final = 256  # of pictures, by the first two digits of their names
LOOK_S: Final = 10.0  # between looks, each into one folder: all of them in three quarters of an hour


class PictureRetention:
    """Deletes pictures that no event of the last `days` has named. A file's age is that of its last naming."""

    def __init__(self, folder: Path, clock: Clock, days: int) -> None:
        self._folder = folder
        self._clock = clock
        self._days = days

    async def run(self) -> None:
        """For ever."""
        while True:
            for number in range(FOLDERS):
                try:
                    deleted = await asyncio.to_thread(self.sweep, number)
                except OSError as error:
                    log.warning("pictures_not_deleted_yet", error=repr(error))
                else:
                    if deleted:
                        log.info("pictures_deleted", pictures=deleted)
                await asyncio.sleep(LOOK_S)

    def sweep(self, number: int) -> int:
        """Looks into one folder, and returns how many pictures it deleted; what a crash left half written goes too."""
        before = self._clock.now_us() - self._days * DAY_US
        deleted = 0
        try:
            entries = os.scandir(self._folder / "pictures" / f"{number:02x}")
        except FileNotFoundError:
            return 0
        with entries:
            for entry in entries:
                if self._clock.from_wall(entry.stat().st_mtime_ns // 1000) < before:
                    Path(entry.path).unlink(missing_ok=True)
                    deleted += 1
        return deleted
