"""Laws of the bulk reader."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herun.mqtt import writer
from herun.mqtt.packets import (
    VERSION_5,
    VERSION_311,
    Acknowledged,
    Bare,
    Connack,
    Disconnect,
    Packet,
    PacketType,
    ProtocolError,
    Publish,
    Suback,
)
from herun.mqtt.reader import PacketReader

VERSIONS = st.sampled_from([VERSION_311, VERSION_5])

publishes = st.builds(
    lambda topic, payload, packet_id, qos, retain: (topic, payload, packet_id, qos, retain),
    st.text(min_size=1, max_size=40).map(lambda text: text.encode()),
    st.binary(max_size=300),
    st.integers(1, 65_535),
    st.integers(0, 2),
    st.booleans(),
)


def encoded(message: tuple[bytes, bytes, int, int, bool], version: int) -> bytes:
    topic, payload, packet_id, qos, retain = message
    return writer.encode_publish(topic, payload, packet_id=packet_id, qos=qos, retain=retain, version=version)


@given(st.lists(publishes, max_size=8), VERSIONS, st.lists(st.integers(0, 4_000), max_size=12))
def test_packets_are_the_same_in_any_split(
    messages: list[tuple[bytes, bytes, int, int, bool]], version: int, cuts: list[int]
) -> None:
    raw = b"".join(encoded(message, version) for message in messages)
    reader = PacketReader(version=version)
    edges = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    found = [packet for start, stop in pairwise(edges) for packet in reader.feed(raw[start:stop])]
    assert [
        (packet.topic, packet.payload, packet.packet_id, packet.qos, packet.retain)
        for packet in found
        if isinstance(packet, Publish)
    ] == [(topic, payload, packet_id if qos else 0, qos, retain) for topic, payload, packet_id, qos, retain in messages]


@settings(max_examples=300)
@given(st.lists(st.binary(max_size=60), max_size=6), VERSIONS)
def test_arbitrary_bytes_raise_nothing_but_the_protocol_error(chunks: list[bytes], version: int) -> None:
    reader = PacketReader(version=version)
    try:
        for chunk in chunks:
            reader.feed(chunk)
    except ProtocolError:
        return


@settings(max_examples=300)
@given(st.integers(1, 15), st.integers(0, 15), st.binary(max_size=40), VERSIONS)
def test_arbitrary_packets_raise_nothing_but_the_protocol_error(
    kind: int, flags: int, body: bytes, version: int
) -> None:
    reader = PacketReader(version=version)
    try:
        packets = reader.feed(bytes((kind << 4 | flags, len(body))) + body)
    except ProtocolError:
        return
    assert len(packets) == 1


WHOLE: list[tuple[bytes, int, Packet]] = [
    (b"\x20\x02\x01\x00", VERSION_311, Connack(True, 0)),
    (b"\x20\x02\x00\x05", VERSION_311, Connack(False, 5)),
    (b"\x20\x0b\x00\x00\x08\x13\x00\x0a\x21\x00\x64\x24\x01", VERSION_5, Connack(False, 0, 10, 100)),
    (b"\x90\x03\x00\x01\x01", VERSION_311, Suback(1, b"\x01")),
    (b"\x90\x04\x00\x01\x00\x80", VERSION_5, Suback(1, b"\x80")),
    (b"\x40\x02\x01\x02", VERSION_311, Acknowledged(PacketType.PUBACK, 258)),
    (b"\x40\x03\x00\x01\x97", VERSION_5, Acknowledged(PacketType.PUBACK, 1, 0x97)),
    (b"\x62\x02\x00\x07", VERSION_311, Acknowledged(PacketType.PUBREL, 7)),
    (b"\xd0\x00", VERSION_311, Bare(PacketType.PINGRESP, b"")),
    (b"\xe0\x01\x8e", VERSION_5, Disconnect(0x8E)),
    (b"\x3b\x06\x00\x01t\x00\x09x", VERSION_311, Publish(b"t", b"x", 9, 0x0B)),
    (b"\x32\x0b\x00\x01t\x00\x09\x05\x02\x00\x00\x00\x01", VERSION_5, Publish(b"t", b"", 9, 0x02)),
]


@pytest.mark.parametrize(("raw", "version", "packet"), WHOLE)
def test_each_packet_is_read_as_the_standard_says(raw: bytes, version: int, packet: Packet) -> None:
    assert PacketReader(version=version).feed(raw) == [packet]


MALFORMED = [
    (b"\x00\x00", VERSION_311, "reserved type"),
    (b"\x10\x00", VERSION_311, "CONNECT comes from clients"),
    (b"\x21\x02\x00\x00", VERSION_311, "CONNACK with flags"),
    (b"\x20\x01\x00", VERSION_311, "short CONNACK"),
    (b"\x20\x02\x02\x00", VERSION_311, "reserved bits of CONNACK"),
    (b"\x30\x00", VERSION_311, "PUBLISH without a body"),
    (b"\x30\x02\x00\x00", VERSION_311, "PUBLISH without a topic"),
    (b"\x30\x03\x00\x09t", VERSION_311, "topic longer than the packet"),
    (b"\x32\x03\x00\x01t", VERSION_311, "QoS 1 without a packet id"),
    (b"\x32\x05\x00\x01t\x00\x00", VERSION_311, "packet id 0"),
    (b"\x36\x05\x00\x01t\x00\x01", VERSION_311, "QoS 3"),
    (b"\x30\x04\x00\x01t\x05", VERSION_5, "properties longer than the packet"),
    (b"\x30\x03\x00\x01t", VERSION_5, "no properties"),
    (b"\x90\x02\x00\x01", VERSION_311, "SUBACK without a code"),
    (b"\x40\x01\x00", VERSION_311, "short PUBACK"),
    (b"\x30\xff\xff\xff\xff", VERSION_311, "length of five bytes"),
    (b"\x20\x05\x00\x00\x02\xff\x00", VERSION_5, "unknown property"),
]


@pytest.mark.parametrize(("raw", "version", "what"), MALFORMED)
def test_malformed_input_is_a_protocol_error(raw: bytes, version: int, what: str) -> None:
    with pytest.raises(ProtocolError):
        PacketReader(version=version).feed(raw)


def test_a_packet_over_the_limit_is_refused_by_its_header() -> None:
    raw = writer.encode_publish(b"t", b"x" * 2_000)
    with pytest.raises(ProtocolError):
        PacketReader(version=VERSION_311, max_packet_bytes=1_000).feed(raw[:10])


def test_a_large_packet_in_small_pieces_is_read_whole() -> None:
    raw = writer.encode_publish(b"t", b"x" * 3_000_000)
    reader = PacketReader(version=VERSION_311)
    packets = [packet for start in range(0, len(raw), 1_000) for packet in reader.feed(raw[start : start + 1_000])]
    assert packets == [Publish(b"t", b"x" * 3_000_000, 0, 0)]


@given(st.lists(st.integers(1, 65_535), max_size=50))
def test_acknowledgements_are_joined_as_they_are_read(packet_ids: list[int]) -> None:
    packets = PacketReader(version=VERSION_311).feed(writer.encode_pubacks(packet_ids))
    assert packets == [Acknowledged(PacketType.PUBACK, packet_id) for packet_id in packet_ids]
