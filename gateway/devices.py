"""The devices that the gateway knows, by every name under which they speak."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeVar

from gateway.refusal import refused
from herun.dead_letters import DeadLetterReason
from herun.registry import DeviceEntry, DeviceFormat

Name = TypeVar("Name", bound=Hashable)


class Devices:
    """The registry in memory. `version` grows with every change, so that what was derived from it can be dropped."""

    def __init__(self, entries: Iterable[DeviceEntry] = ()) -> None:
        self.version = 0
        self._by_key: dict[str, DeviceEntry] = {}
        self._by_serial: dict[str, str] = {}
        self._bridges: dict[str, str] = {}
        self._children: dict[tuple[str, str, str], str] = {}
        for entry in entries:
            self.put(entry)

    def __len__(self) -> int:
        return len(self._by_key)

    def keys(self) -> set[str]:
        """The keys of all devices."""
        return set(self._by_key)

    def put(self, entry: DeviceEntry) -> None:
        """Adds or replaces a device."""
        if self._by_key.get(entry.key) == entry:
            return
        self.remove(entry.key)
        self._by_key[entry.key] = entry
        if entry.format is DeviceFormat.VZENITH:
            self._by_serial[entry.external_id or entry.device] = entry.key
        elif entry.format is DeviceFormat.ZIGBEE2MQTT and entry.base_topic:
            self._bridges[entry.base_topic] = entry.key
        elif entry.format is DeviceFormat.ZIGBEE2MQTT and entry.bridge:
            self._children[entry.site, entry.bridge, entry.external_id or entry.device] = entry.key
        self.version += 1

    def remove(self, key: str) -> None:
        """Forgets a device; one that is not there is no error."""
        entry = self._by_key.pop(key, None)
        if entry is None:
            return
        _drop(self._by_serial, entry.external_id or entry.device, key)
        _drop(self._bridges, entry.base_topic or "", key)
        _drop(self._children, (entry.site, entry.bridge or "", entry.external_id or entry.device), key)
        self.version += 1

    def get(self, key: str) -> DeviceEntry | None:
        """The device with this key, also if it is disabled."""
        return self._by_key.get(key)

    def native(self, site: str, device: str) -> DeviceEntry:
        """The device that a native topic names. Raises InvalidInputError."""
        entry = self._by_key.get(f"{site}.{device}")
        if entry is not None and entry.format is not DeviceFormat.NATIVE:
            raise refused(DeadLetterReason.UNKNOWN_DEVICE, f"{entry.key} is registered with format {entry.format}")
        return _usable(entry, f"{site}.{device}")

    def camera(self, serial: str) -> DeviceEntry:
        """The Vzenith camera with this serial number. Raises InvalidInputError."""
        return _usable(self._by_key.get(self._by_serial.get(serial, "")), f"camera {serial}")

    def bridge(self, base_topic: str) -> DeviceEntry | None:
        """The Zigbee2MQTT bridge that publishes below this topic, also if it is disabled."""
        return self._by_key.get(self._bridges.get(base_topic, ""))

    def has_child(self, bridge: DeviceEntry, name: str) -> bool:
        """True if a bridge calls a registered device by this name."""
        return (bridge.site, bridge.device, name) in self._children

    def child(self, bridge: DeviceEntry, name: str) -> DeviceEntry:
        """The Zigbee device that a bridge calls by this name. Raises InvalidInputError."""
        key = self._children.get((bridge.site, bridge.device, name), "")
        return _usable(self._by_key.get(key), f"{name} of bridge {bridge.key}")


def _usable(entry: DeviceEntry | None, name: str) -> DeviceEntry:
    if entry is None:
        raise refused(DeadLetterReason.UNKNOWN_DEVICE, f"{name} is not registered")
    if not entry.enabled:
        raise refused(DeadLetterReason.DEVICE_DISABLED, f"{entry.key} is disabled")
    return entry


def _drop(names: dict[Name, str], name: Name, key: str) -> None:
    # Two devices may have been given one name; then it is the later one's and stays.
    if names.get(name) == key:
        del names[name]
