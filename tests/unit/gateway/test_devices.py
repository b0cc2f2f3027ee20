"""Laws of the registry in memory."""

from __future__ import annotations

import msgspec
import pytest

from gateway import router as routing
from gateway.decoders.native import NativeDecoder
from gateway.devices import Devices
from gateway.normalise import Normaliser
from gateway.router import Router
from herun.errors import InvalidInputError
from herun.registry import DeviceEntry, DeviceFormat
from tests.unit.gateway.made import DEVICES, KEY, SERIAL

TOPIC = b"herun/v1/estate/sensor-1/event"


def test_a_removed_device_is_unknown_under_all_of_its_names() -> None:
    devices = Devices(DEVICES)
    bridge = devices.bridge("zigbee2mqtt/house1")
    assert bridge is not None
    for entry in DEVICES:
        devices.remove(entry.key)
    assert len(devices) == 0
    assert devices.bridge("zigbee2mqtt/house1") is None
    with pytest.raises(InvalidInputError, match="unknown_device"):
        devices.native("estate", "sensor-1")
    with pytest.raises(InvalidInputError, match="unknown_device"):
        devices.camera(SERIAL)
    with pytest.raises(InvalidInputError, match="unknown_device"):
        devices.child(bridge, "hall/door")


def test_a_changed_entry_replaces_all_of_its_names() -> None:
    devices = Devices(DEVICES)
    camera = devices.camera(SERIAL)
    devices.put(msgspec.structs.replace(camera, external_id="new-serial"))
    assert devices.camera("new-serial").device == camera.device
    with pytest.raises(InvalidInputError):
        devices.camera(SERIAL)


def test_a_name_given_twice_stays_with_the_device_that_still_has_it() -> None:
    one = DeviceEntry("estate", "gate-1", 0, format=DeviceFormat.VZENITH, external_id="s")
    two = DeviceEntry("estate", "gate-2", 0, format=DeviceFormat.VZENITH, external_id="s")
    devices = Devices([one, two])
    devices.remove(one.key)
    assert devices.camera("s").device == "gate-2"


def test_routes_follow_the_registry() -> None:
    devices = Devices()
    router = Router(devices, [NativeDecoder(Normaliser(KEY))])
    with pytest.raises(InvalidInputError):
        router.find(TOPIC)
    devices.put(DEVICES[0])
    assert router.find(TOPIC) is router.find(TOPIC)
    devices.put(msgspec.structs.replace(DEVICES[0], enabled=False))
    with pytest.raises(InvalidInputError, match="device_disabled"):
        router.find(TOPIC)


def test_no_more_routes_are_remembered_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "MAX_ROUTES", 2)
    router = Router(Devices(DEVICES), [NativeDecoder(Normaliser(KEY))])
    for channel in ("event", "reading", "state", "reply", "command"):
        router.find(f"herun/v1/estate/sensor-1/{channel}".encode())
    assert len(router._routes) <= 2


def test_a_topic_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="unknown_topic"):
        Router(Devices(), []).find(b"\xff")
