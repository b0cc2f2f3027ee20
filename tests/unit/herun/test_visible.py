"""What can be seen of a text, and what it is listed by."""

from __future__ import annotations

import pytest

from herun.visible import TITLE_CHARS, is_seen, title_of


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("水管漏水", "水管漏水"),
        ("\u200b" * 60 + "漏水", "漏水"),
        ("\ufeff \n\u3000漏水 ", "漏水"),
        ("\x01" * 100 + "🚒", "🚒"),
        ("漏" * 70, "漏" * TITLE_CHARS),
        ("漏" + "\u200b" * 100 + "水", "漏" + "\u200b" * (TITLE_CHARS - 1)),
        ("\u200b" * 60, ""),
    ],
)
def test_a_text_is_listed_by_what_can_be_seen_first_of_it(text: str, title: str) -> None:
    assert title_of(text) == title
    assert is_seen(title) == is_seen(text)
