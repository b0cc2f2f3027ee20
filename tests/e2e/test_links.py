"""The devices' connections keep what the broker has not acknowledged, on a real broker."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiomqtt
import pytest

from herun.stack.broker import find_nats_server
from simulators.happenings import Message
from simulators.links import OFFLINE, ONLINE, Credentials, LinkRefusedError, Links
from tests.support.box import until
from tests.support.ports import free_port

PATIENCE_S = 20.0
PRESENCE = "herun/v1/s/one/state"
ONE = {"one": Credentials("device", "secret", PRESENCE)}

_CONFIGURATION = """
server_name: links
listen: "127.0.0.1:{nats_port}"
jetstream {{ store_dir: "{store}" }}
mqtt {{ listen: "127.0.0.1:{mqtt_port}" }}
authorization {{ user: device, password: secret }}
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder: Path = tmp_path_factory.mktemp("broker")
    mqtt_port = free_port()
    text = _CONFIGURATION.format(nats_port=free_port(), mqtt_port=mqtt_port, store=folder / "js")
    (folder / "nats.conf").write_text(text)
    log = folder / "nats.log"
    with log.open("wb") as output:
        broker = subprocess.Popen([find_nats_server(), "-c", folder / "nats.conf"], stdout=output, stderr=output)
    until(lambda: "Server is ready" in log.read_text(), PATIENCE_S, "the broker is ready")
    yield mqtt_port
    broker.terminate()
    broker.wait()


@pytest.fixture
async def listener(port: int) -> AsyncIterator[aiomqtt.Client]:
    async with aiomqtt.Client("127.0.0.1", port, username="device", password="secret") as client:
        await client.subscribe("#", qos=1)
        yield client


@pytest.fixture
async def links(port: int) -> AsyncIterator[Links]:
    its = Links("127.0.0.1", port, ONE)
    yield its
    await its.close()


def say(n: int) -> Message:
    return Message(0, "one", "herun/v1/s/one/event", str(n).encode(), "about", "one")


async def heard(listener: aiomqtt.Client, count: int) -> list[bytes]:
    """The next so many payloads."""
    got: list[bytes] = []
    async for message in listener.messages:
        if message.retain:  # from the test before
            continue
        assert isinstance(message.payload, bytes)
        got.append(message.payload)
        if len(got) == count:
            return got
    raise AssertionError("the broker has gone")


async def heard_all(listener: aiomqtt.Client, wanted: set[bytes]) -> None:
    """Returns once each was heard, some perhaps twice: a connection that is slow to come up says so again."""
    missing = set(wanted)
    while missing:
        (payload,) = await heard(listener, 1)
        assert payload in wanted
        missing.discard(payload)


async def test_what_is_said_while_the_link_is_down_is_sent_when_it_is_back(
    links: Links, listener: aiomqtt.Client
) -> None:
    await links.open()
    assert await heard(listener, 1) == [ONLINE]
    links.break_off(["one"])
    assert await heard(listener, 1) == [OFFLINE]
    for n in range(3):
        await links.publish(say(n))
    await links.restore("one")
    await links.drained(PATIENCE_S)
    await heard_all(listener, {b"0", b"1", b"2", ONLINE})
    assert (links.published, links.acknowledged) == (3, 3)
    await links.close()
    assert await heard(listener, 1) == [OFFLINE]


async def test_more_than_are_allowed_in_flight_get_through(links: Links, listener: aiomqtt.Client) -> None:
    await links.open()
    for n in range(1_000):
        await links.publish(say(n))
    await links.drained(PATIENCE_S)
    assert await heard(listener, 1_001) == [ONLINE, *(str(n).encode() for n in range(1_000))]


async def test_a_wrong_password_is_told_with_the_device(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulators.links.CONNECT_TIMEOUT_S", 1.0)
    links = Links("127.0.0.1", port, {"one": Credentials("device", "wrong")})
    with pytest.raises(ExceptionGroup) as failure:
        await links.open()
    assert failure.group_contains(LinkRefusedError, match="one: ")
    await links.close()
