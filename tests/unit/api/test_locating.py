"""Which building a place belongs to, by its point or its words."""

from __future__ import annotations

from typing import Final

import pytest
from pydantic import ValidationError

from api.distance import Place, are_apart
from api.sites.locating import TOLD_CHARS, named_in, named_or_own, nearest, of_zones_in
from api.sites.schemas import Building, Zone

HOUSES: Final = [
    Building(building="b1", name="1号楼", lat=31.0, lon=120.0),
    Building(building="b2", name="2号楼", lat=31.001, lon=120.0),  # 111 m to the north
    Building(building="b11", name="11号楼"),
    Building(building="b19", name="19号楼"),
    Building(building="b20", name="20幢"),
    Building(building="a", name="A"),
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
        ("东区1号楼", "e1"), ("tower a, 3rd floor", "tower"), ("会所门口", "c1"), ("7", "7"), ("7栋", "7"),
        ("一号楼", "b1"), ("一栋", "b1"), ("第一幢2单元", "b1"), ("和润家园二号楼三单元", "b2"), ("十一号楼", "b11"),
        ("十九幢二单元", "b19"), ("二十号楼", "b20"), ("东区一栋", "e1"), ("302, 1号楼", "b1"),
        ("a栋", "a"), ("A座", "a"), ("1號樓", "b1"), ("一號樓 3單元", "b1"), ("二棟", "b2"), ("壹号楼", "b1"),
        ("拾玖號樓", "b19"), ("贰拾幢", "b20"), ("两号楼", "b2"), ("兩號樓門口", "b2"), ("東區1號樓", "e1"),
        ("參與1號樓活動", "b1"), ("會所門口", "c1"),
    ],
)  # fmt: skip
def test_words_name_a_building(words: str, building: str) -> None:
    assert named_in(words, HOUSES) == {building}


@pytest.mark.parametrize(
    "words",
    [
        "3号楼", "二十五号楼", "21号楼", "2-1号楼", "A1号楼", "B座", "一百二十栋", "百一栋", "1、2号楼之间", "一、二栋",
        "1-2号楼", "1和2号楼", "叁号楼", "三號樓", "三棟", "叁、肆栋", "1、2两号楼之间",
    ],
)  # fmt: skip
def test_words_name_a_building_that_there_is_not(words: str) -> None:
    assert named_in(words, HOUSES) == {None}


@pytest.mark.parametrize(
    "words",
    [
        "1楼", "1单元门口", "1单元102室", "102室", "1号线", "1号院", "1号楼梯口", "1#电梯", "1号", "一楼", "一单元",
        "一号院", "一号线", "一号楼梯", "门口一座桥", "我们这一栋", "两栋之间", "一號樓梯", "1#單元",
        "地下B1层车库", "Towers", "西门岗亭", "", "5月1号楼道灯坏了", "十一月一号楼道灯坏了", "整一栋楼都没水",
        "一辆7座商务车堵了门", "7座的车", "7座车停在路口",
    ],
)  # fmt: skip
def test_a_number_that_is_none_of_a_building_names_none(words: str) -> None:
    assert named_in(words, HOUSES) == set()


ZONES: Final = [
    Zone(zone="east-gate", name="东门", building="b1"),
    Zone(zone="z2", name="东门岗亭", building="b2"),
    Zone(zone="z3", name="西门"),
    Zone(zone="z4", name="大堂", building="b1"),
    Zone(zone="z5", name="大堂", building="b2"),
]


@pytest.mark.parametrize(
    ("words", "buildings"),
    [
        ("东门", {"b1"}), ("東門外面", {"b1"}), ("z2", {"b2"}), ("at the east-gate", {"b1"}), ("东门岗亭旁", {"b2"}),
        ("大堂", {"b1", "b2"}), ("西门", set()), ("门口", set()), ("z2路", set()),
    ],
)  # fmt: skip
def test_words_name_a_zone_that_lies_in_a_building(words: str, buildings: set[str]) -> None:
    assert of_zones_in(words, ZONES) == buildings


def test_words_name_several_buildings() -> None:
    assert named_in("1号楼和二号楼之间", HOUSES) == {"b1", "b2"}
    assert named_in("1号楼和25号楼之间", HOUSES) == {"b1", None}


@pytest.mark.parametrize(
    ("told", "building"),
    [
        ("2号楼电梯坏了", "b2"), ("二號樓的人把车停在我家楼下", "b2"), ("电梯坏了", "b1"), ("2号楼梯口", "b1"),
        ("2号楼和3号楼之间的路灯不亮", None), ("1号楼和2号楼之间的路灯不亮", "b1"),
        ("25号楼电梯坏了", None), ("7座车库漏水", "7"), ("", "b1"),
        ("水" * TOLD_CHARS + "2号楼", "b1"),
    ],
)  # fmt: skip
def test_what_is_reported_is_of_the_building_that_it_names_and_else_of_its_reporters_own(
    told: str, building: str | None
) -> None:
    assert named_or_own(told, "b1", HOUSES) == building


def test_what_the_layout_calls_its_buildings_comes_first() -> None:
    called = [
        Building(building="n1", name="一座"),
        Building(building="n2", name="1-2号楼"),
        Building(building="n3", name="三号楼"),
    ]
    for words, building in (("一座门口", "n1"), ("1-2号楼", "n2"), ("3栋", "n3")):
        assert named_in(words, called) == {building}


def test_every_numeral_up_to_99_is_that_number() -> None:
    digits = "零一二三四五六七八九"
    for n in range(1, 100):
        tens, ones = divmod(n, 10)
        numeral = ("" if tens < 2 else digits[tens]) + ("十" if tens else "") + (digits[ones] if ones else "")
        assert named_in(f"{numeral}号楼", [Building(building="it", name=f"{n}栋")]) == {"it"}


def test_two_buildings_of_one_name_are_both_named_by_it() -> None:
    twice = [Building(building="a", name="会所"), Building(building="b", name="会所")]
    assert named_in("会所门口", twice) == {"a", "b"}
    assert named_in("a", twice) == {"a"}


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
        (Place("b1", None), Place(None, None, is_elsewhere=True), True),
        (Place(None, None), Place(None, None, is_elsewhere=True), False),
        (Place(None, None, is_elsewhere=True), Place(None, None, is_elsewhere=True), False),
        (Place("b1", (31.0, 120.0)), Place(None, (31.0004, 120.0), is_elsewhere=True), False),
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


ESTATE = [
    *(Building(building=f"b{n}", name=f"{n}号楼") for n in range(1, 20)),
    Building(building="main", name="物业中心"),
    Building(building="tower", name="A座"),
]


@pytest.mark.parametrize(
    "told",
    [
        "整个小区12栋楼全部停水", "一共9栋楼都停电了", "三栋楼都没有电", "两三栋楼停水",
        "六栋居民楼没有暖气", "三栋都没电", "有三栋漏水",
        "一栋楼的水都停了", "门口有一栋违建",
        "隔壁一栋在装修", "2#泵房的泵坏了", "5#井盖破了", "1#门的道闸坏了", "19座中巴车堵住消防通道", "停着一辆7座SUV",
        "有3座凉亭漏雨", "昨天3号楼道灯坏了", "我住1号楼,2号楼有人烧垃圾", "物业中心的人不管,我家楼下有人烧垃圾",
        "main door is broken",
    ],
)  # fmt: skip
def test_counts_machines_and_people_in_a_tale_are_no_house(told: str) -> None:
    assert named_or_own(told, "b1", ESTATE) == "b1"


@pytest.mark.parametrize(
    ("told", "building"),
    [
        ("3号楼电梯坏了", "b3"), ("三號樓電梯壞了", "b3"), ("3栋2单元门坏了", "b3"), ("3栋楼下漏水", "b3"),
        ("5#楼停水", "b5"), ("5#2单元门坏了", "b5"), ("第三栋门口积水", "b3"), ("3座2单元漏水", "b3"),
        ("七栋3单元楼道里堆满垃圾", "b7"), ("十二栋下水道堵了", "b12"), ("3 号 楼 停水", "b3"), ("一栋2单元漏水", "b1"),
        ("A座电梯坏了", "tower"), ("25号楼停水", None), ("3号楼和5号楼停水", None),
    ],
)  # fmt: skip
def test_a_house_that_a_tale_names_is_meant(told: str, building: str | None) -> None:
    assert named_or_own(told, "b1", ESTATE) == building


def test_a_house_that_is_named_after_its_estate_is_found_by_its_number_where_no_other_has_it() -> None:
    named = [Building(building=f"h{n}", name=f"和润家园{n}号楼") for n in (2, 3)]
    assert named_in("2号楼3单元", named) == {"h2"}
    assert named_or_own("3号楼电梯坏了", "h2", named) == "h3"
    assert named_in("和润家园2号楼", named) == {"h2"}
    halves = [Building(building=side, name=f"{name}区2号楼") for side, name in (("e", "东"), ("w", "西"))]
    assert named_in("2号楼3单元", halves) == {None}
    assert named_in("西区2号楼", halves) == {"w"}
