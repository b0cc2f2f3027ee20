"""Which building a place belongs to, by its point or its words."""

from __future__ import annotations

from typing import Final

import pytest
from pydantic import ValidationError

from api.distance import Place, are_apart
from api.sites.locating import named_by, nearest
from api.sites.schemas import Building

HOUSES: Final = [
    Building(building="b1", name="1号楼", lat=31.0, lon=120.0),
    Building(building="b2", name="2号楼", lat=31.001, lon=120.0),  # 111 m to the north
    Building(building="b11", name="11号楼"),
    Building(building="e1", name="东区1号楼"),
    Building(building="tower", name="Tower A"),
    Building(building="7", name="7"),
    Building(building="c1", name="会所"),
]


@pytest.mark.parametrize(
    ("words", "building"),
    [
        ("1号楼", "b1"), ("b1", "b1"), ("1号楼 3单元 电梯厅", "b1"), ("1 号楼3单元", "b1"), ("1栋三单元", "b1"),
        ("1幢", "b1"), ("1#楼下", "b1"), ("１号楼", "b1"), ("和润家园1号楼门口", "b1"), ("11号楼 1单元", "b11"),
        ("东区1号楼", "e1"), ("tower a, 3rd floor", "tower"), ("会所门口", "c1"), ("7", "7"),
        ("7单元门口", None), ("地下B1层车库", None), ("1号楼和2号楼之间", None), ("21号楼", None), ("2-1号楼", None),
        ("Towers", None), ("西门岗亭", None), ("", None),
    ],
)  # fmt: skip
def test_words_name_one_building_or_none(words: str, building: str | None) -> None:
    assert named_by(words, HOUSES) == building


def test_two_buildings_of_one_name_are_named_by_neither() -> None:
    twice = [Building(building="a", name="会所"), Building(building="b", name="会所")]
    assert named_by("会所门口", twice) is None
    assert named_by("a", twice) == "a"


def test_a_point_is_of_the_nearest_building_within_150_m() -> None:
    assert nearest((31.0004, 120.0), HOUSES) == "b1"
    assert nearest((31.0006, 120.0), HOUSES) == "b2"
    assert nearest((31.0022, 120.0), HOUSES) == "b2"
    assert nearest((31.0024, 120.0), HOUSES) is None
    assert nearest((31.0, 120.0), [HOUSES[2]]) is None


def test_where_a_building_stands_is_said_whole() -> None:
    with pytest.raises(ValidationError, match="belong together"):
        Building(building="b", name="b", lat=31.0)


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        (Place("b1", None), Place("b1", None), False),
        (Place("b1", None), Place("b2", None), True),
        (Place("b1", None), Place(None, None), False),
        (Place(None, (31.0, 120.0)), Place(None, (31.0013, 120.0)), False),
        (Place(None, (31.0, 120.0)), Place(None, (31.0014, 120.0)), True),
        (Place("b1", (31.0, 120.0)), Place("b1", (31.0014, 120.0)), True),
        (Place("b1", (31.0, 120.0)), Place("b2", (31.0004, 120.0)), False),
        (Place("b1", (31.0, 120.0)), Place("b2", (31.0005, 120.0)), True),
    ],
)
def test_two_buildings_or_points_far_from_each_other_are_two_places(one: Place, other: Place, *, apart: bool) -> None:
    assert are_apart(one, other) is apart
    assert are_apart(other, one) is apart
