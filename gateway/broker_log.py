"""What the broker itself refuses never reaches the gateway: it is counted here, from the broker's own log.

MQTT 3.1.1 has no way to tell a publisher that it may not, so nats-server acknowledges, drops and writes a line.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Final

import structlog

from herun import metrics

log = structlog.get_logger(__name__)

LOOK_S: Final = 1.0  # between looks into the file
MAX_READ_BYTES: Final = 1024 * 1024  # at one look; a log that grows faster is skipped through, and counted low

# The first that is found in a line is its reason; the texts are nats-server 2.15's.
REASONS: Final = (
    ("publish_denied", rb"Publish Violation|Permissions Violation for Publish"),
    ("subscribe_denied", rb"Subscription Violation|Permissions Violation for Subscription"),
    ("too_large", rb"maximum (?:packet|payload)|payload.{0,20}exceeded|packet size"),
    ("bad_client_id", rb"invalid character in client ID"),
    ("bad_topic", rb"invalid (?:utf8|null|topic|character)|characters? not supported|wildcards? not|space"),
    ("not_authorized", rb"unable to connect: authentication error|Authorization Violation"),
    ("buffer_full", rb"maximum bytes exceeded|insufficient resources"),
    ("protocol", rb"malformed|protocol"),
)
_PATTERNS: Final = tuple((reason, re.compile(pattern, re.IGNORECASE)) for reason, pattern in REASONS)


def reason_of(line: bytes) -> str | None:
    """Why the broker refused something, or None if the line tells of no refusal."""
    if b"[ERR]" not in line and b"[WRN]" not in line:
        return None
    return next((reason for reason, pattern in _PATTERNS if pattern.search(line)), None)


class BrokerLog:
    """Follows the log file from where it ends now; a file begun anew is read from its start."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = self._size()
        self._rest = b""
        self._refused = metrics.counter("herun_broker_refused_total")

    async def run(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()

    def look(self) -> None:
        """Counts what has been written since the last look."""
        size = self._size()
        if size < self._offset:
            self._offset, self._rest = 0, b""
        if size == self._offset:
            return
        self._offset = max(self._offset, size - MAX_READ_BYTES)
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                new = file.read(MAX_READ_BYTES)
        except OSError as error:
            log.warning("broker_log_not_read", error=repr(error))
            return
        self._offset += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            reason = reason_of(line)
            if reason is not None:
                self._refused.labels(reason).inc()

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0
