"""Whatever comes in: counted by reason, kept as a dead letter, and the good events before and after it are stored."""

from __future__ import annotations

import json
from typing import Any

from herun import dead_letter_desk as desk
from herun.dead_letters import DeadLetterReason
from herun.mqtt import writer
from herun.registry import DeviceEntry, DeviceFormat
from tests.integration.gateway.device import Device, connected, now_text
from tests.integration.gateway.running import Estate, GatewayProcess, event_payload, until

DEVICE = "estate.sensor-1"
EVENT = "herun/v1/estate/sensor-1/event"


def native(event_id: str = "bad", **more: Any) -> bytes:
    return event_payload(event_id, now_text(), **more)


def with_value(text: str) -> bytes:
    return native().replace(b"21.5", text.encode())


# What a registered device can send on its own topics.
BY_DEVICE: list[tuple[bytes, DeadLetterReason]] = [
    (b"\xff\xfe", DeadLetterReason.NOT_UTF8),
    (b"no json", DeadLetterReason.NOT_JSON),
    (b'{"id":5}', DeadLetterReason.BAD_SHAPE),
    (native().replace(b"temperature", b"a\\u0000b"), DeadLetterReason.BAD_TEXT),
    (native().replace(b"temperature", b"\\ud800"), DeadLetterReason.BAD_TEXT),
    (native(pad="x" * 900_000), DeadLetterReason.TOO_LARGE),
    (with_value("NaN"), DeadLetterReason.BAD_NUMBER),
    (with_value("-Infinity"), DeadLetterReason.BAD_NUMBER),
    (with_value("1e999"), DeadLetterReason.BAD_NUMBER),
    (event_payload("bad", "1970-01-01T00:00:00Z"), DeadLetterReason.BAD_TIME),
    (event_payload("bad", "2100-01-01T00:00:00Z"), DeadLetterReason.BAD_TIME),
    (native(type="vehicle.passed", data={"plate": "A" * 200}), DeadLetterReason.BAD_SHAPE),
    (native(device="sensor-2"), DeadLetterReason.DEVICE_MISMATCH),
    (native(type="nonsense.happened"), DeadLetterReason.UNKNOWN_EVENT_TYPE),
]

# What only somebody who may publish anywhere can send (a foreign broker without permissions, say).
BY_ANYBODY: list[tuple[str, bytes, DeadLetterReason]] = [
    ("herun/v1/estate/nobody/event", native(), DeadLetterReason.UNKNOWN_DEVICE),
    ("herun/v1/estate/dev.ice/event", native(), DeadLetterReason.UNKNOWN_TOPIC),
    ("somewhere/else", native(), DeadLetterReason.UNKNOWN_TOPIC),
    ("herun/v1/estate/sensor-off/event", native(), DeadLetterReason.DEVICE_DISABLED),
    ("device/unknown-serial/message/up/ivs_result", b"{}", DeadLetterReason.UNKNOWN_DEVICE),
    ("zigbee2mqtt/nobody", b'{"smoke":true}', DeadLetterReason.UNKNOWN_DEVICE),
]


async def register_all(estate: Estate) -> None:
    await estate.register(
        DeviceEntry("estate", "sensor-1", 0),
        DeviceEntry("estate", "sensor-off", 0, enabled=False),
        DeviceEntry("estate", "bridge-1", 0, format=DeviceFormat.ZIGBEE2MQTT, base_topic="zigbee2mqtt"),
    )


async def test_each_bad_input_is_a_dead_letter_between_good_events(estate: Estate, gateway: GatewayProcess) -> None:
    await register_all(estate)
    await gateway.start()
    expected: dict[str, int] = {}
    async with connected(estate, DEVICE) as device, connected(estate, "replay", password="secret") as anybody:
        for number, (payload, reason) in enumerate(BY_DEVICE):
            await device.publish(
                (EVENT, native(f"before-{number}")), (EVENT, payload), (EVENT, native(f"after-{number}"))
            )
            expected[reason] = expected.get(reason, 0) + 1
        for topic, payload, reason in BY_ANYBODY:
            await anybody.publish((topic, payload))
            expected[reason] = expected.get(reason, 0) + 1
    letters = await estate.has_letters(len(BY_DEVICE) + len(BY_ANYBODY))
    assert sorted(letter.reason for letter in letters) == sorted(
        [reason for _, reason in BY_DEVICE] + [reason for *_, reason in BY_ANYBODY]
    )
    good = [f"{when}-{number}" for number in range(len(BY_DEVICE)) for when in ("before", "after")]
    await estate.has_events(*good)
    assert "bad" not in {event.event_id for event in await estate.events()}
    for word, count in expected.items():
        assert await gateway.metric(f'herun_gateway_dead_letters_total{{reason="{word}"}}') == count


async def test_a_large_letter_is_cut_and_says_so(estate: Estate, gateway: GatewayProcess) -> None:
    await register_all(estate)
    await gateway.start()
    payload = native(pad="x" * 900_000)
    async with connected(estate, DEVICE) as device:
        await device.publish((EVENT, payload))
    (letter,) = await estate.has_letters(1)
    assert (letter.length, len(letter.raw)) == (len(payload), 256_000)


# What the broker itself refuses: topic, payload, and the word under which it is counted.
REFUSED_BY_THE_BROKER: list[tuple[str, bytes, str]] = [
    ("herun/v1/estate/sensor-2/event", b"x", "publish_denied"),
    ("herun/v1/estate/sensor.1/event", b"x", "publish_denied"),
    ("herun/v1/estate/+/event", b"x", "bad_topic"),
    ("herun/v1/estate/sensor 1/event", b"x", "bad_topic"),
    (EVENT, b"x" * 10_000_000, "too_large"),
]


async def test_what_the_broker_refuses_is_counted_from_its_log(estate: Estate, gateway: GatewayProcess) -> None:
    await register_all(estate)
    await gateway.start()
    async with connected(estate, DEVICE) as device:
        await device.read("before")
        for topic, payload, _ in REFUSED_BY_THE_BROKER:
            await Device(estate, DEVICE, client_id="bad").send_raw(
                writer.encode_publish(topic.encode(), payload, packet_id=1, qos=1)
            )
        assert not await Device(estate, DEVICE, password="wrong").is_let_in()
        await device.read("after")
    await estate.has_events("before", "after")
    for reason in {reason for *_, reason in REFUSED_BY_THE_BROKER} | {"not_authorized"}:

        async def is_counted(reason: str = reason) -> bool:
            return await gateway.metric(f'herun_broker_refused_total{{reason="{reason}"}}') >= 1

        await until(f"{reason} is counted", is_counted)


async def test_dead_letters_are_listed_shown_and_replayed(estate: Estate, gateway: GatewayProcess) -> None:
    await register_all(estate)
    await gateway.start()
    early = ("herun/v1/estate/sensor-new/event", native("too-early"))
    async with connected(estate, "replay", password="secret") as anybody:
        await anybody.publish(early, ("somewhere/else", b"x"))
    await estate.has_letters(2)
    stored = await desk.list_letters(estate.js, reason=DeadLetterReason.UNKNOWN_DEVICE)
    assert [each.letter.mqtt_topic for each in stored] == [early[0]]
    shown = await desk.get_letter(estate.js, stored[0].number)
    assert json.loads(shown.letter.raw)["id"] == "too-early"
    assert len(await desk.list_letters(estate.js, limit=1)) == 1
    assert len(await desk.list_letters(estate.js)) == 2

    await estate.register(DeviceEntry("estate", "sensor-new", 0))

    async def is_known() -> bool:
        return await gateway.metric("herun_gateway_devices") == 4

    await until("the device is known", is_known)
    url = estate.broker.settings["HERUN_MQTT_REPLAY_URL"]
    assert await desk.replay_letters(estate.js, url, stored) == 1
    await estate.has_events("too-early")
    assert [each.letter.mqtt_topic for each in await desk.list_letters(estate.js)] == ["somewhere/else"]
