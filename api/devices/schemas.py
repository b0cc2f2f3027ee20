"""Devices of a site."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from api.schema import MAX_BULK, Body, Moment, Name, Title, View, distinct
from herun.broker_auth import RESERVED_BASE_LEVELS
from herun.names import NAME_PATTERN, is_name
from herun.registry import DeviceFormat, DeviceKind

# One or more levels, each a name: no wildcard, no space, no dot.
BaseTopic = Annotated[str, Field(pattern=f"^{NAME_PATTERN}(/{NAME_PATTERN}){{0,7}}$", examples=["zigbee2mqtt-b07"])]
PLACE: Final = frozenset({"zone", "building", "key_point"})  # fields that say where a device is
ExternalId = Annotated[str, Field(min_length=1, max_length=200)]


class NewDevice(Body):
    """One device.

    A Vzenith camera's `external_id` is its serial number. A Zigbee2MQTT bridge (kind `bridge`) has a `base_topic` whose
    first level no other device may use; its children name it as `bridge` and have no secret of their own.
    `uplink` is the device that this one hangs on (a switch), whose failure explains its silence; unnamed, it is the
    bridge.
    """

    device: Name
    kind: DeviceKind = DeviceKind.SENSOR
    format: DeviceFormat = DeviceFormat.NATIVE
    external_id: ExternalId | None = None
    bridge: Name | None = None
    base_topic: BaseTopic | None = None
    zone: Name | None = None
    building: Name | None = None
    key_point: Title | None = None
    direction: Literal["in", "out"] | None = None
    enabled: bool = True
    uplink: Name | None = None

    @property
    def has_user(self) -> bool:
        """A bridge's child speaks through the bridge; everybody else has a broker user."""
        return self.bridge is None

    @property
    def topic_root(self) -> str | None:
        """The first level of a foreign format's topics: whoever else had it could publish in this device's name."""
        if self.format is DeviceFormat.VZENITH:
            return self.external_id
        return self.base_topic.partition("/")[0] if self.base_topic else None

    @model_validator(mode="after")
    def _fits_its_format(self) -> NewDevice:
        is_bridge = self.kind is DeviceKind.BRIDGE
        zigbee = self.format is DeviceFormat.ZIGBEE2MQTT
        if (self.base_topic is not None) != (zigbee and is_bridge):
            raise ValueError("base_topic is for a bridge of format zigbee2mqtt, which must have one")
        if (self.bridge is not None) != (zigbee and not is_bridge):
            raise ValueError("bridge is for a device of format zigbee2mqtt that is not itself one, which must have one")
        if self.bridge is not None and self.external_id is None:
            raise ValueError("a device behind a bridge needs external_id, its name or IEEE address there")
        if self.format is DeviceFormat.VZENITH and not _is_serial(self.external_id):
            raise ValueError("a vzenith camera needs external_id, its serial number of 1 to 64 of A-Z a-z 0-9 _ -")
        if self.topic_root in RESERVED_BASE_LEVELS:
            raise ValueError(f"{self.topic_root} is reserved")
        return self


class NewDevices(Body):
    """POST /v1/sites/{site}/devices: all or none.

    With `?replace=true` those that exist are replaced and get a new secret.
    """

    devices: Annotated[list[NewDevice], Field(min_length=1, max_length=MAX_BULK), distinct("device")]


class Registering(Body):
    """The query of POST /v1/sites/{site}/devices."""

    replace: Annotated[bool, Field(description="replace those that exist, instead of refusing (409)")] = False


class DeviceSecret(View):
    """The broker user and password of one device; null for the child of a bridge. Shown now and never again."""

    device: str
    username: str | None
    secret: str | None


class DevicesAdded(View):
    """In the order of the request."""

    devices: list[DeviceSecret]


class DeviceChange(Body):
    """PATCH /v1/sites/{site}/devices/{device}: what is left out stays, and null takes away what can be without.

    The desk may move a device (zone, building, key point); the rest is the administrator's.
    """

    enabled: bool | None = None
    rotate_secret: bool = False
    uplink: Name | None = None  # null: none but its bridge
    zone: Name | None = None
    building: Name | None = None
    key_point: Title | None = None

    @property
    def moves(self) -> dict[str, str | None]:
        """What it hangs on and where it is from now on, by field: what the request names."""
        return {name: getattr(self, name) for name in ("uplink", *PLACE) if name in self.model_fields_set}

    @property
    def only_moves(self) -> bool:
        """True if it says nothing but where the device is."""
        return self.model_fields_set <= PLACE


class Device(View):
    """One device as it is registered."""

    device: str
    kind: DeviceKind
    format: DeviceFormat
    external_id: str | None
    bridge: str | None
    base_topic: str | None
    zone: str | None
    building: str | None
    key_point: str | None
    direction: str | None
    enabled: bool
    uplink: str | None
    created_at: Moment
    updated_at: Moment


class DeviceChanged(Device):
    """The device after the change; `secret` only if it was rotated."""

    secret: str | None = None


class Devices(View):
    """One page, by name; `next_cursor` is null on the last."""

    items: list[Device]
    next_cursor: str | None


def _is_serial(text: str | None) -> bool:
    return text is not None and is_name(text)
