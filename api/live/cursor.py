"""Where a reader of the feed stands: in the events, in the alert versions, in the acts of people. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from api.problems import Problem

_BIGINT: Final = 2**63
_INTEGER: Final = 2**31
_FORM: Final = re.compile(r"e([0-9]{1,19})\.([0-9]{1,10})-a([0-9]{1,19})\.([0-9]{1,10})-o([0-9]{1,19})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last that was read of each; each only grows."""

    event: tuple[int, int]
    alert: tuple[int, int]
    feed_seq: int

    def __str__(self) -> str:
        return f"e{self.event[0]}.{self.event[1]}-a{self.alert[0]}.{self.alert[1]}-o{self.feed_seq}"


def parse(text: str) -> Cursor:
    """The cursor of an id of the feed. Raises Problem 400 for any other text."""
    match = _FORM.fullmatch(text)
    numbers = [int(group) for group in match.groups()] if match else []
    if not numbers or max(numbers) >= _BIGINT or max(numbers[1], numbers[3]) >= _INTEGER:
        raise Problem(HTTPStatus.BAD_REQUEST, "bad_cursor", "this is no id of the live feed")
    return Cursor((numbers[0], numbers[1]), (numbers[2], numbers[3]), numbers[4])
