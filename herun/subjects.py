"""Names of streams, NATS subjects, buckets and MQTT topics; no other file spells one out."""

from __future__ import annotations

from typing import Final

from herun.frames import FrameKind

STREAM_EVENTS: Final = "EVENTS"
STREAM_DEAD_LETTER: Final = "DEAD_LETTER"
STREAM_ALERTS: Final = "ALERTS"
BUCKET_REGISTRY: Final = "registry"
BUCKET_DEVICE_STATE: Final = "device_state"

# NATS keeps QoS 1 MQTT messages of an account in this stream of its own making.
MQTT_MESSAGES_STREAM: Final = "$MQTT_msgs"


def frame_subject(partition: int, kind: FrameKind) -> str:
    """The NATS subject of a partition's frames of one kind."""
    return f"{STREAM_EVENTS}.{partition}.{kind.value}"


def partition_subjects(partition: int) -> str:
    """The NATS subject filter of all of a partition's frames."""
    return f"{STREAM_EVENTS}.{partition}.*"


def dead_letter_subject(reason: str) -> str:
    """The NATS subject of dead letters of one reason."""
    return f"{STREAM_DEAD_LETTER}.{reason}"


def alerts_subject(site: str) -> str:
    """The NATS subject of a site's alert versions, relayed from the processor's outbox."""
    return f"{STREAM_ALERTS}.{site}"


def live_subject(site: str) -> str:
    """The NATS subject (not stored) that wakes live feeds after a commit."""
    return f"LIVE.{site}"


def command_subject(site: str, device: str) -> str:
    """The NATS subject of commands that the gateway passes down to a device."""
    return f"COMMANDS.{site}.{device}"


def notice_subject(site: str, username: str) -> str:
    """The NATS subject of notices that a gateway passes on to a person's MQTT topic."""
    return f"NOTICES.{site}.{username}"


# On which a gateway asks the API whether somebody who connects by MQTT is who they say.
PEOPLE_SIGN_IN: Final = "PEOPLE.SIGN_IN"


def notice_topic(site: str, username: str) -> str:
    """The MQTT topic of a person's notices; six levels, so that it is no device's."""
    return f"herun/v1/{site}/people/{username}/notice"


def native_topic(site: str, device: str, channel: str) -> str:
    """The MQTT topic of a native device's channel: event, reading, state, command or reply."""
    return f"herun/v1/{site}/{device}/{channel}"
