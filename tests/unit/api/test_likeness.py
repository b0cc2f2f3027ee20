"""How alike two matters are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from api.distance import Place
from api.duplicates.likeness import ENOUGH, SINCE, Matter, common_words, likeness

NOW: Final = datetime(2026, 6, 1, 4, tzinfo=UTC)
LIFT: Final = Matter("lift", "电梯坏了", Place("b1", None), NOW)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Place("b1", None), Place("b2", None)),
        (Place("b1", (31.0, 120.0)), Place("b2", (31.0, 120.001))),
        (Place("b1", (31.0, 120.0)), Place("b1", (31.01, 120.0))),
        (Place(None, None, is_elsewhere=True), Place("b1", None)),
    ],
)
def test_what_is_in_two_places_is_two_matters_whatever_is_said(one: Place, other: Place) -> None:
    assert likeness(replace(LIFT, where=one), replace(LIFT, where=other)) == (0.0, [])


def test_the_same_words_without_a_place_are_enough_and_say_why() -> None:
    score, because = likeness(LIFT, replace(LIFT, where=Place(None, None)))
    assert (score, [each.kind for each in because]) == (0.75, ["category", "text"])


def test_the_longer_ago_the_less_alike() -> None:
    nowhere = replace(LIFT, where=Place(None, None))
    scores = [likeness(nowhere, replace(nowhere, at=NOW - timedelta(days=n)))[0] for n in range(15)]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)
    assert (scores[0], scores[-1]) == (0.75, 0.55)
    because = likeness(LIFT, replace(LIFT, at=NOW - SINCE))[1][-1]
    assert (because.kind, because.weight, because.words["zh"]) == ("age", -0.2, "相隔14天")


OTHER_WORDS: Final = replace(LIFT, text="按钮不亮")


@pytest.mark.parametrize(("days", "is_enough"), [(0, True), (3, True), (4, False)])
def test_of_one_house_and_category_it_is_enough_for_three_days_whatever_is_said(days: int, *, is_enough: bool) -> None:
    at = NOW - timedelta(days=days)
    assert (likeness(LIFT, replace(OTHER_WORDS, at=at))[0] >= ENOUGH) is is_enough
    gate = replace(LIFT, where=Place(None, None), zone="z0")
    assert (likeness(gate, replace(gate, text="按钮不亮", at=at))[0] >= ENOUGH) is is_enough


def test_of_one_house_or_one_category_alone_it_is_not_enough_however_new() -> None:
    assert likeness(LIFT, replace(OTHER_WORDS, category="light"))[0] < ENOUGH
    assert likeness(LIFT, replace(OTHER_WORDS, where=Place(None, None)))[0] < ENOUGH


def test_a_house_counts_no_more_beside_points_than_they_leave_to_it() -> None:
    points = replace(LIFT, where=Place("b1", (31.0, 120.0)))
    because = likeness(points, replace(points, category="light", text="按钮不亮"))[1]
    assert [(each.kind, each.weight) for each in because] == [("building", 0.2), ("distance", 0.3)]


@pytest.mark.parametrize(
    ("one", "other"),
    [("3号楼电梯坏了", "三號樓電梯壞了"), ("叁栋漏水,樓道燈不亮", "3幢漏水,楼道灯不亮"), ("GATE不开", "gate不開")],
)
def test_words_are_the_same_whichever_way_they_are_written(one: str, other: str) -> None:
    assert common_words(one, other) == 1.0


@pytest.mark.parametrize(("zone", "kinds"), [("z0", ["category", "zone", "text"]), ("z1", ["category", "text"])])
def test_a_zone_is_a_place_where_there_is_no_building(zone: Any, kinds: list[str]) -> None:
    gate = replace(LIFT, where=Place(None, None), zone="z0")
    assert [each.kind for each in likeness(gate, replace(gate, zone=zone))[1]] == kinds


@pytest.mark.parametrize(
    ("look", "weight"), [(0, 0.2), (-1, 0.2), (0b1111111, 0.2), (0b11111111, 0.5), (0x0F0F0F0F0F0F0F0F, 0.5)]
)
def test_pictures_are_enough_by_themselves_unless_they_are_nearly_even(look: int, weight: float) -> None:
    one = Matter("lift", "电梯坏了", Place(None, None), NOW, looks=(look,))
    score, because = likeness(one, replace(one, category="noise", text="楼上太吵", looks=(look ^ 1,)))
    assert (score, [(each.kind, each.weight) for each in because]) == (weight, [("picture", weight)])


def test_the_beginnings_of_long_texts_are_compared() -> None:
    assert common_words("电梯坏了" * 50 + "吵" * 300, "电梯坏了" * 50 + "水" * 300) == 1.0
