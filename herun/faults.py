"""Named points at which a test can have a process killed, each once.

`HERUN_FAULT=gateway.stored_not_acknowledged` makes the process kill itself (SIGKILL) when it first gets there. A marker
file keeps the restarted process from dying again, so the test sees exactly one crash at exactly that point.
"""

from __future__ import annotations

import os
import signal
from enum import StrEnum
from pathlib import Path

from herun.settings import settings


class FaultPoint(StrEnum):
    """Where a crash hurts most."""

    GATEWAY_STORED_NOT_ACKNOWLEDGED = "gateway.stored_not_acknowledged"
    PROCESSOR_COMMITTED_NOT_ACKNOWLEDGED = "processor.committed_not_acknowledged"
    PROCESSOR_COMMITTED_NOT_RELAYED = "processor.committed_not_relayed"
    PROCESSOR_SNAPSHOT_HALF_WRITTEN = "processor.snapshot_half_written"
    API_ORDER_OPENED_NOT_ACKNOWLEDGED = "api.order_opened_not_acknowledged"
    API_NOTICE_CLAIMED_NOT_SENT = "api.notice_claimed_not_sent"
    API_NOTICE_SENT_NOT_RECORDED = "api.notice_sent_not_recorded"
    API_DEADLINES_FIRED_NOT_COMMITTED = "api.deadlines_fired_not_committed"
    API_DEADLINES_COMMITTED = "api.deadlines_committed"


_armed = frozenset(filter(None, os.environ.get("HERUN_FAULT", "").split(",")))


def reached(point: FaultPoint) -> None:
    """Dies here, once, if the point is armed by HERUN_FAULT (comma separated); otherwise costs a set look-up."""
    if point.value not in _armed:
        return
    marker = Path(settings().data_dir) / "faults" / point.value
    if marker.exists():
        return
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()
    os.kill(os.getpid(), signal.SIGKILL)
