"""Reports about the same thing come together, by what they say, and stay together."""

from __future__ import annotations

import random
from collections import defaultdict
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.categories import shipped
from api.phrases import matter
from api.topics import connecting
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


# Five or six people who complain alike, each of something else.
TURNS: Final = [
    (("路灯", "电梯", "门禁", "水泵", "健身器材", "监控"), "{}坏了没人修"),
    (("窗户", "晾衣架", "信报箱", "长椅", "凉亭"), "{}坏了没人修"),
    (("楼道里的垃圾堆了", "路灯坏了", "单元门坏了", "水管漏水", "井盖破了", "绿化带里的狗粪"), "{}好几天了没人管"),
    (("电梯", "漏水", "门禁", "路灯", "下水道"), "{}报修了很多次物业一直不处理"),
    (("电梯坏", "下水道堵了", "停电", "路灯不亮", "门禁坏"), "我打了好几次物业电话，物业说马上来，到现在也没人来，{}"),
    (("的井盖坏了", "的路灯坏了", "的护栏坏了", "有流动摊贩", "乱停车"), "小区门口{}，严重影响居民出行安全"),
]  # fmt: skip
EXAMPLES: Final = [grams(text) for texts in shipped.examples().values() for text in texts]  # of a large estate


def founded(texts: list[str], beside: list[frozenset[str]]) -> list[set[str]]:
    """What each new topic says."""
    said = [grams(text) for text in texts]
    came = sort_in([Report(str(n), f"p{n}", text) for n, text in enumerate(said)], {}, frequencies([*beside, *said]))
    return [{texts[int(report.number)] for report, _ in new.members} for new in came.founded]


@pytest.mark.parametrize("beside", [[], EXAMPLES], ids=["little else", "much else"])
@pytest.mark.parametrize(("matters", "turn"), TURNS, ids=[turn for _, turn in TURNS])
def test_what_people_say_of_whatever_it_is_makes_no_topic(
    matters: tuple[str, ...], turn: str, beside: list[frozenset[str]]
) -> None:
    assert founded([turn.format(each) for each in matters], beside) == []


def test_a_phrase_that_nobody_knows_joins_no_two_matters_that_are_known() -> None:
    matters = ("电梯坏了", "路灯不亮", "下水道堵了", "垃圾没清运", "广场舞太吵")
    assert founded([f"天天催天天拖，一点用场没有：{each}" for each in matters], []) == []


# As people say it, with few characters or none in common.
SAME: Final = [
    ["停水了，什么时候来水", "家里没水了", "自来水停了一天", "没有水，做不了饭", "水龙头没水", "停水为什么不通知"],
    ["停电了", "整栋楼没电", "家里没得电了，冰箱要臭了", "断电两个小时了"],
    ["断网了", "家里没网", "宽带断了三天", "网络又断了没法上课"],
    ["3栋路灯坏了", "小区西门路灯坏了两天了", "路灯不亮，晚上黑漆漆", "7栋楼下的路灯不亮"],
    ["小区门口乱停车，影响出行", "门口乱停车影响出行安全", "门口有人乱停车", "门口乱停车没人管"],
    ["单元门坏了没人修", "一楼单元门坏了没人修", "单元门坏了好久没人修", "单元门坏了，没人修，关不上"],
]  # fmt: skip


@pytest.mark.parametrize("beside", [[], EXAMPLES], ids=["little else", "much else"])
def test_what_is_one_matter_comes_together_however_it_is_put(beside: list[frozenset[str]]) -> None:
    mixed = [text for texts in SAME for text in texts] + [text for _, text in TEXTS]
    random.Random(4).shuffle(mixed)
    apart = [*map(set, SAME), *map(set, SAID.values()), *({text} for text in LONELY)]
    for texts in map(set, SAME):
        (topic,) = [each for each in founded(mixed, beside) if each & texts]
        assert len(texts - topic) <= bool(beside)  # among much else one may be too rare
        assert sum(not each.isdisjoint(topic) for each in apart) <= 2  # no water and the lamps stand in both lists


@pytest.mark.parametrize(
    ("text", "word"),
    [("水泵没有启动，楼道停电动车", "停电"), ("门口停水泥车，没有水电费单", "停水"), ("热水没了", "停水"),
     ("暖气停了", "停气"), ("防护网断了", "断网"), ("铁丝网断了", "断网"), ("羽毛球网断了", "断网"),
     ("围网没了", "断网"), ("轮胎没气", "停气"), ("手机没电", "停电"), ("手机都没电了", "停电"), ("门禁没电了", "停电"),
     ("电瓶没有电", "停电"), ("热水器没水", "停水"), ("喷泉没水", "停水"), ("泳池没有水", "停水"),
     ("绿化带缺水", "停水"), ("断了电线", "停电"), ("门口停了网约车", "断网")],
)  # fmt: skip
def test_what_is_not_cut_off_is_not_read_so(text: str, word: str) -> None:
    assert word not in matter(text)


@pytest.mark.parametrize(
    ("text", "word"),
    [("断了水", "停水"), ("没了水", "停水"), ("水没有了", "停水"), ("缺水", "停水"), ("水停三天了", "停水"),
     ("沒水", "停水"), ("水龙头没水", "停水"), ("喷泉停水了", "停水"), ("电没有了", "停电"), ("停了电", "停电"),
     ("电停两个小时了", "停电"), ("没有了水", "停水"), ("煤气没有了", "停气"), ("斷網", "断网"), ("网络停了", "断网")],
)  # fmt: skip
def test_what_is_cut_off_is_known_as_people_put_it(text: str, word: str) -> None:
    assert word in matter(text)


def test_traditional_characters_are_of_the_topic_of_simplified_ones() -> None:
    assert grams("電梯壞了") == grams("电梯坏了")


ANSWERED: Final[list[tuple[list[str], list[str], list[str]]]] = [
    (SAME[5], ["单元门坏了", "3栋单元门坏了关不上"],
     ["楼道扶手坏了没人修", "信报箱坏了没人修", "楼梯间的灯坏了没人修", "楼道窗户坏了没人修"]),
    (["楼上半夜很吵影响休息", "楼上半夜吵影响睡觉", "半夜楼上太吵，睡不着", "楼上半夜吵，影响休息"],
     ["楼上半夜很吵", "楼上半夜吵得睡不着"],
     ["对面工地半夜施工影响休息", "楼下半夜狗叫影响休息", "KTV半夜太吵影响休息", "广场舞太吵影响休息"]),
    (["健身器材坏了没人修", "健身器材坏了好久没人修", "健身器材又坏了"], ["健身器材坏了"],
     ["滑梯坏了没人修", "秋千坏了没人修"]),
    (SAME[0], ["没水了", "3楼断水两天了"], ["水压太低", "自来水发黄", "水管爆了没人修"]),
]  # fmt: skip


@pytest.mark.parametrize("beside", [[], EXAMPLES], ids=["little else", "much else"])
@pytest.mark.parametrize(("of_topic", "same", "other"), ANSWERED)
def test_a_later_report_is_answered_for_its_matter_and_not_for_its_words(
    of_topic: list[str], same: list[str], other: list[str], beside: list[frozenset[str]]
) -> None:
    seen, centre = frequencies([*beside, *map(grams, of_topic)]), NOBODY
    for text in map(grams, of_topic):
        centre = centre.joined(text)
    row = {"grams": centre.counts, "members": centre.members}
    like = {text: connecting.likeness(row, grams(text), seen) for text in same + other}
    assert [text for text, found_ in like.items() if found_ >= connecting.KNOWN] == same


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
