"""Cursors come back as they went out, and nothing else is taken for one."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import cursors
from api.live import cursor as live
from api.live.cursor import Cursor
from api.problems import Problem

NUMBERS = st.integers(0, 2**63 - 1)
SMALL = st.integers(0, 2**31 - 1)


@given(NUMBERS, NUMBERS)
def test_numbers_come_back(first: int, second: int) -> None:
    assert cursors.decode_numbers(cursors.encode(first, second), 2) == (first, second)


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", fullmatch=True))
def test_names_come_back(name: str) -> None:
    assert cursors.decode_text(cursors.encode(name)) == name


def test_no_cursor_is_the_first_page() -> None:
    assert cursors.decode_numbers(None, 2) is None
    assert cursors.decode_text(None) is None


@given(st.text(max_size=60))
def test_any_other_text_is_refused_in_words(text: str) -> None:
    with suppress(Problem):
        numbers = cursors.decode_numbers(text, 2)
        assert numbers is not None
        assert all(0 <= number < 2**63 for number in numbers)


@pytest.mark.parametrize("inside", ["1", "1\n2\n3", "-1\n2", f"{2**63}\n1", "1.0\n2", "٣\n1", "1\n", ""])
def test_what_is_no_pair_of_numbers_is_refused(inside: str) -> None:
    text = base64.urlsafe_b64encode(inside.encode()).rstrip(b"=").decode()
    with pytest.raises(Problem):
        cursors.decode_numbers(text, 2)


@pytest.mark.parametrize("inside", [b"a\0b", b"\xff\xfe", b"a\nb"])
def test_what_is_no_name_is_refused(inside: bytes) -> None:
    with pytest.raises(Problem):
        cursors.decode_text(base64.urlsafe_b64encode(inside).rstrip(b"=").decode())


@given(NUMBERS, SMALL, NUMBERS, SMALL, NUMBERS)
def test_a_place_in_the_feed_comes_back(event: int, event_n: int, alert: int, alert_n: int, seq: int) -> None:
    cursor = Cursor((event, event_n), (alert, alert_n), seq)
    assert live.parse(str(cursor)) == cursor


@pytest.mark.parametrize(
    "text",
    ["", "e1.1-a1.1", "e1.1-a1.1-o1 ", "e1.1-a1.1-o-1", f"e{2**63}.0-a0.0-o0", f"e0.{2**31}-a0.0-o0", "e٣.1-a1.1-o1"],
)
def test_any_other_id_of_the_feed_is_refused(text: str) -> None:
    with pytest.raises(Problem):
        live.parse(text)
