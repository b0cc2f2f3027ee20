"""Kinds of control: all that the engine reads besides events, in order with them in its own partition.

| kind | body |
|---|---|
| device.put | a herun.registry.DeviceEntry as JSON, without secret_sha256 |
| device.removed | {"device": name} |
| rule.put | a herun.rules rule as JSON, with `version` |
| rule.removed | {"uid": uid} |
| list.put | {"name": name, "hashes": [keyed hashes of plates]} replaces the list |
| alert.closed | {"alert_id": id, "verdict": true/false/drill/nuisance/test, "at": microseconds, "rule_uid", "device"} |
"""

from __future__ import annotations

from enum import StrEnum


class ControlKind(StrEnum):
    """What a control changes; the table above gives each one's body."""

    DEVICE_PUT = "device.put"
    DEVICE_REMOVED = "device.removed"
    RULE_PUT = "rule.put"
    RULE_REMOVED = "rule.removed"
    LIST_PUT = "list.put"
    ALERT_CLOSED = "alert.closed"
