"""An alert as the engine writes it and as it is relayed to the API."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import Any, Final, Literal

import msgspec

# Namespace of alert ids: any fixed UUID will do, but it may never change.
_NAMESPACE: Final = uuid.UUID("6f9a1c52-6d1e-5c0a-9d5c-2f3c9d7c1b11")


class AlertState(StrEnum):
    """The engine's side of an alert's life; acknowledging and closing with a verdict belong to people (API)."""

    RAISED = "raised"
    CLEARED = "cleared"


class Correction(StrEnum):
    """How late events have corrected an alert."""

    AMENDED = "amended"  # began or ended at another time, or was counted once too often
    REOPENED = "reopened"  # has not ended after all
    WITHDRAWN = "withdrawn"  # never was, or is counted in another one


class Alert(msgspec.Struct, frozen=True, gc=False):
    """One version of an alert. Times are microseconds UTC; the id never changes, corrections are higher versions.

    `cause` is what raised it first: {"device", "event_id"} or {"timer", "armed_by", "due"}; a detector's adds
    "probability", that a usual week of its series has something as strong (0 to 1). `count` is how many
    occurrences were counted into it. Texts are for people, by language (zh, en), and hold no personal value.

    `merged_into` is the alert that hides this one: that of a dead device above it, or of a storm. `merged_count` is how
    many alerts this one hides, or hid when it was cleared. `order_category` is that of its order, if it is another one.
    An alert of mode `monitor` is measured only: nobody is alerted. `correction` says what a late event changed.
    """

    site: str
    alert_id: str
    version: int
    rule_uid: str
    rule_version: int
    key: str
    state: AlertState
    severity: str
    category: str
    raised_at: int
    updated_at: int
    cleared_at: int | None
    count: int
    device: str | None
    zone: str | None
    building: str | None
    opens_order: bool
    title: dict[str, str]
    text: dict[str, str]
    cause: dict[str, Any]
    mode: Literal["live", "monitor"] = "live"
    merged_into: str | None = None
    merged_count: int = 0
    order_category: str | None = None
    correction: Correction | None = None


def alert_id(site: str, rule_uid: str, key: str, cause: str) -> str:
    """uuid5 of what raised it: the same input gives the same alert, in the live run, a replay and a backtest."""
    return str(uuid.uuid5(_NAMESPACE, f"{site}\0{rule_uid}\0{key}\0{cause}"))


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Alert)


def encode_alert(alert: Alert) -> bytes:
    """The relayed message."""
    return _encoder.encode(alert)


def decode_alert(raw: bytes) -> Alert:
    """The alert of a relayed message. Raises msgspec.ValidationError, which can only be a programming error."""
    return _decoder.decode(raw)
