"""Notices by MQTT, all the way: the API, the gateway and the broker, and the app of a worker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from pydantic import SecretStr

from api.notices import delivery, sign_in, spreading
from api.notices.channels.contract import ChannelName
from api.resources import Resources
from api.serve import opened
from api.sessions import tokens
from api.transactions import SYSTEM, begin
from api.work_orders import service as work_orders
from herun import subjects
from herun.clock import MINUTE_US, SECOND_US, ManualClock, SystemClock
from herun.registry import DeviceEntry
from tests.integration.api.running import SITE, World
from tests.integration.gateway.device import Device
from tests.integration.gateway.running import Broker, Estate, GatewayProcess

HEARD_S = 10.0
TOPIC = "herun/v1/s1/people/gwen/notice"


@dataclass
class Net:
    """Broker, gateway and API together."""

    world: World
    resources: Resources
    broker: Broker
    gateway: GatewayProcess

    def token(self, who: str) -> str:
        return tokens.issue(self.resources, who)[0]

    @asynccontextmanager
    async def app(self, who: str, **changes: Any) -> AsyncIterator[aiomqtt.Client]:
        """Somebody's app: signs in with their token, keeps its session."""
        values = {
            "username": f"people/{who}",
            "password": self.token(who),
            "identifier": f"people/{who}/phone",
            "clean_session": False,
            **changes,
        }
        async with aiomqtt.Client("127.0.0.1", self.broker.ports.mqtt, **values) as client:
            yield client

    async def is_let_in(self, who: str, **changes: Any) -> bool:
        try:
            async with self.app(who, **changes):
                return True
        except aiomqtt.MqttError:
            return False

    async def dispatch(self) -> None:
        """An alert whose order goes to gwen at once, and one round of everything."""
        at = self.resources.clock.now_us()
        alert = self.world.alert(raised_at=at, updated_at=at)
        async with begin(self.resources, SITE, SYSTEM) as tx:
            await work_orders.follow_alert(tx, alert)
        while await spreading.spread_batch(self.resources, self.resources.channels):
            pass
        channel = self.resources.channels.channels[ChannelName.MQTT]
        await delivery.deliver_batch(self.resources, self.resources.channels, channel)


@pytest.fixture
async def net(world: World, tmp_path: Path) -> AsyncIterator[Net]:
    folder = tmp_path / "net"
    folder.mkdir()
    broker = Broker(folder)
    await broker.start()
    gateway = GatewayProcess(broker, folder)
    settings = world.resources.settings.model_copy(
        update={"nats_url": SecretStr(broker.settings["HERUN_NATS_URL"]), "data_dir": folder}
    )
    try:
        async with opened(settings, SystemClock()) as resources:
            await resources.nats.subscribe(subjects.PEOPLE_SIGN_IN, cb=sign_in.answering(resources))
            await gateway.start()
            yield Net(world, resources, broker, gateway)
    finally:
        gateway.end()
        broker.kill()


async def heard(app: aiomqtt.Client) -> dict[str, Any]:
    message = await asyncio.wait_for(anext(app.messages), HEARD_S)
    assert isinstance(message.payload, bytes)
    return {"topic": str(message.topic), **json.loads(message.payload)}


async def test_a_worker_hears_of_their_orders_also_of_those_that_came_while_they_were_away(net: Net) -> None:
    async with net.app("gwen") as app:
        await app.subscribe(TOPIC, qos=1)
        await net.dispatch()
        first = await heard(app)
    assert (first["topic"], first["kind"], first["title"]) == (TOPIC, "dispatched", "新工单")
    await net.dispatch()
    async with net.app("gwen") as app:
        second = await heard(app)
    assert second["number"] != first["number"]
    assert second["id"] != first["id"]
    assert {row["state"] for row in net.world.rows("SELECT state FROM notices WHERE channel = 'mqtt'")} == {"sent"}


async def test_nobody_else_reads_them_and_nobody_says_anything(net: Net) -> None:
    async with net.app("gwen") as gwen, net.app("greg") as greg:
        await gwen.subscribe(TOPIC, qos=1)
        for topic in (TOPIC, "herun/v1/s1/people/+/notice", "herun/#", "#"):
            (answer,) = await greg.subscribe(topic, qos=1)
            assert getattr(answer, "value", answer) >= 0x80, topic
        # The broker acknowledges what it does not allow, and drops it.
        await greg.publish(TOPIC, b'{"kind": "forged"}', qos=1)
        await greg.publish("herun/v1/s1/d1/event", b"{}", qos=1)
        await net.dispatch()
        assert (await heard(gwen))["kind"] == "dispatched"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(greg.messages), 1)
    estate = Estate(net.broker, net.resources.nats, net.broker._folder)
    assert await estate.letters() == []
    assert await estate.events() == []


async def test_only_ones_own_token_opens_the_door(net: Net) -> None:
    assert await net.is_let_in("gwen")
    assert not await net.is_let_in("gwen", password=net.token("greg"))
    assert not await net.is_let_in("gwen", password="made-up")
    assert not await net.is_let_in("nobody", password=net.token("gwen"))
    for stolen in ("people/greg", "people/greg/phone", "people/gwenda", "herun-gateway-0", "s1:d1"):
        assert not await net.is_let_in("gwen", identifier=stolen), stolen
    net.world.rows("UPDATE people SET enabled = false WHERE username = 'gwen'")
    assert not await net.is_let_in("gwen")


async def test_a_device_takes_no_persons_session(net: Net) -> None:
    estate = Estate(net.broker, net.resources.nats, net.broker._folder)
    await estate.register(DeviceEntry("s1", "d1", 0))
    assert await Device(estate, "s1.d1").is_let_in()
    assert not await Device(estate, "s1.d1", client_id="people/gwen/phone").is_let_in()


async def test_a_connection_ends_with_its_token(net: Net) -> None:
    almost = net.resources.settings.token_minutes * MINUTE_US - 3 * SECOND_US
    earlier = replace(net.resources, wall=ManualClock(SystemClock().now_us() - almost))
    token = tokens.issue(earlier, "gwen")[0]
    async with net.app("gwen", password=token) as app:
        await app.subscribe(TOPIC, qos=1)
        with pytest.raises(aiomqtt.MqttError):
            await asyncio.wait_for(anext(app.messages), HEARD_S)


async def test_without_a_gateway_a_notice_waits(net: Net) -> None:
    async with net.app("gwen"):
        pass
    net.gateway.end()
    await net.dispatch()
    (row,) = net.world.rows("SELECT * FROM notices WHERE channel = 'mqtt'")
    assert (row["state"], row["tries"]) == ("waiting", 1)
