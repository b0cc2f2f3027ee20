"""Open311 on the wire: one tree of values, written as XML, or as JSON by the Spark convention. Pure.

Spark: the root has no name in JSON, and what holds one kind of child is a list even if it holds one.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from datetime import datetime
from enum import StrEnum
from typing import Any, Final


class Format(StrEnum):
    """What an answer is written in."""

    XML = "xml"
    JSON = "json"


MIME: Final = {Format.XML: "text/xml", Format.JSON: "application/json"}
_ASKED_AS: Final = {"text/xml": Format.XML, "application/xml": Format.XML, "application/json": Format.JSON}

_SUFFIXES: Final = frozenset(form.value for form in Format)

# What the children of a list are called in XML.
_CHILD: Final = {
    "services": "service", "attributes": "attribute", "values": "value", "service_requests": "request",
    "service_request_updates": "request_update", "service_requests_updates": "request_update",
    "errors": "error", "endpoints": "endpoint", "formats": "format",
}  # fmt: skip
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def split_path(path: str, accept: str) -> tuple[str, Format]:
    """The path without a suffix that names a format, and that format; without one what `Accept` says, else XML."""
    stem, dot, suffix = path.rpartition(".")
    if dot and suffix in _SUFFIXES:
        return stem, Format(suffix)
    return path, _accepted(accept)


def _accepted(accept: str) -> Format:
    """Of the formats that are named the one that is wanted most, the first of what is wanted alike; else XML."""
    named = []
    for place, each in enumerate(accept.split(",")):
        kind, *parameters = (part.strip().lower() for part in each.split(";"))
        wanted = next((_quality(part) for part in parameters if part.startswith("q=")), 1.0)
        if kind in _ASKED_AS and wanted > 0:
            named.append((-wanted, place, _ASKED_AS[kind]))
    return min(named)[-1] if named else Format.XML


def _quality(part: str) -> float:
    try:
        return float(part.removeprefix("q="))
    except ValueError:
        return 1.0


def content_type(form: Format) -> str:
    """The header of an answer."""
    return f"{MIME[form]}; charset=utf-8"


def written(form: Format, root: str, value: Any) -> bytes:
    """A tree of dictionaries, lists, text, numbers, booleans, times and None, in UTF-8."""
    if form is Format.JSON:
        return json.dumps(_plain(value), ensure_ascii=False).encode()
    element = ET.Element(root)
    _fill(element, value)
    xml: bytes = ET.tostring(element, encoding="utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + xml


def moment(at: datetime) -> str:
    """A time as the W3C's note on dates and times writes it, to the second."""
    return at.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case list():
            return [_plain(each) for each in value]
        case datetime():
            return moment(value)
        case _:
            return value


def _fill(element: ET.Element, value: Any) -> None:
    match value:
        case dict():
            for key, each in value.items():
                _fill(ET.SubElement(element, key), each)
        case list():
            for each in value:
                _fill(ET.SubElement(element, _CHILD[element.tag]), each)
        case None:
            pass
        case bool():
            element.text = "true" if value else "false"
        case datetime():
            element.text = moment(value)
        case _:
            element.text = _NOT_XML.sub("�", str(value))
