"""What a client sent: parameters of the address and of a form, pictures that came with it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from api.open311.errors import refused

MAX_FIELDS: Final = 500  # of one form: the longest list of values, and the rest
MAX_FILES: Final = 5
URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"

_ATTRIBUTE: Final = re.compile(r"attribute\[([^\[\]]{1,64})\](?:\[[0-9]*\])?")


@dataclass(frozen=True, slots=True)
class Sent:
    """Parameters by name, attributes by code, and pictures. An empty parameter is one that was not sent."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    attributes: dict[str, list[str]] = field(default_factory=dict)
    pictures: tuple[bytes, ...] = ()

    def one(self, name: str) -> str | None:
        """The value of a parameter; of several the first."""
        return self.fields.get(name, [None])[0]

    def listed(self, name: str) -> list[str]:
        """The values of a parameter that may be given several times, and separated by commas."""
        texts = (each.strip() for text in self.fields.get(name, []) for each in text.split(","))
        return [text for text in texts if text]


async def asked(request: Request) -> Sent:
    """What a GET asks for. Raises Problem 400."""
    return _sorted(request.query_params.multi_items())


async def sent(request: Request) -> Sent:
    """What a POST sends: the form, and what the address has besides. Raises Problem 400."""
    kind = request.headers.get("content-type", URLENCODED).partition(";")[0].strip().lower()
    address = request.query_params.multi_items()
    if kind == MULTIPART:
        return await _multipart(request, address)
    if kind != URLENCODED:
        raise refused(f"send {URLENCODED} or {MULTIPART}")
    try:
        pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:  # no UTF-8, or too many fields
        raise refused(f"the form cannot be read: it has to be UTF-8, with at most {MAX_FIELDS} fields") from error
    return _sorted([*pairs, *address])


async def _multipart(request: Request, address: list[tuple[str, str]]) -> Sent:
    try:
        async with request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS) as form:
            items = form.multi_items()
            pictures = [await value.read() for _, value in items if isinstance(value, UploadFile)]
            pairs = [(name, value) for name, value in items if isinstance(value, str)]
    except MultiPartException as error:
        raise refused(f"the form cannot be read: {error.message}") from error
    return _sorted([*pairs, *address], tuple(each for each in pictures if each))


def _sorted(pairs: Iterable[tuple[str, str]], pictures: tuple[bytes, ...] = ()) -> Sent:
    fields: dict[str, list[str]] = {}
    attributes: dict[str, list[str]] = {}
    for name, value in pairs:
        _refuse_unstorable(name + value)
        attribute = _ATTRIBUTE.fullmatch(name)
        if attribute:
            attributes.setdefault(attribute[1], []).append(value)
        elif value.strip():
            fields.setdefault(name, []).append(value.strip())
    return Sent(fields, attributes, pictures)


def _refuse_unstorable(text: str) -> None:
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise refused("text with NUL or half a surrogate pair cannot be stored")
