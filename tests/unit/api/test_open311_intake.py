"""What a client may send, and what it is told otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api.open311.asking import MAX_ROWS, SPAN, requests_asked, w3_moment
from api.open311.attributes import Attribute, DataType, checked, told
from api.open311.catalogue import Service
from api.open311.forms import Sent
from api.open311.intake import new_request
from api.problems import Problem

NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
PLAIN = Service("fire-lane", {"zh": "消防通道堵塞"}, {"zh": "消防通道堵塞"}, {"zh": "治安管理"})
PLACE = {"address_id": "b1"}
CHOICES = [{"key": "a", "name": {"zh": "甲", "en": "A"}}, {"key": "b", "name": {"zh": "乙", "en": "B"}}]


def attribute(datatype: DataType, **more: Any) -> Attribute:
    values = CHOICES if datatype in {DataType.SINGLE, DataType.MULTI} else []
    whole = {
        "code": "X",
        "order": 1,
        "description": {"zh": "何物?", "en": "What?"},
        "values": values,
        "datatype": datatype,
        **more,
    }
    return Attribute.model_validate(whole)


def sent(**fields: str) -> Sent:
    return Sent({name: [value] for name, value in fields.items()})


def flaws_of(service: Service | None, given: Sent, pictures: Sequence[str] = ()) -> list[str]:
    with pytest.raises(Problem) as raised:
        new_request(service, given, pictures)
    assert raised.value.status_code == 400
    return [error.msg for error in raised.value.errors]


@pytest.mark.parametrize(
    ("datatype", "good", "bad"),
    [
        (DataType.STRING, ["3", "一号", "<b>"], ["two\nlines", "x" * 1001]),
        (DataType.NUMBER, ["3", "-3.5", "+.5e3", "1."], ["three", "nan", "inf", "1_000", "٣", "1e", "1" * 101]),
        (
            DataType.DATETIME,
            ["2026-06-01", "2026-06-01T12:00:00+08:00", "2026-06-01T04:00:00Z"],
            ["soon", "2026-13-01"],
        ),
        (DataType.TEXT, ["two\nlines"], ["x" * 4001]),
        (DataType.SINGLE, ["a", "b"], ["c", "甲"]),
        (DataType.MULTI, ["a"], ["c"]),
    ],
)
def test_each_of_the_six_types_takes_what_it_is_for(datatype: DataType, good: list[str], bad: list[str]) -> None:
    for text in good:
        expected = [text] if datatype is DataType.MULTI else text
        assert checked([attribute(datatype)], {"X": [text]}) == ({"X": expected}, [])
    for text in bad:
        values, flaws = checked([attribute(datatype)], {"X": [text]})
        assert values == {}
        assert flaws


@pytest.mark.parametrize("datatype", list(DataType))
def test_what_is_required_has_to_be_there_and_an_empty_value_is_none(datatype: DataType) -> None:
    for given_values in ({}, {"X": [""]}, {"X": [" "]}):
        assert checked([attribute(datatype, required=True)], given_values)[1] == ["attribute[X] is required"]
        assert checked([attribute(datatype)], given_values) == ({}, [])


def test_only_a_multivaluelist_takes_several_and_none_twice() -> None:
    assert checked([attribute(DataType.MULTI)], {"X": ["a", "b"]}) == ({"X": ["a", "b"]}, [])
    assert checked([attribute(DataType.MULTI)], {"X": ["a", "a"]})[1]
    assert checked([attribute(DataType.SINGLE)], {"X": ["a", "b"]})[1]
    assert checked([attribute(DataType.STRING)], {"X": ["a", "b"]})[1]


def test_values_are_trimmed_but_for_lines_of_text() -> None:
    for datatype, text in [(DataType.NUMBER, " 5"), (DataType.STRING, "3\r\n"), (DataType.SINGLE, "a\r\n")]:
        assert checked([attribute(datatype)], {"X": [text]}) == ({"X": text.strip()}, [])
    assert checked([attribute(DataType.MULTI)], {"X": [" a", "b "]}) == ({"X": ["a", "b"]}, [])
    assert checked([attribute(DataType.MULTI)], {"X": [" a", "a"]})[1]
    assert checked([attribute(DataType.TEXT)], {"X": ["  two\n  lines\n"]}) == ({"X": "  two\n  lines\n"}, [])


def test_what_is_not_asked_for_is_told_and_so_is_what_only_tells() -> None:
    assert checked([attribute(DataType.STRING)], {"Y": ["1"]})[1]
    assert checked([attribute(DataType.STRING, variable=False)], {"X": ["1"]})[1]


def test_lists_have_values_and_nothing_else_has() -> None:
    for datatype in DataType:
        is_list = datatype in {DataType.SINGLE, DataType.MULTI}
        with pytest.raises(ValidationError):
            attribute(datatype, values=[] if is_list else CHOICES)


def test_a_worker_reads_names_and_not_keys() -> None:
    assert told([attribute(DataType.MULTI)], {"X": ["a", "b"]}, "zh") == ["何物? 甲, 乙"]


@pytest.mark.parametrize(
    ("fields", "flaw"),
    [
        ({}, "a place is missing"),
        ({"lat": "31.3"}, "sent together"),
        ({"long": "120.6", "address_id": "b1"}, "sent together"),
        ({"lat": "91", "long": "0"}, "lat is no number"),
        ({"lat": "31.3", "long": "nan"}, "long is no number"),
        ({"lat": "31.3", "long": "181"}, "long is no number"),
        ({"description": "x" * 4001, **PLACE}, "description has more than 4000"),
        ({"media_url": "javascript:alert(1)", **PLACE}, "media_url is no http"),
        ({"media_url": "http://[", **PLACE}, "media_url is no URL"),
        ({"phone": "call me", **PLACE}, "phone is no phone number"),
        ({"email": "nobody", **PLACE}, "email is no e-mail"),
        ({"first_name": "x" * 101, **PLACE}, "first_name has more than"),
    ],
)
def test_a_flaw_is_told(fields: dict[str, str], flaw: str) -> None:
    (only,) = flaws_of(PLAIN, sent(**fields))
    assert only.startswith(flaw) or flaw in only


def test_all_flaws_are_told_at_once() -> None:
    assert len(flaws_of(PLAIN, sent(lat="x", long="y", phone="z", email="w"))) == 4
    assert len(flaws_of(None, sent(phone="z"))) == 3
    assert flaws_of(PLAIN, sent(**PLACE), ["media 1: it is none"]) == ["media 1: it is none"]


def test_a_description_of_which_nothing_can_be_seen_is_none() -> None:
    assert new_request(PLAIN, sent(**PLACE, description="\u200b\ufeff \u3164")).description is None
    assert new_request(PLAIN, sent(**PLACE, description="\u200b漏水")).description == "\u200b漏水"


def test_a_whole_request_is_taken_as_it_is() -> None:
    new = new_request(PLAIN, sent(lat="31.30", long="-120.6", phone="138 0000-1234", description="x" * 4000))
    assert (new.lat, new.lon, new.phone) == (31.3, -120.6, "13800001234")
    assert new.description == "x" * 4000


def test_the_same_request_has_the_same_fingerprint_and_no_other_has() -> None:
    base = {"lat": "31.30001", "long": "120.6", "description": "积水", "account_id": "a"}
    one = new_request(PLAIN, sent(**base)).fingerprint("k", "water")
    assert new_request(PLAIN, sent(**{**base, "lat": "31.300012"})).fingerprint("k", "water") == one
    others = [{"lat": "31.301"}, {"description": "漏水"}, {"account_id": "b"}, {"phone": "13800001234"}]
    others += [{"first_name": "丽", "last_name": "张"}, {"first_name": "强", "last_name": "李"}]
    prints = {new_request(PLAIN, sent(**{**base, **each})).fingerprint("k", "water") for each in others}
    prints |= {new_request(PLAIN, sent(**base)).fingerprint(*pair) for pair in [("l", "water"), ("k", "fire")]}
    assert len(prints | {one}) == 9


def test_without_dates_it_is_the_last_90_days() -> None:
    asked = requests_asked(Sent(), NOW)
    assert (asked.start, asked.end, asked.limit, asked.offset) == (NOW - SPAN, None, MAX_ROWS, 0)


def test_one_date_is_filled_up_to_90_days() -> None:
    assert requests_asked(sent(start_date="2026-01-01T00:00:00Z"), NOW).end == datetime(2026, 1, 1, tzinfo=UTC) + SPAN
    assert requests_asked(sent(end_date="2026-01-01T00:00:00Z"), NOW).start == datetime(2026, 1, 1, tzinfo=UTC) - SPAN


def test_ids_override_everything_else() -> None:
    fields = {"service_request_id": ["a,b", "c"], "status": ["nonsense"], "start_date": ["soon"], "page": ["0"]}
    asked = requests_asked(Sent(fields), NOW)
    assert (asked.ids, asked.closed, asked.offset) == (["a", "b", "c"], None, 0)


@pytest.mark.parametrize(
    "fields",
    [
        {"start_date": "2026-01-01T00:00:00"},
        {"start_date": "2026-01-01"},
        {"start_date": "9999-12-31T00:00:00Z"},
        {"end_date": "0001-01-01T00:00:00Z"},
        {"start_date": "2026-01-02T00:00:00Z", "end_date": "2026-01-01T00:00:00Z"},
        {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-04-01T00:00:01Z"},
        {"status": "investigating"},
        {"page": "0"},
        {"page_size": "1001"},
        {"page": "1000", "page_size": "1000"},
        {"updated_after": "yesterday"},
        {"service_request_id": ",".join(map(str, range(1001)))},
    ],
)
def test_what_cannot_be_asked_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(Problem) as raised:
        requests_asked(sent(**fields), NOW)
    assert raised.value.status_code == 400


def test_a_plus_sign_that_became_a_space_is_an_offset() -> None:
    expected = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=8)))
    assert w3_moment("2026-01-01T00:00:00 08:00") == w3_moment("2026-01-01T00:00:00+08:00") == expected


@given(st.text(max_size=40))
def test_no_text_is_a_time_by_accident(text: str) -> None:
    at = w3_moment(text)
    assert at is None or at.tzinfo is not None


def test_a_phone_is_taken_as_a_chinese_keyboard_types_it() -> None:
    assert (
        new_request(PLAIN, sent(phone="１３８ ００００　１２３４", description="漏水", **PLACE), ()).phone
        == "13800001234"
    )
