"""Laws of the Vzenith format."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from herun.errors import InvalidInputError
from herun.events import FLAG_CONTENT_ID
from tests.unit.gateway.made import FIXTURES, NOW, SERIAL, data_of, decoded, make_router

NEW = f"device/{SERIAL}/message/up"
OLD = f"{SERIAL}/device/message/up"


def fixture(name: str) -> dict[str, Any]:
    found = json.loads((FIXTURES / "vzenith" / f"{name}.json").read_text())
    assert isinstance(found, dict)
    return found


def passage(**more: Any) -> dict[str, Any]:
    """A camera of the small field set: no identity, no capture time."""
    result = {"license": base64.b64encode("测B67890".encode()).decode(), "confidence": 90, **more}
    return {"timestamp": 1795424400, "payload": {"AlarmInfoPlate": {"result": {"PlateResult": result}}}}


@pytest.mark.parametrize("topic", [NEW, OLD])
def test_a_passage_is_read_in_both_topic_layouts(topic: str) -> None:
    outcome = decoded(f"{topic}/ivs_result", fixture("ivs_result"))
    (event,) = outcome.events
    assert (event.device, event.event_type, event.event_id) == ("gate-1", "vehicle.passed", "p-4711-1795424399")
    assert event.event_time == 1795424399_000000
    assert event.personal == {"plate": "测A12345"}
    data = data_of(event)
    (picture,) = outcome.pictures
    assert data.pop("picture") == picture.path
    assert len(data.pop("plate_hash")) == 32
    assert len(data.pop("plate_fold")) == 16
    assert {len(each) for each in data.pop("plate_near")} == {12}
    assert data == {"confidence": 97, "plate_color": "blue", "trigger": "1", "direction": "out"}


def test_quick_and_full_result_are_one_passage() -> None:
    quick = decoded(f"{NEW}/quick_ivs_result", fixture("quick_ivs_result")).events[0]
    full = decoded(f"{NEW}/ivs_result", fixture("ivs_result")).events[0]
    assert (quick.event_id, quick.event_time) == (full.event_id, full.event_time)


def test_a_passage_without_identity_is_one_with_the_same_plate_within_ten_seconds() -> None:
    router = make_router()

    def identity(seconds: int) -> str:
        said = {**passage(), "timestamp": 1795424400 + seconds}
        return decoded(f"{OLD}/ivs_result", said, router=router).events[0].event_id

    first = identity(0)
    assert identity(1) == identity(9) == first
    assert identity(30) != first


@pytest.mark.parametrize("word", ["_无_", "", "无牌车", "unknown", "--"])
def test_a_passage_without_a_plate_stays_a_passage(word: str) -> None:
    for text in (word, base64.b64encode(word.encode()).decode()):
        (event,) = decoded(f"{NEW}/ivs_result", passage(license=text, plateid=1)).events
        assert event.personal is None
        assert "plate_hash" not in data_of(event)


@pytest.mark.parametrize(
    ("text", "plate"),
    [
        (base64.b64encode("测A12345".encode()).decode(), "测A12345"),
        (base64.b64encode("测A12345".encode("gb18030")).decode(), "测A12345"),
        (base64.b64encode("测Z1234港|AB1234".encode()).decode(), "测Z1234港|AB1234"),
        ("测AD12345", "测AD12345"),
        ("B2884XYZ", "B2884XYZ"),  # looks like base64, and is none of a plate
    ],
)
def test_a_plate_is_taken_in_base64_or_plain(text: str, plate: str) -> None:
    (event,) = decoded(f"{NEW}/ivs_result", passage(license=text, plateid=1)).events
    assert event.personal == {"plate": plate}


def test_an_encrypted_plate_is_a_passage_without_one() -> None:
    (event,) = decoded(f"{NEW}/ivs_result", passage(license="c2VjcmV0IQ==", is_encrypted=1, plateid=1)).events
    assert event.personal is None


@pytest.mark.parametrize("seconds", [0, 1441815171, 2051222400])
def test_a_capture_time_far_from_now_gives_way_to_the_send_time(seconds: int) -> None:
    said = passage(plateid=1, timeStamp={"Timeval": {"sec": seconds}})
    (event,) = decoded(f"{NEW}/ivs_result", said).events
    assert event.event_time == 1795424400_000000


def test_without_any_time_the_receipt_counts() -> None:
    said = passage()
    said["timestamp"] = 0
    (event,) = decoded(f"{NEW}/ivs_result", said).events
    assert event.event_time == NOW
    assert event.flags == FLAG_CONTENT_ID


def test_a_broken_picture_does_not_cost_the_passage() -> None:
    outcome = decoded(f"{NEW}/ivs_result", passage(plateid=1, imageFile="not base64 !!" * 50))
    assert len(outcome.events) == 1
    assert not outcome.pictures


def test_barrier_input_and_heartbeat_are_events() -> None:
    (event,) = decoded(f"{NEW}/barr_gate_status", fixture("barr_gate_status")).events
    assert (event.event_type, data_of(event)) == ("gate.moved", {"position": "between"})
    (event,) = decoded(f"{NEW}/gpio_in", fixture("gpio_in")).events
    assert (event.event_type, data_of(event)) == ("state.reported", {"name": "input_2", "value": True})
    outcome = decoded(f"{NEW}/keep_alive", b'\0{"timestamp":1795424400}')
    assert outcome.events[0].event_type == "device.connected"
    assert outcome.state is not None


@pytest.mark.parametrize(
    "topic",
    [f"{NEW}/serial_data", f"{NEW}/snapshot", f"device/{SERIAL}/message/down/gpio_out", f"{OLD}/lanectrl_result"],
)
def test_other_messages_are_nothing(topic: str) -> None:
    assert decoded(topic, b"anything").events == []


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("device/other/message/up/ivs_result", passage(), "unknown_device"),
        (f"{NEW}/ivs_result", b"{", "not_json"),
        (f"{NEW}/ivs_result", {"payload": {}}, "bad_shape"),
        (f"{NEW}/ivs_result", passage(license="A" * 200), "bad_shape"),
        (f"{NEW}/ivs_result", passage(license="this is no plate"), "bad_shape"),
        (f"{NEW}/barr_gate_status", {"payload": {"body": {"gate_status": 9}}}, "bad_shape"),
        (f"{NEW}/gpio_in", {"payload": {"body": {"source": -1, "value": 1}}}, "bad_shape"),
    ],
)
def test_bad_input_is_refused_with_its_reason(topic: str, payload: Any, reason: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        decoded(topic, payload)
    assert caught.value.reason == reason
