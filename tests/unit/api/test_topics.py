"""Reports about the same thing come together, by what they say, and stay together."""

from __future__ import annotations

import random
from collections import defaultdict
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.topics.clusters import MIN_REPORTERS, Report, Sorted, sort_in
from api.topics.service import is_growing
from api.topics.store import Heard
from api.topics.text import NOBODY, Centre, Frequencies, frequencies, grams

# As residents write: several ways to say each thing.
SAID: Final = {
    "lift": ["3号楼电梯坏了，困住人了，物业赶紧来修", "电梯又坏了，老人上不了楼，什么时候修好",
             "我们楼的电梯停运三天了没人修", "电梯故障按键失灵，请尽快维修", "电梯运行时抖动异响，很害怕，请检修电梯"],
    "fire lane": ["消防通道停满了车，救护车进不来", "消防通道堆放杂物，存在安全隐患", "有车一直停在消防通道上没人管"],
    "flood": ["地下车库进水了，水泵好像坏了", "下穿隧道积水，水泵不工作，车过不去", "地库积水很深，水泵没有启动"],
    "no water": ["家里停水一整天了，什么时候来水", "整栋楼停水，物业没有通知", "又停水了，没法做饭"],
    "noise": ["楼上半夜装修噪音太大，没法睡觉", "楼上装修噪音扰民，周末也不停", "装修噪音从早到晚，孩子没法学习"],
    "deposit": ["退租后房东不退押金", "装修押金物业一直不退", "押金交了半年不退还"],
}  # fmt: skip
LONELY: Final = ["广场舞音响太吵了", "路灯不亮", "有人在绿化带种菜"]
TEXTS: Final = [(topic, text) for topic, texts in SAID.items() for text in texts] + [("", text) for text in LONELY]
EVERYTHING: Final = frequencies(grams(text) for _, text in TEXTS)


def reports(order: list[int]) -> list[Report]:
    return [Report(str(n), f"p{n}", grams(TEXTS[n][1])) for n in order]


def found(came: Sorted) -> list[set[str]]:
    """The subjects of each new topic."""
    return [{TEXTS[int(report.number)][0] for report, _ in new.members} for new in came.founded]


def test_what_residents_say_of_one_thing_is_one_topic() -> None:
    came = sort_in(reports(list(range(len(TEXTS)))), {}, EVERYTHING)
    assert sorted(map(sorted, found(came))) == sorted([name] for name in SAID)


GREETINGS: Final = [
    "您好，我叫赵六，家住3号楼2单元501室，电话是13800001234，我要反映一个问题，{}，请尽快派人处理一下，谢谢",
    "你好，我是5号楼1单元302室的业主，手机13900005678，想反映一下情况：{}，希望有关部门尽快解决",
    "市民来电反映：{}，联系电话13700004321，请相关部门核实处理并回复",
]
DIFFERENT: Final = [
    "昨晚开始停电冰箱里的菜都坏了", "电梯按键失灵困住老人", "楼上半夜装修噪音太大", "消防通道堆满杂物",
    "小区门口流动摊贩占道", "路灯不亮天黑看不见", "广场舞音响吵得孩子没法学习", "宽带断了三天没人修",
]  # fmt: skip


@pytest.mark.parametrize("greeting", GREETINGS)
def test_how_people_introduce_themselves_is_no_topic(greeting: str) -> None:
    texts = [grams(greeting.format(matter)) for matter in DIFFERENT]
    came = sort_in([Report(str(n), f"p{n}", text) for n, text in enumerate(texts)], {}, frequencies(texts))
    assert came.founded == []


@pytest.mark.parametrize("greeting", GREETINGS)
def test_introduced_or_not_it_is_the_same_topic(greeting: str) -> None:
    texts = [grams(greeting.format(said) if n % 2 else said) for n, said in enumerate(SAID["fire lane"] * 2)]
    assert len(sort_in([Report(str(n), f"p{n}", text) for n, text in enumerate(texts)], {}, EVERYTHING).founded) == 1


def test_what_is_said_of_a_topic_names_nobody() -> None:
    texts = [grams(GREETINGS[0].format(said)) for said in SAID["lift"]]
    centre = NOBODY
    for text in texts:
        centre = centre.joined(text)
    assert {"赵六", "叫赵", "单元", "电话"}.isdisjoint(centre.words(frequencies(texts), 100))


@pytest.mark.parametrize("seed", range(5))
def test_the_order_in_which_they_come_makes_little_difference(seed: int) -> None:
    order = list(range(len(TEXTS)))
    random.Random(seed).shuffle(order)
    subjects = found(sort_in(reports(order), {}, EVERYTHING))
    assert len([each for each in subjects if len(each) == 1]) >= 4
    assert all(len(each) <= 2 for each in subjects)


def test_one_person_who_writes_ten_times_founds_nothing() -> None:
    own = [Report(str(n), "rita", grams(SAID["lift"][n % 5])) for n in range(10)]
    assert sort_in(own, {}, EVERYTHING).founded == []
    others = [Report(f"1{n}", f"p{n}", grams(SAID["lift"][n])) for n in range(MIN_REPORTERS - 1)]
    assert len(sort_in([*own, *others], {}, EVERYTHING).founded) == 1


def test_a_topic_that_is_there_takes_what_belongs_to_it_and_keeps_its_id() -> None:
    lift = NOBODY
    for text in SAID["lift"][:3]:
        lift = lift.joined(grams(text))
    came = sort_in(reports([3, 4, 5]), {"T1": lift}, EVERYTHING)
    assert {(each.number, each.topic) for each in came.joined} == {("3", "T1"), ("4", "T1")}
    assert came.centres["T1"].members == 5
    assert came.founded == []


ORDERS: Final = st.permutations(range(len(TEXTS)))


@given(ORDERS, st.lists(st.integers(0, len(TEXTS)), max_size=4))
def test_nobody_is_lost_or_sorted_twice_however_it_is_cut_into_passes(order: list[int], cuts: list[int]) -> None:
    """The seam is the service's: what is sorted in stays, what is not comes again, topics carry their centres on."""
    topics: dict[str, Centre] = {}
    topic_of: dict[str, str] = {}
    seen: list[int] = []
    for begin, end in pairwise([0, *sorted(cuts), len(order)]):
        seen += order[begin:end]
        before = dict(topic_of)
        came = sort_in([each for each in reports(seen) if each.number not in topic_of], topics, EVERYTHING)
        for joined in came.joined:
            assert joined.number not in topic_of
            topic_of[joined.number] = joined.topic
        topics |= came.centres
        for new in came.founded:
            name = f"T{new.members[0][0].number}"
            assert name not in topics
            topics[name] = new.centre
            for report, _ in new.members:
                assert report.number not in topic_of
                topic_of[report.number] = name
        assert all(topic_of[number] == topic for number, topic in before.items())
    sizes: dict[str, int] = defaultdict(int)
    for topic in topic_of.values():
        sizes[topic] += 1
    assert {name: centre.members for name, centre in topics.items()} == sizes


WORDS: Final = st.text(st.sampled_from("水电梯坏漏修车门垃圾 a的"), max_size=30)


@given(st.lists(WORDS, min_size=1, max_size=8))
def test_likeness_is_between_nothing_and_the_same(texts: list[str]) -> None:
    known = frequencies(map(grams, texts))
    for text in map(grams, texts):
        for other in map(grams, texts):
            likeness = NOBODY.joined(other).likeness(text, known)
            assert 0 <= likeness <= 1 + 1e-9
            if text == other and text:
                assert likeness == pytest.approx(1)


def test_a_centre_tells_why_by_its_words() -> None:
    lift = NOBODY
    for text in SAID["lift"]:
        lift = lift.joined(grams(text))
    assert lift.words(EVERYTHING, 1) == ["电梯"]
    assert Centre({}, 0).likeness(grams("电梯"), Frequencies(0, {})) == 0


def heard(*reporters: int) -> list[Heard]:
    return [Heard(reporters=each) for each in reporters]


@pytest.mark.parametrize(
    ("reporters", "growing"),
    [((5, 0, 0, 0, 0), True), ((4, 0, 0, 0, 0), False), ((5, 3, 3, 3, 1), True), ((5, 3, 3, 3, 2), False),
     ((40, 30, 20, 20, 20), False), ((8, 4, 4, 4, 4), True)],
)  # fmt: skip
def test_growing_is_many_people_and_twice_the_mean_of_four_weeks(reporters: tuple[int, ...], growing: bool) -> None:
    assert is_growing(heard(*reporters)) is growing


def test_who_leaves_a_topic_leaves_no_words_in_it() -> None:
    stays, leaves = grams("电梯又坏了"), grams("电梯门关不上")
    both = NOBODY.joined(stays).joined(leaves)
    assert both.left(leaves) == NOBODY.joined(stays)
    assert both.left(leaves).left(stays) == NOBODY
