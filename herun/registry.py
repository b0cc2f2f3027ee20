"""What the gateway and the engine know of a device, and the key-value bucket that the API keeps it in."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from herun.errors import InvalidInputError


class DeviceFormat(StrEnum):
    """How a device speaks."""

    NATIVE = "native"
    ZIGBEE2MQTT = "zigbee2mqtt"
    VZENITH = "vzenith"


class DeviceKind(StrEnum):
    """What a device is."""

    BARRIER_CAMERA = "barrier_camera"
    PEDESTRIAN_CAMERA = "pedestrian_camera"
    SENSOR = "sensor"
    BRIDGE = "bridge"  # speaks for others (a Zigbee2MQTT instance); has the broker user, its children have none


class DeviceEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One registered device. Key in the bucket: `<site>.<device>`.

    `external_id` is the device's name in its own format: the serial number of a Vzenith camera, the friendly name or
    IEEE address of a Zigbee device. `base_topic` is a bridge's; `bridge` the device that speaks for a child.
    `uplink` is the device that this one hangs on (a switch), without which nobody hears it; unnamed, it is the bridge.
    `secret_sha256` is the hex digest of the password; None: no broker user of its own.
    """

    site: str
    device: str
    partition: int
    kind: DeviceKind = DeviceKind.SENSOR
    format: DeviceFormat = DeviceFormat.NATIVE
    external_id: str | None = None
    bridge: str | None = None
    base_topic: str | None = None
    zone: str | None = None
    building: str | None = None
    key_point: str | None = None
    direction: str | None = None
    secret_sha256: str | None = None
    enabled: bool = True
    uplink: str | None = None

    @property
    def key(self) -> str:
        """Key in the bucket, and name of the broker user."""
        return f"{self.site}.{self.device}"


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(DeviceEntry)


def encode_entry(entry: DeviceEntry) -> bytes:
    """The bucket's value."""
    return _encoder.encode(entry)


def decode_entry(raw: bytes) -> DeviceEntry:
    """The entry of a bucket's value. Raises InvalidInputError (`bad_registry_entry`)."""
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise InvalidInputError("bad_registry_entry", str(error)) from error
