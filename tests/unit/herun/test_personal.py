from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from herun.personal import HASH_HEX_CHARS, keyed_hash, mask, normalise_plate


def test_spellings_of_one_plate_are_one() -> None:
    assert normalise_plate("京a·12 345") == normalise_plate("京A12345") == "京A12345"


@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing(plate: str) -> None:
    once = normalise_plate(plate)
    assert normalise_plate(once) == once


def test_hash_depends_on_key_field_and_value() -> None:
    hashes = {
        keyed_hash(key, field, value) for key in (b"a", b"b") for field in ("plate", "name") for value in ("x", "y")
    }
    assert len(hashes) == 8
    assert all(len(each) == HASH_HEX_CHARS for each in hashes)


@given(st.text(min_size=1, max_size=40))
def test_mask_keeps_the_length_and_hides_the_middle(value: str) -> None:
    masked = mask(value)
    assert len(masked) == len(value)
    assert masked.count("*") >= min(len(value), max(len(value) - 3, 1))
