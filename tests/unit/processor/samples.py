"""Events, controls and rules for the processor's tests."""

from __future__ import annotations

import json
from typing import Any, Final

from herun.events import Event
from herun.frames import Control

SITE: Final = "herun"
SECOND_US: Final = 1_000_000
START_US: Final = 1_790_000_000_000_000  # some time in September 2026


def event(
    event_id: str,
    at_us: int,
    value: Any = 1.0,
    *,
    device: str = "d1",
    event_type: str = "reading.reported",
    sequence: int | None = None,
    flags: int = 0,
    personal: dict[str, str] | None = None,
    data: dict[str, Any] | None = None,
) -> Event:
    """A reading, or whatever else is asked for."""
    body = {"metric": "level", "value": value} if data is None else data
    return Event(SITE, device, event_id, event_type, 1, at_us, json.dumps(body), personal, sequence, flags)


def rule(uid: str, kind: str, *, types: tuple[str, ...] = ("reading.reported",), **fields: Any) -> dict[str, Any]:
    """A rule with all that this kind does not ask about filled in."""
    match = fields.pop("match", {})
    return {
        "uid": uid,
        "kind": kind,
        "title": {"zh": f"规则 {uid}", "en": f"Rule {uid}"},
        "text": {"zh": "{device} {value}", "en": "{device} at {value} in {zone}, {count} times for {duration}"},
        "category": "test",
        "match": {"event_types": list(types), **match},
        **fields,
    }


def put_rule(body: dict[str, Any], control_id: str = "") -> Control:
    return Control(SITE, control_id or f"put-{body['uid']}", "rule.put", body)


def put_device(device: str, control_id: str = "", **fields: Any) -> Control:
    body = {"device": device, "kind": "sensor", **fields}
    return Control(SITE, control_id or f"put-{device}", "device.put", body)


def put_list(name: str, *hashes: str) -> Control:
    return Control(SITE, f"list-{name}", "list.put", {"name": name, "hashes": list(hashes)})


def close_alert(alert_id: str, verdict: str = "true") -> Control:
    return Control(SITE, f"close-{alert_id}", "alert.closed", {"alert_id": alert_id, "verdict": verdict, "at": 0})
