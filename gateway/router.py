"""From a topic to what is done with its messages, remembered until the registry changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gateway.decoders.contract import Decoder, Route
from gateway.devices import Devices
from gateway.refusal import refused
from herun.dead_letters import DeadLetterReason

# Topics remembered: five a device for ten thousand devices. More than that are somebody's mistake and cost a look-up.
MAX_ROUTES: Final = 50_000


class Router:
    """Asks the decoders in their order; the first that claims a topic has it."""

    def __init__(self, devices: Devices, decoders: Sequence[Decoder]) -> None:
        self._devices = devices
        self._decoders = decoders
        self._routes: dict[bytes, Route] = {}
        self._version = devices.version

    def find(self, topic: bytes) -> Route:
        """The route of a topic. Raises InvalidInputError (`unknown_topic`, `unknown_device`, `device_disabled`)."""
        if self._version != self._devices.version:
            self._routes.clear()
            self._version = self._devices.version
        route = self._routes.get(topic)
        if route is None:
            route = self._claim(topic)
            if len(self._routes) >= MAX_ROUTES:
                self._routes.clear()
            self._routes[topic] = route
        return route

    def _claim(self, topic: bytes) -> Route:
        try:
            text = topic.decode("utf-8")
        except UnicodeDecodeError as error:
            raise refused(DeadLetterReason.UNKNOWN_TOPIC, "topic is not UTF-8") from error
        for decoder in self._decoders:
            route = decoder.claim(text, self._devices)
            if route is not None:
                return route
        raise refused(DeadLetterReason.UNKNOWN_TOPIC, "no format has such a topic")
