"""The gateway as a process: started in the order in which one part needs another, stopped in reverse.

Registry, then the session at the broker, then the answers to devices that connect: so that no device is let in before
its messages are kept, and none of its messages is met before the gateway knows the device.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, Final, TypeVar

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import Error as JetStreamError

from gateway.auth import AuthResponder
from gateway.broker_log import BrokerLog
from gateway.commands import Commands
from gateway.decoders.native import NativeDecoder
from gateway.decoders.vzenith import VzenithDecoder
from gateway.decoders.zigbee2mqtt import Zigbee2MqttDecoder
from gateway.device_state import DeviceStates
from gateway.devices import Devices
from gateway.fill import FillWatch
from gateway.ingest import Ingest
from gateway.lanes import Lane
from gateway.letters import LetterBox
from gateway.normalise import Normaliser
from gateway.people import People
from gateway.picture_retention import PictureRetention
from gateway.pictures import PictureStore
from gateway.registry_watch import RegistryWatch
from gateway.revocation import Revocations
from gateway.router import Router
from gateway.session import Session
from herun import metrics, stream, streams, subjects
from herun.broker_auth import Signer
from herun.frames import FrameKind
from herun.http_status import serve_status
from herun.mqtt.address import parse_broker_url
from herun.settings import Settings, settings
from herun.stream import FrameWriter

log = structlog.get_logger(__name__)

Result = TypeVar("Result")

DRAIN_S: Final = 5.0  # at the end, for what is in flight; the rest is delivered again
RETRY_PAUSE_S: Final = 0.3  # while the stream is not there yet


class Gateway:
    """All parts of the gateway, made of the settings and not yet started."""

    def __init__(self, config: Settings, client: Client, tasks: asyncio.TaskGroup) -> None:
        self._config = config
        self._client = client
        self._tasks = tasks
        self._js = client.jetstream()
        self._devices = Devices()
        self._revocations = None if config.system_nats_url is None else Revocations()
        on_revoked = self._revocations.add if self._revocations else None
        self._registry = RegistryWatch(client, self._devices, config.partitions, on_revoked)
        self._address = parse_broker_url(config.need("mqtt_url"))
        normaliser = Normaliser(config.need("personal_key").encode())
        self._vzenith = VzenithDecoder(normaliser)
        decoders = (NativeDecoder(normaliser), self._vzenith, Zigbee2MqttDecoder(normaliser))
        self._states = DeviceStates(self._js)
        self.pictures = PictureStore(config.objects, durable=config.durable == "power")
        self._lanes: dict[int, Lane] = {}
        self._ingest = Ingest(
            clock=config.make_clock(),
            router=Router(self._devices, decoders),
            lanes=self._lanes,
            letters=LetterBox(self._js),
            pictures=self.pictures,
            on_state=self._states.put,
            tasks=tasks,
        )
        self._lanes.update({number: self._lane(number) for number in range(config.partitions)})
        self._session = Session(self._address, config.gateway_shard, self._ingest)
        metrics.gauge("herun_gateway_in_flight").set_function(lambda: self._ingest.in_flight_messages)
        self._is_answering = False

    async def start(self, parts: AsyncExitStack) -> None:
        """Returns when devices may connect."""
        config, start = self._config, self._start
        start("registry", self._registry.run())
        await self._registry.loaded.wait()
        for number, lane in self._lanes.items():
            start(f"lane-{number}", lane.run())
        start("states", self._states.run())
        start("session", self._session.run())
        await self._session.established.wait()
        ours = (subjects.STREAM_EVENTS, subjects.STREAM_DEAD_LETTER, subjects.STREAM_ALERTS)
        watched = [(self._js, name) for name in ours]
        if config.devices_nats_url is not None:
            devices_js = (await self._connect(parts, "devices_nats_url")).jetstream()
            await bound_the_broker(devices_js)
            watched.append((devices_js, subjects.MQTT_MESSAGES_STREAM))
        start("fill", FillWatch(watched).run())
        start("pictures", PictureRetention(config.objects, config.make_clock(), config.personal_retention_days).run())
        start("broker-log", BrokerLog(config.broker_log or config.data_dir / "logs" / "nats.log").run())
        commands = Commands(self._client, self._address, config.gateway_shard, self._devices, self._vzenith)
        start("commands", commands.run())
        if self._revocations is not None:
            system = await self._connect(parts, "system_nats_url")
            start("revocations", self._revocations.run(system, self._registry.written))
        if config.auth_callout_nats_url is not None:
            client = await self._connect(parts, "auth_callout_nats_url")
            signer = Signer(config.need("auth_callout_seed"))
            await AuthResponder(client, signer, self._devices, People(self._client)).start()
        self._is_answering = True
        log.info("gateway_ready", devices=len(self._devices))

    async def stop(self) -> None:
        """Takes nothing more in, stores and acknowledges what it has, and says goodbye to the broker."""
        self._session.stop_reading()
        if not await self._ingest.drain(DRAIN_S):
            log.warning("not_drained", messages=self._ingest.in_flight_messages)
        await self._session.leave()

    async def not_ready_because(self) -> list[str]:
        """What is missing for messages to get from the broker into the stream."""
        because = []
        if not self._is_answering:
            because.append("the gateway is still starting")
        if not self._session.is_connected:
            because.append("there is no connection to the broker")
        try:
            await streams.stream_fill(self._js, subjects.STREAM_EVENTS)
        except (NatsError, JetStreamError, TimeoutError, OSError) as error:
            because.append(f"the stream does not answer: {error!r}")
        return because

    def _lane(self, number: int) -> Lane:
        return Lane(
            number,
            FrameWriter(self._js, number, FrameKind.EVENTS),
            name=f"gateway-{self._config.gateway_shard}",
            linger_s=self._config.frame_linger_ms / 1000,
            on_stored=self._ingest.stored,
            is_listening=lambda: self._session.is_listening,
        )

    async def _connect(self, parts: AsyncExitStack, setting: str) -> Client:
        client = await connect_patiently(self._config.need(setting), f"gateway-{setting}")
        parts.push_async_callback(client.close)
        return client

    def _start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.create_task(work, name=name)


async def connect_patiently(url: str, name: str) -> Client:
    """A connection to the stream, as soon as there is one to be had."""
    while True:
        try:
            return await stream.connect(url, name)
        except (NatsError, OSError, TimeoutError) as error:
            log.warning("stream_not_there_yet", name=name, error=repr(error))
        await asyncio.sleep(RETRY_PAUSE_S)


async def ensure_patiently(js: JetStreamContext) -> None:
    """Makes the streams and buckets, as soon as the stream takes it."""
    while True:
        try:
            await streams.ensure_streams(js, settings().events_max_mb * streams.MIB)
        except (NatsError, JetStreamError, TimeoutError, OSError) as error:
            log.warning("streams_not_there_yet", error=repr(error))
        else:
            return
        await asyncio.sleep(RETRY_PAUSE_S)


async def bound_the_broker(devices_js: JetStreamContext) -> None:
    """Bounds the buffer in which the broker keeps messages, as soon as it is there: the session has just made it."""
    while True:
        try:
            if await streams.ensure_mqtt_bounds(devices_js, settings().broker_max_mb * streams.MIB):
                return
        except (NatsError, JetStreamError, TimeoutError, OSError) as error:
            log.warning("broker_not_bounded_yet", error=repr(error))
        await asyncio.sleep(RETRY_PAUSE_S)


async def main(stop: asyncio.Event) -> None:
    """The gateway until `stop` is set. Raises FencedError, ConfigurationError."""
    config = settings()
    async with AsyncExitStack() as parts:
        client = await unless_stopped(stop, _prepare(config, parts))
        if client is None:
            return
        try:
            async with asyncio.TaskGroup() as tasks:
                gateway = Gateway(config, client, tasks)
                parts.callback(gateway.pictures.close)
                await parts.enter_async_context(serve_status(config.gateway_http_port, gateway.not_ready_because))
                await unless_stopped(stop, gateway.start(parts))
                await stop.wait()
                await gateway.stop()
                raise _Stopped
        except* _Stopped:
            log.info("gateway_stopped")


async def unless_stopped(stop: asyncio.Event, work: Coroutine[Any, Any, Result]) -> Result | None:
    """What the work gives, or None if `stop` is set before; then the work has been cancelled."""
    working, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        stopped.cancel()
        working.cancel()


async def _prepare(config: Settings, parts: AsyncExitStack) -> Client:
    client = await connect_patiently(config.need("nats_url"), f"gateway-{config.gateway_shard}")
    parts.push_async_callback(client.close)
    await ensure_patiently(client.jetstream())
    return client


class _Stopped(Exception):  # noqa: N818 - no error: it ends the task group
    """The service was asked to stop, and has."""
