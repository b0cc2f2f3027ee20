"""The way down: a request on `COMMANDS.<site>.<device>` becomes a message on the device's command topic.

The request is a JSON object `{"name": ..., "arguments": {...}}`; the answer `{"published": true, "mqtt_topic": ...}`
once the broker has it, or `{"published": false, "why": ...}`. Whether the device did it, it says itself, later.

A notice on `NOTICES.<site>.<username>` goes the same way, as it is, to that person's topic.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import aiomqtt
import msgspec
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from gateway.decoders.vzenith import VzenithDecoder
from gateway.devices import Devices
from herun import subjects
from herun.clock import SECOND_US, SystemClock
from herun.mqtt.address import BrokerAddress
from herun.names import is_name
from herun.registry import DeviceEntry, DeviceFormat

log = structlog.get_logger(__name__)

CLIENT_ID_PREFIX: Final = "herun-commands-"
RECONNECT_PAUSE_S: Final = 1.0
PUBLISH_TIMEOUT_S: Final = 3.0  # of one command; a barrier that opens later surprises
_QOS: Final = 1
_ONE_OF_US: Final = "gateways"  # of several gateways at one broker, one publishes a notice
_RAISE_BARRIER: Final = "raise_barrier"
# Output 0 closed for half a second: the pulse that raises the barrier.
_BARRIER_PULSE: Final = {"io": 0, "value": 2, "delay": 500}
_WALL: Final = SystemClock()  # the camera compares it with its own clock


class Command(msgspec.Struct):
    """What is asked of a device."""

    name: str
    arguments: dict[str, Any] = {}
    id: str = ""


_decode: Final = msgspec.json.Decoder(Command).decode


class Commands:
    """Passes commands down; one at a time, in the order of their coming."""

    def __init__(
        self, client: Client, address: BrokerAddress, shard: str, devices: Devices, vzenith: VzenithDecoder
    ) -> None:
        self._client = client
        self._address = address
        self._client_id = f"{CLIENT_ID_PREFIX}{shard}"
        self._devices = devices
        self._vzenith = vzenith
        self._broker: aiomqtt.Client | None = None

    async def run(self) -> None:
        """For ever."""
        await self._client.subscribe(subjects.command_subject("*", "*"), cb=self._on_request)
        await self._client.subscribe(subjects.notice_subject("*", "*"), queue=_ONE_OF_US, cb=self._on_notice)
        while True:
            try:
                await self._stay_connected()
            except aiomqtt.MqttError as error:
                log.warning("command_connection_ended", error=repr(error))
            finally:
                self._broker = None
            await asyncio.sleep(RECONNECT_PAUSE_S)

    async def _stay_connected(self) -> None:
        client = aiomqtt.Client(
            self._address.host,
            self._address.port,
            username=self._address.username,
            password=self._address.password,
            identifier=self._client_id,
        )
        async with client:
            self._broker = client
            async for _ in client.messages:  # none are subscribed to: it ends with the connection
                continue

    async def _on_request(self, request: Msg) -> None:
        try:
            topic, payload = self._message(request)
        except ValueError as error:
            await _refuse(request, error)
        else:
            await self._pass_on(request, topic, payload)

    async def _on_notice(self, request: Msg) -> None:
        _, site, username = request.subject.split(".")
        if is_name(site) and is_name(username):
            await self._pass_on(request, subjects.notice_topic(site, username), request.data)
        else:
            await _refuse(request, ValueError("a notice is for a name of a site"))

    async def _pass_on(self, request: Msg, topic: str, payload: bytes) -> None:
        try:
            await self._publish(topic, payload)
        except (aiomqtt.MqttError, TimeoutError) as error:
            await _refuse(request, error)
        else:
            await _respond(request, {"published": True, "mqtt_topic": topic})

    def _message(self, request: Msg) -> tuple[str, bytes]:
        """Topic and payload of a request. Raises ValueError for one that cannot be meant."""
        _, site, device = request.subject.split(".")
        entry = self._devices.get(f"{site}.{device}")
        if entry is None or not entry.enabled:
            raise ValueError(f"{site}.{device} is not registered, or disabled")
        command = _decode(request.data)
        if entry.format is DeviceFormat.NATIVE:
            return subjects.native_topic(site, device, "command"), request.data
        if entry.format is DeviceFormat.VZENITH:
            return self._for_camera(entry, command)
        bridge = self._devices.get(f"{site}.{entry.bridge}")
        if bridge is None or not bridge.base_topic:
            raise ValueError(f"{entry.key} has no bridge")
        return f"{bridge.base_topic}/{entry.external_id or device}/set", msgspec.json.encode(command.arguments)

    def _for_camera(self, entry: DeviceEntry, command: Command) -> tuple[str, bytes]:
        name, body = command.name, command.arguments
        if name == _RAISE_BARRIER:
            name, body = "gpio_out", {**_BARRIER_PULSE, **body}
        if not name.isidentifier():
            raise ValueError("the name of a command is one word")
        serial = entry.external_id or entry.device
        message = {
            "id": command.id,
            "sn": serial,
            "name": name,
            "version": "1.0",
            "timestamp": _WALL.now_us() // SECOND_US,
            "payload": {"type": name, "body": body},
        }
        return self._vzenith.command_topic(serial, name), msgspec.json.encode(message)

    async def _publish(self, topic: str, payload: bytes) -> None:
        if self._broker is None:
            raise TimeoutError("the broker is away")
        await self._broker.publish(topic, payload, qos=_QOS, timeout=PUBLISH_TIMEOUT_S)


async def _refuse(request: Msg, error: Exception) -> None:
    log.warning("command_not_published", nats_subject=request.subject, error=repr(error))
    await _respond(request, {"published": False, "why": str(error) or repr(error)})


async def _respond(request: Msg, answer: dict[str, Any]) -> None:
    if request.reply:
        await request.respond(msgspec.json.encode(answer))
