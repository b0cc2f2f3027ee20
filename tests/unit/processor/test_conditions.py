"""Comparisons of an event's data, and the texts made from it."""

from __future__ import annotations

from typing import Any

import pytest

from processor.engine.conditions import equals
from processor.engine.texts import duration_texts, fill


@pytest.mark.parametrize(
    ("value", "found", "matches"),
    [
        (1, 1.0, True),
        (1, True, False),
        (True, 1, False),
        (True, True, True),
        ("a", "a", True),
        ("1", 1, False),
        (1, [1], False),
    ],
)
def test_where_takes_no_other_type(value: Any, found: Any, matches: bool) -> None:
    assert equals("x", value)({"x": found}) is matches


def test_where_does_not_find_what_is_missing() -> None:
    assert equals("x", 1)({"y": 1}) is False


def test_only_known_names_are_filled_in() -> None:
    template = {"zh": "{device} {nobody} {duration}", "en": "{device.secret} {duration}"}
    values = {"device": "d{zone}", "zone": "z"} | duration_texts(120_000_000)
    assert fill(template, values) == {"zh": "d{zone} {nobody} 2 分钟", "en": "{device.secret} 2 min"}


@pytest.mark.parametrize(("seconds", "text"), [(90, "90 s"), (7200, "2 h"), (86_400, "1 d"), (0.5, "0.5 s")])
def test_a_duration_is_told_in_the_largest_unit_that_leaves_no_rest(seconds: float, text: str) -> None:
    assert duration_texts(round(seconds * 1_000_000))["duration_en"] == text
