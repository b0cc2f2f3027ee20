"""What came of a choice, in words."""

from __future__ import annotations

from typing import Final

from api.dispatch.choice import Choice, Passed, Stage, Why
from api.dispatch.rules import Mode
from api.schema import Bilingual

STAGES: Final[dict[Stage, Bilingual]] = {
    Stage.OWN_STAFF: {"zh": "责任单位中有此技能的物管人员", "en": "among the unit's property staff with the skill"},
    Stage.RULE: {"zh": "按规则", "en": "by the rule"},
    Stage.NEIGHBOUR_GRID: {"zh": "相邻网格", "en": "in neighbouring grids"},
    Stage.PROPERTY_STAFF: {"zh": "有此技能的物管人员", "en": "among property staff with the skill"},
    Stage.ON_CALL: {"zh": "单位值守人员", "en": "among the unit's people on call"},
    Stage.DESK: {"zh": "值班台人工派单", "en": "at the desk, where a person decides"},
}

_WHY: Final[dict[Why, Bilingual]] = {
    Why.GAVE_BACK: {"zh": "曾退回此单", "en": "returned it before"},
    Why.NOT_NAMED: {"zh": "规则指定了别人", "en": "the rule names somebody else"},
    Why.OTHER_UNIT: {"zh": "不是该单位的人员", "en": "not of the unit"},
    Why.OTHER_ROLE: {"zh": "岗位不符", "en": "another kind of worker is asked for"},
    Why.OTHER_GRID: {"zh": "不负责这个网格", "en": "looks after other grids"},
    Why.LACKS_SKILL: {"zh": "不具备所需技能", "en": "lacks the skill"},
    Why.OFF_SHIFT: {"zh": "符合条件,但不在班", "en": "would fit, but is off shift"},
    Why.NOT_ON_CALL: {"zh": "是该单位人员,但此时不值守", "en": "of the unit, but not on call"},
    Why.BUSIER: {
        "zh": "在办量 {load},被选中者为 {chosen_load}",
        "en": "has a load of {load}, whoever was chosen of {chosen_load}",
    },
    Why.FARTHER: {
        "zh": "在办量相同({load}),距离 {distance_m},被选中者 {chosen_distance_m}",
        "en": "has the same load ({load}), but is {distance_m} away, whoever was chosen {chosen_distance_m}",
    },
    Why.LATER_TURN: {
        "zh": "轮流派单:上次轮到的序号 {turn},被选中者为 {chosen_turn}",
        "en": "in the round: had turn {turn} last, whoever was chosen turn {chosen_turn}",
    },
    Why.LATER_NAME: {"zh": "条件完全相同,按账号排序在后", "en": "equal in all; later by name"},
}
_UNKNOWN: Final[Bilingual] = {"zh": "未知", "en": "an unknown distance"}
_DISTANCES: Final = ("distance_m", "chosen_distance_m")


def of_passed(passed: Passed) -> Bilingual:
    """Why somebody was passed over."""
    return {
        language: text.format(**{name: _number(name, value, language) for name, value in passed.numbers.items()})
        for language, text in _WHY[passed.why].items()
    }


def _number(name: str, value: int | None, language: str) -> str:
    if name not in _DISTANCES:
        return str(value)
    return _UNKNOWN[language] if value is None else f"{value} m"


def of_choice(choice: Choice, untaken_by: int = 0) -> Bilingual:
    """Who was chosen, and where they were found; `untaken_by`: after so many had not taken it in time."""
    said = _of_choice(choice)
    if not untaken_by:
        return said
    return {
        "zh": f"曾供 {untaken_by} 人抢单,时限内无人接单,改为指派。{said['zh']}",
        "en": f"offered to {untaken_by}, and nobody took it in time, so it is assigned; {said['en']}",
    }


def _of_choice(choice: Choice) -> Bilingual:
    where = STAGES[choice.stage]
    if choice.worker is not None:
        return _of_worker(choice, where)
    if choice.pool:
        number = len(choice.pool)
        return {
            "zh": f"规则 {choice.rule}:{where['zh']},{number} 人可抢单",
            "en": f"rule {choice.rule}: {where['en']}, {number} may take it",
        }
    return {
        "zh": f"规则 {choice.rule}:无人在班且符合条件,转{where['zh']}",
        "en": f"rule {choice.rule}: nobody fits and is on shift; {where['en']}",
    }


def _of_worker(choice: Choice, where: Bilingual) -> Bilingual:
    fitting = choice.looked[-1].fitting
    far = {"zh": "", "en": ""}
    if choice.distance_m is not None:
        far = {"zh": f",距离约 {choice.distance_m} m", "en": f", within {choice.distance_m} m"}
    by = {
        Mode.ROUND_ROBIN: {"zh": "轮到其接单", "en": "whose turn it is"},
        Mode.ASSIGN: {
            "zh": f"在办量最少({choice.load}){far['zh']}",
            "en": f"who has the least load ({choice.load}){far['en']}",
        },
    }[choice.mode]
    return {
        "zh": f"规则 {choice.rule}:{where['zh']},符合条件的 {fitting} 人中选 {choice.worker},{by['zh']}",
        "en": f"rule {choice.rule}: {where['en']}, of {fitting} who fit {choice.worker}, {by['en']}",
    }
