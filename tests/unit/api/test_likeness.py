"""How alike two matters are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from api.distance import Place
from api.duplicates.likeness import ENOUGH, SINCE, Matter, likeness

NOW: Final = datetime(2026, 6, 1, 4, tzinfo=UTC)
LIFT: Final = Matter("lift", "电梯坏了", Place("b1", None), NOW)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Place("b1", None), Place("b2", None)),
        (Place("b1", (31.0, 120.0)), Place("b2", (31.0, 120.001))),
        (Place("b1", (31.0, 120.0)), Place("b1", (31.01, 120.0))),
    ],
)
def test_what_is_in_two_places_is_two_matters_whatever_is_said(one: Place, other: Place) -> None:
    assert likeness(replace(LIFT, where=one), replace(LIFT, where=other)) == (0.0, [])


def test_the_same_words_without_a_place_are_enough_and_say_why() -> None:
    score, because = likeness(LIFT, replace(LIFT, where=Place(None, None)))
    assert (score, [each.kind for each in because]) == (0.75, ["category", "text"])


def test_the_longer_ago_the_less_alike() -> None:
    scores = [likeness(LIFT, replace(LIFT, at=NOW - timedelta(days=n)))[0] for n in range(15)]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)
    assert (scores[0], scores[-1]) == (0.95, 0.75)
    because = likeness(LIFT, replace(LIFT, at=NOW - SINCE))[1][-1]
    assert (because.kind, because.weight, because.words["zh"]) == ("age", -0.2, "相隔14天")


def test_of_one_house_and_category_but_other_words_it_is_not_enough_however_new() -> None:
    assert likeness(LIFT, replace(LIFT, text="按钮不亮"))[0] < ENOUGH


@pytest.mark.parametrize(("zone", "kinds"), [("z0", ["category", "zone", "text"]), ("z1", ["category", "text"])])
def test_a_zone_is_a_place_where_there_is_no_building(zone: Any, kinds: list[str]) -> None:
    gate = replace(LIFT, where=Place(None, None), zone="z0")
    assert [each.kind for each in likeness(gate, replace(gate, zone=zone))[1]] == kinds
