"""Laws of the native format."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.decoders.native import MAX_EVENTS_PER_MESSAGE
from herun.catalogue import CATALOGUE, EventType, PersonalClass
from herun.dead_letters import DeadLetterReason
from herun.errors import InvalidInputError
from herun.events import FLAG_CONTENT_ID, FLAG_REDELIVERED
from herun.frames import MAX_EVENT_BYTES
from herun.personal import plate_hashes
from tests.architecture.event_page import message_of
from tests.unit.gateway.made import KEY, NOW, TIME, data_of, decoded, make_router, message, native

EVENT = "herun/v1/estate/sensor-1/event"
READING = "herun/v1/estate/sensor-1/reading"
CAMERA = "herun/v1/estate/camera-1/event"
STATE = "herun/v1/estate/sensor-1/state"
JPEG = base64.b64encode(b"\xff\xd8\xff\xe0" + b"made up" * 40).decode()


def test_an_event_is_what_was_said_under_the_topics_device() -> None:
    outcome = decoded(EVENT, native(sequence=7))
    (event,) = outcome.events
    assert (event.site, event.device, event.event_id, event.sequence) == ("estate", "sensor-1", "e-1", 7)
    assert (event.event_type, event.event_time) == ("reading.reported", NOW - 1_000_000)
    assert data_of(event) == {"metric": "temperature", "value": 21.5}
    assert outcome.partition == 2
    assert not outcome.has_more


def test_a_reading_needs_no_type_and_an_event_does() -> None:
    said = native()
    del said["type"]
    assert decoded(READING, said).events[0].event_type == "reading.reported"
    with pytest.raises(InvalidInputError, match="type is missing"):
        decoded(EVENT, said)


def test_redelivery_is_told_to_the_engine() -> None:
    assert decoded(EVENT, native(), dup=True).events[0].flags == FLAG_REDELIVERED


def test_a_retained_event_is_the_past_and_no_event() -> None:
    assert decoded(EVENT, native(), retain=True).events == []


def test_personal_fields_leave_the_event_and_a_keyed_hash_stays() -> None:
    said = native(type="vehicle.passed", data={"plate": "测 A·12345", "confidence": 98, "lane": "1"})
    (event,) = decoded(CAMERA, said).events
    assert event.personal == {"plate": "测A12345"}
    hashes = plate_hashes(KEY, "测A12345")
    assert hashes is not None
    assert data_of(event) == {
        "plate_hash": hashes.exact,
        "plate_fold": hashes.fold,
        "plate_near": list(hashes.near),
        "confidence": 98,
        "lane": "1",
        "direction": "in",  # of the device's registration
    }


@pytest.mark.parametrize("word", ["_无_", "无牌", "无牌车", "unknown", "京A12?45", "京A1*345", "京A12", "未识别"])
def test_what_is_no_whole_plate_is_kept_for_people_and_matches_nothing(word: str) -> None:
    (event,) = decoded(CAMERA, native(type="vehicle.passed", data={"plate": word, "lane": "1"})).events
    assert event.personal is not None
    assert data_of(event) == {"lane": "1", "direction": "in"}


@pytest.mark.parametrize(
    ("event_type", "said", "becomes"),
    [
        ("gate.moved", {"position": "OPEN"}, {"position": "open"}),
        ("gate.moved", {"position": " Closed "}, {"position": "closed"}),
        ("vehicle.passed", {"direction": "OUT"}, {"direction": "out"}),
        ("vehicle.passed", {"direction": ""}, {"direction": "in"}),  # of the device's registration
        ("person.captured", {"count": 2.0, "direction": "Out"}, {"count": 2.0, "direction": "out"}),
    ],
)
def test_a_word_is_taken_in_any_spelling_of_its_case(
    event_type: str, said: dict[str, Any], becomes: dict[str, Any]
) -> None:
    (event,) = decoded(CAMERA, native(type=event_type, data=said)).events
    assert data_of(event) == becomes


@pytest.mark.parametrize(
    ("event_type", "said", "reason", "told"),
    [
        ("gate.moved", {"position": "up"}, "bad_shape", "position is 'up', expected one of open, closed, between"),
        ("gate.moved", {"position": ""}, "bad_shape", "position is missing"),
        ("vehicle.passed", {"direction": "inward"}, "bad_shape", "direction is 'inward', expected one of in, out"),
        ("person.captured", {"count": -3}, "bad_number", "count is -3, expected a whole number, at least 0"),
        ("person.captured", {"count": 2.5}, "bad_number", "count is 2.5, expected a whole number, at least 0"),
    ],
)
def test_a_value_that_nothing_would_understand_is_set_aside(
    event_type: str, said: dict[str, Any], reason: str, told: str
) -> None:
    with pytest.raises(InvalidInputError, match=told) as refused:
        decoded(CAMERA, native(type=event_type, data=said))
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "event_type", [each for each in CATALOGUE.values() if not each.derived], ids=lambda it: it.name
)
def test_the_guides_example_of_each_event_type_is_taken_as_it_stands(event_type: EventType) -> None:
    said = {**message_of(event_type), "time": TIME}
    (event,) = decoded(CAMERA, said).events
    assert event.event_type == event_type.name
    assert set(event.personal or ()) == {
        name for name in event_type.example if event_type.fields[name].personal is not PersonalClass.NONE
    }


def test_a_device_can_say_nothing_that_only_the_engine_derives() -> None:
    for name in ("passage.completed", "passage.flagged"):
        with pytest.raises(InvalidInputError, match="not in the catalogue"):
            decoded(CAMERA, native(type=name, data={"kind": "vehicle", "finding": "clone"}))


def test_an_unknown_field_is_treated_as_personal() -> None:
    (event,) = decoded(EVENT, native(data={"metric": "m", "value": 1, "owner": "made up", "more": {"a": [1]}})).events
    assert event.personal == {"owner": "made up", "more": '{"a":[1]}'}
    assert "owner" not in event.data


@pytest.mark.parametrize("value", [r"C:\u0000", [r"\u0000"], {r"a\u0000": 1}])
def test_the_characters_of_an_escape_are_no_nul(value: Any) -> None:
    (event,) = decoded(EVENT, native(data={"metric": "m", "value": 1, "note": value})).events
    assert event.personal is not None
    kept = event.personal["note"]
    assert (kept if isinstance(value, str) else json.loads(kept)) == value


@pytest.mark.parametrize("value", ["a\0b", ["\0"], {"a": {"b\0": 1}}, [[{"a": "\0"}]]])
def test_a_nul_anywhere_in_an_unknown_field_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInputError, match="bad_text"):
        decoded(EVENT, native(data={"metric": "m", "value": 1, "note": value}))


def test_a_picture_leaves_the_event_for_a_path() -> None:
    said = native(type="person.captured", data={"count": 1, "picture": JPEG})
    outcome = decoded(CAMERA, said)
    (picture,) = outcome.pictures
    assert picture.content == base64.b64decode(JPEG)
    assert data_of(outcome.events[0])["picture"] == picture.path
    assert decoded(CAMERA, native(type="person.captured", data={"picture": "data:image/jpeg;base64," + JPEG})).pictures


def test_a_text_that_is_no_picture_is_never_taken_for_a_path() -> None:
    (event,) = decoded(CAMERA, native(type="person.captured", data={"picture": "../../etc/passwd"})).events
    assert "picture" not in data_of(event)
    assert event.personal == {"picture": "../../etc/passwd"}


def test_a_large_event_is_taken_if_its_picture_makes_it_large() -> None:
    large = base64.b64encode(b"\xff\xd8\xff\xe0" + b"\1" * 2 * MAX_EVENT_BYTES).decode()
    assert decoded(CAMERA, native(type="person.captured", data={"picture": large})).events
    with pytest.raises(InvalidInputError, match="too_large"):
        decoded(CAMERA, native(type="person.captured", data={"picture": JPEG, "name": "x" * MAX_EVENT_BYTES}))


def test_an_array_gives_its_good_events_and_a_letter_for_each_bad_one() -> None:
    outcome = decoded(EVENT, [native("e-1"), native("e-2", type="nonsense.happened"), 5, native("e-4")])
    assert [event.event_id for event in outcome.events] == ["e-1", "e-4"]
    assert [letter.reason for letter in outcome.letters] == ["unknown_event_type", "bad_shape"]
    assert json.loads(outcome.letters[0].raw)["id"] == "e-2"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (r'{"id": "\ud800"}', "bad_text"),
        (r'{"data": {"\udc00]": [1, "}"]}}', "bad_text"),
        (json.dumps(native(data={"metric": "m", "value": math.nan})), "bad_number"),
    ],
)
def test_an_element_with_broken_text_takes_no_other_with_it(bad: str, reason: str) -> None:
    good = json.dumps(native("e-1")), json.dumps(native("e-3", data={"metric": "温", "value": 1}))
    outcome = decoded(EVENT, f" [ {good[0]} ,\n{bad}, {good[1]} ] ")
    assert [event.event_id for event in outcome.events] == ["e-1", "e-3"]
    assert [(letter.reason, letter.raw.decode()) for letter in outcome.letters] == [(reason, bad)]


@pytest.mark.parametrize("text", [r'["\ud800"', r'["\ud800"]]', r'["\ud800" 5]', r'["\ud800",]', r'[,"\ud800"]'])
def test_what_is_no_array_is_refused_whole(text: str) -> None:
    with pytest.raises(InvalidInputError, match="not_json"):
        decoded(EVENT, text)


def test_an_array_with_broken_text_has_the_same_bound() -> None:
    with pytest.raises(InvalidInputError, match="too_large"):
        decoded(EVENT, "[" + ",".join([r'"\ud800"'] * (MAX_EVENTS_PER_MESSAGE + 2)) + "]")


def test_an_array_has_a_bound() -> None:
    assert len(decoded(EVENT, [native(str(number)) for number in range(MAX_EVENTS_PER_MESSAGE)]).events) == 500
    with pytest.raises(InvalidInputError, match="too_large"):
        decoded(EVENT, [native(str(number)) for number in range(MAX_EVENTS_PER_MESSAGE + 1)])


def test_an_array_that_no_frame_can_hold_is_refused() -> None:
    many = [native(str(number), data={"metric": "m", "value": 1, "note": "x" * 60_000}) for number in range(40)]
    with pytest.raises(InvalidInputError, match="too_large"):
        decoded(EVENT, many)


@pytest.mark.parametrize("source", ["sensor-1", "/estate/sensor-1", "herun:estate/sensor-1", "estate.sensor-1"])
def test_a_source_that_names_the_topics_device_is_taken(source: str) -> None:
    assert decoded(EVENT, native(source=source)).events


@pytest.mark.parametrize(
    "more",
    [{"source": "sensor-2"}, {"source": "other/sensor-1"}, {"device": "sensor-2"}, {"site": "other"}, {"source": ""}],
)
def test_a_payload_that_names_another_device_is_refused(more: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError, match="device_mismatch"):
        decoded(EVENT, native(**more))


def with_data(**data: Any) -> dict[str, Any]:
    return native(data={"metric": "temperature", "value": 1, **data})


BAD: list[tuple[str, bytes | str | dict[str, Any], DeadLetterReason]] = [
    ("not UTF-8", b'{"id":"\xff\xfe"}', DeadLetterReason.NOT_UTF8),
    ("surrogate as UTF-8", b'{"id":"\xed\xa0\x80"}', DeadLetterReason.NOT_UTF8),
    ("not JSON", "hello", DeadLetterReason.NOT_JSON),
    ("nothing", "", DeadLetterReason.NOT_JSON),
    ("cut", '{"id": "e-1", "ti', DeadLetterReason.NOT_JSON),
    ("two values", json.dumps(native()) + "{}", DeadLetterReason.NOT_JSON),
    ("a number", "5", DeadLetterReason.BAD_SHAPE),
    ("null", "null", DeadLetterReason.BAD_SHAPE),
    ("an empty array", "[]", DeadLetterReason.BAD_SHAPE),
    ("nested deeply", "[" * 100_00 + "]" * 100_00, DeadLetterReason.BAD_SHAPE),
    ("no id", {"time": TIME, "type": "door.opened"}, DeadLetterReason.BAD_SHAPE),
    ("empty id", native(""), DeadLetterReason.BAD_SHAPE),
    ("long id", native("x" * 201), DeadLetterReason.BAD_SHAPE),
    ("id is a number", native(id=5), DeadLetterReason.BAD_SHAPE),
    ("NUL in the id", native("a\0b"), DeadLetterReason.BAD_SHAPE),
    ("no time", {"id": "e", "type": "door.opened"}, DeadLetterReason.BAD_SHAPE),
    ("time without offset", native(time="2026-11-23T09:00:00"), DeadLetterReason.BAD_TIME),
    ("time is no time", native(time="yesterday"), DeadLetterReason.BAD_TIME),
    ("time is a number", native(time=1795424400), DeadLetterReason.BAD_TIME),
    ("1970", native(time="1970-01-01T00:00:00Z"), DeadLetterReason.BAD_TIME),
    ("2100", native(time="2100-01-01T00:00:00Z"), DeadLetterReason.BAD_TIME),
    ("31 days ago", native(time="2026-10-23T08:59:00Z"), DeadLetterReason.BAD_TIME),
    ("two hours ahead", native(time="2026-11-23T11:00:02Z"), DeadLetterReason.BAD_TIME),
    ("unknown type", native(type="nonsense.happened"), DeadLetterReason.UNKNOWN_EVENT_TYPE),
    ("the engine's own type", native(type="zone.disarmed"), DeadLetterReason.UNKNOWN_EVENT_TYPE),
    ("data is an array", native(data=[1]), DeadLetterReason.BAD_SHAPE),
    ("required field missing", native(data={"metric": "m"}), DeadLetterReason.BAD_SHAPE),
    ("required field null", native(data={"metric": "m", "value": None}), DeadLetterReason.BAD_SHAPE),
    ("text for a number", with_data(value="21.5"), DeadLetterReason.BAD_SHAPE),
    ("boolean for a number", with_data(value=True), DeadLetterReason.BAD_SHAPE),
    ("NaN", with_data(value=math.nan), DeadLetterReason.BAD_NUMBER),
    ("infinity", with_data(value=math.inf), DeadLetterReason.BAD_NUMBER),
    ("minus infinity", with_data(value=-math.inf), DeadLetterReason.BAD_NUMBER),
    ("beyond doubles", json.dumps(with_data(value=9)).replace(" 9", " 1e999"), DeadLetterReason.BAD_NUMBER),
    ("out of range", with_data(value=1e300), DeadLetterReason.BAD_NUMBER),
    ("a huge integer", with_data(value=10**400), DeadLetterReason.BAD_NUMBER),
    ("an absurd integer", json.dumps(with_data(value=9)).replace(" 9", " " + "9" * 6_000), DeadLetterReason.BAD_NUMBER),
    ("NUL", with_data(metric="a\0b"), DeadLetterReason.BAD_TEXT),
    ("NUL in a personal field", native(type="vehicle.passed", data={"plate": "A\0B"}), DeadLetterReason.BAD_TEXT),
    ("NUL in an unknown field", with_data(other={"a": "\0"}), DeadLetterReason.BAD_TEXT),
    ("NUL in an unknown name", with_data(**{"a\0b": 1}), DeadLetterReason.BAD_TEXT),
    ("lone surrogate", with_data(metric="\ud800"), DeadLetterReason.BAD_TEXT),
    ("lone low surrogate", with_data(metric="x\udc00y"), DeadLetterReason.BAD_TEXT),
    ("two high surrogates", with_data(metric="\ud800\ud800"), DeadLetterReason.BAD_TEXT),
    ("a raw control character", '{"id":"\x01"}', DeadLetterReason.NOT_JSON),
    ("plate of 200", native(type="vehicle.passed", data={"plate": "A" * 200}), DeadLetterReason.BAD_SHAPE),
    ("long text", with_data(unit="x" * 33), DeadLetterReason.BAD_SHAPE),
    ("too many unknown fields", with_data(**{f"f{n}": n for n in range(40)}), DeadLetterReason.BAD_SHAPE),
    ("a negative sequence", native(sequence=-1), DeadLetterReason.BAD_SHAPE),
    ("a sequence that is none", native(sequence="first"), DeadLetterReason.BAD_SHAPE),
    ("900 kB of text", native(data={"metric": "x" * 900_000, "value": 1}), DeadLetterReason.TOO_LARGE),
    ("900 kB beside the data", native(extra="x" * 900_000), DeadLetterReason.TOO_LARGE),
    ("900 kB of garbage", "x" * 900_000, DeadLetterReason.TOO_LARGE),
    ("70 kB in an unknown field", with_data(other="x" * 70_000), DeadLetterReason.TOO_LARGE),
]  # fmt: skip


@pytest.mark.parametrize(("payload", "reason"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_input_is_refused_with_its_reason(payload: bytes | str | dict[str, Any], reason: DeadLetterReason) -> None:
    with pytest.raises(InvalidInputError) as caught:
        decoded(EVENT, payload)
    assert DeadLetterReason(caught.value.reason) is reason, caught.value.detail


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("herun/v1/estate/sensor-9/event", DeadLetterReason.UNKNOWN_DEVICE),
        ("herun/v1/estate/gate-1/event", DeadLetterReason.UNKNOWN_DEVICE),  # speaks another format
        ("herun/v1/estate/sensor-off/event", DeadLetterReason.DEVICE_DISABLED),
        ("herun/v1/estate/sen.sor/event", DeadLetterReason.UNKNOWN_TOPIC),
        ("herun/v1/estate/sen+sor/event", DeadLetterReason.UNKNOWN_TOPIC),
        ("herun/v1/estate/sensor-1/nonsense", DeadLetterReason.UNKNOWN_TOPIC),
        ("herun/v1/estate/sensor-1/event/more", DeadLetterReason.UNKNOWN_TOPIC),
        ("herun/v2/estate/sensor-1/event", DeadLetterReason.UNKNOWN_TOPIC),
        ("somewhere/else", DeadLetterReason.UNKNOWN_TOPIC),
    ],
)
def test_unknown_topics_and_devices_are_refused(topic: str, reason: DeadLetterReason) -> None:
    with pytest.raises(InvalidInputError) as caught:
        decoded(topic, native())
    assert DeadLetterReason(caught.value.reason) is reason


@pytest.mark.parametrize(("payload", "event_type"), [
    ("online", "device.connected"), ("offline", "device.disconnected"), ('{"state":"online"}', "device.connected"),
])  # fmt: skip
def test_a_live_state_is_an_event_and_a_state(payload: str, event_type: str) -> None:
    outcome = decoded(STATE, payload)
    (event,) = outcome.events
    assert event.event_type == event_type
    assert event.flags == FLAG_CONTENT_ID
    assert outcome.state is not None
    assert outcome.state.key == "estate.sensor-1"


def test_a_retained_state_is_a_state_and_no_event() -> None:
    outcome = decoded(STATE, "online", retain=True)
    assert outcome.events == []
    assert outcome.state is not None
    assert outcome.state.state == "online"


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
field_names = st.sampled_from(sorted({name for each in CATALOGUE.values() for name in each.fields}))


@settings(max_examples=300, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "id": st.text(max_size=5) | json_values,
            "time": st.just(TIME) | json_values,
            "type": st.sampled_from(sorted(CATALOGUE)) | json_values,
            "data": st.dictionaries(field_names | st.text(max_size=4), json_values, max_size=5) | json_values,
            "sequence": json_values,
        },
    )
)
def test_whatever_json_says_it_is_an_event_that_postgresql_takes_or_a_refusal(said: dict[str, Any]) -> None:
    try:
        events = decoded(EVENT, json.dumps(said)).events
    except InvalidInputError as error:
        DeadLetterReason(error.reason)  # raises for an unknown one
        return
    for event in events:
        assert "\\u0000" not in event.data
        event.data.encode()
        assert all(abs(value) <= 1e15 for value in data_of(event).values() if isinstance(value, float))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80), st.sampled_from([EVENT, READING, STATE]))
def test_whatever_bytes_arrive_are_an_event_or_a_refusal(payload: bytes, topic: str) -> None:
    route = make_router().find(topic.encode())
    try:
        route.decode(message(topic, payload), NOW)
    except InvalidInputError as error:
        DeadLetterReason(error.reason)  # raises for an unknown one
