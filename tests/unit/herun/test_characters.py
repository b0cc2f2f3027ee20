"""Traditional characters, read as simplified ones."""

from __future__ import annotations

import pytest

from herun.characters import _PAIRS, simplified


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("廚房聞到煤氣味", "厨房闻到煤气味"),
        ("電梯壞了,有人關在裡面", "电梯坏了,有人关在里面"),
        ("著火了,濃煙很大", "着火了,浓烟很大"),
        ("后门、发票、干净", "后门、发票、干净"),
        ("ABC 123 🚒", "ABC 123 🚒"),
        ("", ""),
    ],
)
def test_a_text_is_simplified_character_for_character(text: str, said: str) -> None:
    assert simplified(text) == said


def test_nothing_stands_twice_in_the_table_nor_changes_again() -> None:
    before, after = _PAIRS[::2], _PAIRS[1::2]
    assert len(before) == len(after) == len(set(before))
    assert set(before).isdisjoint(after)
