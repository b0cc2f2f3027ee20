"""The reader and paho, side by side: the same bytes from a broker give the same messages, and what each side writes the
other one reads."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from herun.mqtt import writer
from herun.mqtt.packets import VERSION_5, VERSION_311, Acknowledged, PacketType, Publish
from herun.mqtt.reader import PacketReader

PAHO_VERSION = {VERSION_311: MQTTProtocolVersion.MQTTv311, VERSION_5: MQTTProtocolVersion.MQTTv5}
CONNACK = {VERSION_311: b"\x20\x02\x00\x00", VERSION_5: b"\x20\x03\x00\x00\x00"}

Seen = list[tuple[bytes, bytes, int, int, bool, bool]]

messages = st.lists(
    st.tuples(
        st.text(
            st.characters(codec="utf-8", exclude_characters="\0#+", exclude_categories=["Cs"]), min_size=1, max_size=30
        ),
        st.binary(max_size=300),
        st.integers(0, 1),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=20,
)


class PahoSide:
    """A paho client whose broker is the test."""

    def __init__(self, version: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.client = Client(
            CallbackAPIVersion.VERSION2, client_id="paho", protocol=PAHO_VERSION[version], manual_ack=True
        )
        self.client.on_message = self._on_message
        self.seen: Seen = []
        accepted: list[socket.socket] = []
        thread = threading.Thread(target=lambda: accepted.append(self._listener.accept()[0]))
        thread.start()
        self.client.connect("127.0.0.1", self._listener.getsockname()[1])
        thread.join()
        self.broker = accepted[0]
        self.broker.settimeout(5)
        self.broker.sendall(CONNACK[version])
        self.take(4)
        self.broker.recv(1_000)  # CONNECT

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        qos = message.qos
        self.seen.append(
            (
                message.topic.encode(),
                bytes(message.payload),
                message.mid if qos else 0,
                qos,
                message.dup,
                message.retain,
            )
        )

    def take(self, size: int) -> None:
        """Has paho read as much as was sent."""
        while size > 0:
            self.client.loop_read(1)
            size -= 1
            if not self._has_bytes():
                return

    def _has_bytes(self) -> bool:
        sock = self.client.socket()
        assert isinstance(sock, socket.socket)
        sock.setblocking(False)
        try:
            return bool(sock.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return False

    def close(self) -> None:
        self.client.disconnect()
        self.broker.close()
        self._listener.close()


@contextmanager
def paho_side(version: int) -> Iterator[PahoSide]:
    side = PahoSide(version)
    try:
        yield side
    finally:
        side.close()


def as_seen(packets: list[object]) -> Seen:
    return [(p.topic, p.payload, p.packet_id, p.qos, p.dup, p.retain) for p in packets if isinstance(p, Publish)]


@pytest.mark.parametrize("version", [VERSION_311, VERSION_5])
@settings(max_examples=25, deadline=None)
@given(messages, st.integers(1, 200))
def test_equal_bytes_are_equal_messages(
    version: int, messages: list[tuple[str, bytes, int, bool, bool]], step: int
) -> None:
    raw = bytearray()
    for number, (topic, payload, qos, retain, dup) in enumerate(messages, 1):
        packet = bytearray(
            writer.encode_publish(topic.encode(), payload, packet_id=number, qos=qos, retain=retain, version=version)
        )
        packet[0] |= 0x08 if dup and qos else 0
        raw += packet
    reader = PacketReader(version=version)
    with paho_side(version) as paho:
        ours: list[object] = []
        for start in range(0, len(raw), step):
            ours += reader.feed(bytes(raw[start : start + step]))
        paho.broker.sendall(raw)
        paho.take(len(raw))
        assert as_seen(ours) == paho.seen


@pytest.mark.parametrize("version", [VERSION_311, VERSION_5])
@settings(max_examples=25, deadline=None)
@given(messages)
def test_what_paho_publishes_is_read(version: int, messages: list[tuple[str, bytes, int, bool, bool]]) -> None:
    properties = None
    if version == VERSION_5:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = "application/json"
        properties.UserProperty = ("a", "b")
        properties.MessageExpiryInterval = 60
    with paho_side(version) as paho:
        for topic, payload, qos, retain, _ in messages:
            paho.client.publish(topic, payload, qos=qos, retain=retain, properties=properties)
        while paho.client.want_write():
            paho.client.loop_write()
        reader = PacketReader(version=version)
        found: list[object] = []
        while len(found) < min(len(messages), 20):
            found += reader.feed(paho.broker.recv(65_536))
    wanted = [(topic.encode(), payload, qos, retain) for topic, payload, qos, retain, _ in messages]
    assert [(p.topic, p.payload, p.qos, p.retain) for p in found if isinstance(p, Publish)] == wanted


@pytest.mark.parametrize("version", [VERSION_311, VERSION_5])
def test_what_paho_acknowledges_is_read(version: int) -> None:
    with paho_side(version) as paho:
        raw = writer.encode_publish(b"t", b"x", packet_id=77, qos=1, version=version)
        paho.broker.sendall(raw)
        paho.take(len(raw))
        paho.client.ack(77, 1)
        while paho.client.want_write():
            paho.client.loop_write()
        assert PacketReader(version=version).feed(paho.broker.recv(100)) == [Acknowledged(PacketType.PUBACK, 77)]
