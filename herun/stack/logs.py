"""One log file a process, bounded: the process writes it itself, the supervisor cuts it when it has grown too long."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

import structlog

from herun.stack.folder import PRIVATE_FILE

log = structlog.get_logger(__name__)

MAX_LOG_BYTES: Final = 16 * 1024**2  # of one file; cut, it becomes <name>.log.1, so a process has at most twice this
_TAIL_BYTES: Final = 16 * 1024  # read from the end to quote the last lines


class BoundedLog:
    """The log file of one process."""

    def __init__(self, path: Path, max_bytes: int = MAX_LOG_BYTES) -> None:
        self.path = path
        self._max_bytes = max_bytes

    def open(self) -> int:
        """A descriptor for the process's output. In append mode, so that writing goes on at the start after a cut."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        return os.open(self.path, flags, PRIVATE_FILE)

    def cut(self) -> bool:
        """Moves a file that is too long aside; True if it was. Lines written during the move may be lost."""
        try:
            if self.path.stat().st_size <= self._max_bytes:
                return False
            shutil.copyfile(self.path, self.path.with_name(f"{self.path.name}.1"))
        except FileNotFoundError:
            return False
        except OSError as error:
            # The copy does not fit on the disk: the bound matters more than the old lines.
            log.warning("log_not_kept", path=str(self.path), error=str(error))
        os.truncate(self.path, 0)
        return True

    def tail(self, lines: int) -> str:
        """The last lines, to show to a person."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, self.path.stat().st_size - _TAIL_BYTES))
                text = file.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])
