from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herun.personal import (
    CONFUSABLE,
    HASH_HEX_CHARS,
    PlateHashes,
    fold_plate,
    is_readable,
    keyed_hash,
    mask,
    normalise_plate,
    plate_hashes,
)


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


KEY = b"k" * 32
PLATES = st.text("0DOQ1I2Z5S6G8BAHKX京宗沪测", min_size=7, max_size=8).filter(is_readable)


def hashes(plate: str) -> PlateHashes:
    made = plate_hashes(KEY, plate)
    assert made is not None
    return made


def test_each_character_is_in_one_class_and_no_two_provinces_are_in_one() -> None:
    characters = "".join(CONFUSABLE)
    assert len(set(characters)) == len(characters)
    provinces = set("京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼")
    assert all(len(provinces & set(each)) <= 1 for each in CONFUSABLE)


@given(PLATES, PLATES)
def test_plates_share_a_fold_if_they_look_alike_and_only_then(one: str, other: str) -> None:
    assert (hashes(one).fold == hashes(other).fold) == (fold_plate(one) == fold_plate(other))
    assert fold_plate(fold_plate(one)) == fold_plate(one)


@given(PLATES, st.randoms(use_true_random=False))
def test_plates_share_one_near_hash_if_they_differ_in_one_character_more(plate: str, chance: random.Random) -> None:
    place, char = chance.randrange(len(plate)), chance.choice("0D1I2Z8BHKX")
    other = plate[:place] + char + plate[place + 1 :]
    differing = sum(a != b for a, b in zip(fold_plate(plate), fold_plate(other), strict=True))
    shared = set(hashes(plate).near) & set(hashes(other).near) if is_readable(other) else set()
    assert len(shared) == (len(plate) if differing == 0 else 1)


@given(PLATES, PLATES)
def test_plates_that_differ_in_more_share_none(one: str, other: str) -> None:
    pairs = list(zip(fold_plate(one), fold_plate(other), strict=False))
    if len(one) != len(other) or sum(a != b for a, b in pairs) > 1:
        assert set(hashes(one).near).isdisjoint(hashes(other).near)


def test_hashes_of_plates_are_keyed_and_tell_nothing_of_one_another() -> None:
    made, other = hashes("京A12345"), plate_hashes(b"z" * 100, "京A12345")
    assert other is not None
    assert {made.exact, made.fold, *made.near}.isdisjoint({other.exact, other.fold, *other.near})
    assert made.exact == keyed_hash(KEY, "plate", "京A12345")
    assert len({made.fold[:12], *made.near}) == 1 + len("京A12345")


def test_two_plates_in_one_have_no_near_hashes() -> None:
    assert hashes("粤ZAB12港|AB1234").near == ()


@pytest.mark.parametrize("word", ["", "无", "无牌", "无牌车", "未识别", "UNKNOWN", "京A1", "京A12?45", "京A***45"])
def test_what_is_no_plate_has_no_hashes(word: str) -> None:
    assert plate_hashes(KEY, normalise_plate(word)) is None


@pytest.mark.parametrize("plate", ["京A12345", "粤BD12345", "WJ京1234警", "使013578", "AB1234", "粤Z1234港"])
def test_every_kind_of_plate_has_hashes(plate: str) -> None:
    assert plate_hashes(KEY, normalise_plate(plate)) is not None
