"""The two formats say the same, whatever is in them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.open311.wire import Format, content_type, moment, split_path, written
from tests.integration.api.open311 import as_text, spark

ENTRIES = st.lists(
    st.dictionaries(
        st.sampled_from(["service_request_id", "description", "lat", "status_notes", "metadata"]),
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        min_size=1,
    )
)


def _of_xml(text: str) -> str:
    """What a parser of XML gives back: line ends are one, and what XML cannot hold is replaced."""
    kept = (char if char in "\t\n\r" or " " <= char <= "\ud7ff" or char >= "\ue000" else "�" for char in text)
    whole = "".join("�" if char in "\ufffe\uffff" else char for char in kept)
    return whole.replace("\r\n", "\n").replace("\r", "\n")


def _expected(value: Any) -> Any:
    match value:
        case list():
            return [_expected(each) for each in value] or None
        case dict():
            return {key: _expected(each) for key, each in value.items()}
        case str():
            return _of_xml(value) or None
        case _:
            return as_text(value)


@given(ENTRIES)
def test_xml_and_json_say_the_same(entries: list[dict[str, Any]]) -> None:
    parsed = spark(ET.fromstring(written(Format.XML, "service_requests", entries)))
    assert parsed == _expected(entries)
    assert json.loads(written(Format.JSON, "service_requests", entries)) == entries


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "xml"), ("*/*", "xml"), ("image/png", "xml"), ("application/json", "json"), ("text/xml", "xml"),
        ("application/json;q=0.1, text/xml", "xml"), ("text/xml;q=0.2, application/json;q=0.9", "json"),
        ("application/json, text/plain, */*", "json"), ("application/json;q=0.5, */*", "json"),
        ("text/xml;q=0, application/json;q=0.1", "json"), ("text/xml;q=0.1, application/json;q=0.5, */*", "json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "xml"), ("application/json;q=x", "json"),
        ("application/json;q=0", "xml"),
    ],
)  # fmt: skip
def test_what_is_wanted_most_is_answered(accept: str, form: str) -> None:
    assert split_path("/open311/v2/services", accept) == ("/open311/v2/services", Format(form))
    assert split_path("/open311/v2/services.json", accept)[1] is Format.JSON


def test_nothing_in_a_text_becomes_an_element() -> None:
    text = "<status>closed</status> & ]]> <!-- \x0b &amp;"
    document = written(Format.XML, "errors", [{"code": 400, "description": text}])
    assert [child.tag for child in ET.fromstring(document)[0]] == ["code", "description"]
    assert ET.fromstring(document)[0][1].text == text.replace("\x0b", "�")


def test_xml_begins_with_its_declaration() -> None:
    assert written(Format.XML, "services", []).startswith(b'<?xml version="1.0" encoding="utf-8"?>\n<services')


def test_json_has_no_root_and_no_escaped_chinese() -> None:
    assert written(Format.JSON, "services", [{"group": "安全"}]) == '[{"group": "安全"}]'.encode()


@pytest.mark.parametrize(
    ("path", "accept", "expected"),
    [
        ("/v2/services.xml", "application/json", ("/v2/services", Format.XML)),
        ("/v2/services.json", "text/xml", ("/v2/services", Format.JSON)),
        ("/v2/services", "", ("/v2/services", Format.XML)),
        ("/v2/services", "*/*", ("/v2/services", Format.XML)),
        ("/v2/services", "application/json", ("/v2/services", Format.JSON)),
        ("/v2/services", "text/html, application/json;q=0.9, */*", ("/v2/services", Format.JSON)),
        ("/v2/services.html", "application/json", ("/v2/services.html", Format.JSON)),
        ("/v2/services.XML", "", ("/v2/services.XML", Format.XML)),
    ],
)
def test_the_suffix_says_the_format_and_without_one_the_header(
    path: str, accept: str, expected: tuple[str, Format]
) -> None:
    assert split_path(path, accept) == expected


def test_times_have_their_zone_and_no_fractions() -> None:
    assert moment(datetime(2026, 6, 1, 4, 0, 0, 999, tzinfo=UTC)) == "2026-06-01T04:00:00Z"
    assert content_type(Format.XML) == "text/xml; charset=utf-8"
