"""What every figure means, in one place. queries.sql decides by order what counts it; a test holds the two together."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final, NamedTuple

# Until somebody has begun: what the hotline gives its units for the first contact.
RESPONSE: Final = timedelta(hours=24)
SATISFIED: Final = 4  # of five, and better
DISSATISFIED: Final = 2  # of five, and worse


class Measure(StrEnum):
    """What is counted. The order is that of the export's columns."""

    OPENED = "opened"
    REPORTED = "reported"
    CANCELLED = "cancelled"
    MERGED = "merged"
    COUNTED = "counted"
    RESPONSE_DUE = "response_due"
    RESPONDED = "responded"
    PROMISE_DUE = "promise_due"
    ON_TIME = "on_time"
    DISPATCHED = "dispatched"
    RETURNED = "returned"
    ANSWERED = "answered"
    REOPENED = "reopened"
    ASKED = "asked"
    SILENT = "silent"
    RATED = "rated"
    SOLVED = "solved"
    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"


class Meaning(NamedTuple):
    """A name and a sentence."""

    zh: str
    en: str
    sentence_zh: str
    sentence_en: str


class Ratio(NamedTuple):
    """A rate: one measure among another, of which it is a part."""

    part: Measure
    whole: Measure
    meaning: Meaning


MEANINGS: Final[dict[Measure, Meaning]] = {
    Measure.OPENED: Meaning(
        "受理量", "opened", "本周内立案的全部工单,含后来取消和合并的。",
        "All orders opened in the week, with those that were cancelled or merged later.",
    ),
    Measure.REPORTED: Meaning(
        "诉求量", "reported", "本周内的居民诉求,即热点通报所计:含合并件,不含取消件、子工单和系统开立的工单。",
        "What people reported in the week, as bulletins count it: merged ones too; not what was cancelled, sub-orders"
        " or what the system opened.",
    ),
    Measure.CANCELLED: Meaning(
        "取消量", "cancelled",
        "其中现已取消的;除被他人取消前已超过响应或承诺时限的计入应响应量、应办结量外,不计入任何比率。",
        "Those now cancelled; no rate counts them, but response and on time: what others than the reporter cancelled"
        " too late.",
    ),
    Measure.MERGED: Meaning(
        "合并量", "merged", "其中已并入他单的:办理只计主单,评价仍按各诉求人分别计。",
        "Those merged into another: the work counts with the master, the rating with each reporter.",
    ),
    Measure.COUNTED: Meaning(
        "计入量", "counted", "未取消、未合并的工单。", "Orders that are neither cancelled nor merged.",
    ),
    Measure.RESPONSE_DUE: Meaning(
        "应响应量", "response due", "计入的工单中已按时响应的,或立案已满24小时的;"
        "立案满24小时无人处理后才合并,或被诉求人以外的人取消的也计,按未响应计。",
        "Counted orders that were responded to in time, or were opened 24 hours ago or longer; and, as not responded"
        " to, what nobody had begun in 24 hours when it was merged, or cancelled by others than its reporter.",
    ),
    Measure.RESPONDED: Meaning(
        "响应量", "responded", "立案后24小时内有人开始处理的,重办不改变首次响应。",
        "Counted orders on which a worker began within 24 hours; reopening does not change the first time.",
    ),
    Measure.PROMISE_DUE: Meaning(
        "应办结量", "promise due", "计入的工单中有承诺时限,且已答复、首次承诺的时限已过或重办后的时限已误的;"
        "合并前,或被诉求人以外的人取消前已超过时限的也计,按未按时办结计。",
        "Counted orders with a promised date that are answered, or whose first date has passed or that missed a later;"
        " and, as not on time, what was overdue before it was merged, or cancelled by others than its reporter.",
    ),
    Measure.ON_TIME: Meaning(
        "按时办结量", "on time", "最后一次答复不晚于首次承诺的时限,且从未误过时限的;重办另给的时限不抵首次承诺。",
        "Those whose last answer came by the date that was promised first, and that missed none; what is promised when"
        " an order is reopened makes up for nothing.",
    ),
    Measure.DISPATCHED: Meaning(
        "派单量", "dispatched", "计入的工单中派发过的;退回过的工单按单位统计时,计入每个派发过的单位。",
        "Counted orders that were ever dispatched; by unit, what was given back counts with each unit that had it.",
    ),
    Measure.RETURNED: Meaning(
        "退单量", "returned", "其中至少退回过一次的;按单位统计时,计入退回它的单位,而非现在的责任单位。",
        "Those given back at least once; by unit, of the unit that gave it back, not of the one responsible now.",
    ),
    Measure.ANSWERED: Meaning(
        "答复量", "answered", "计入的工单中答复过的,含答复后重办的。",
        "Counted orders that were ever answered, those reopened after it too.",
    ),
    Measure.REOPENED: Meaning(
        "重办量", "reopened", "其中答复后至少重办过一次的;取消后恢复、合并后拆出的不算。",
        "Those reopened after an answer at least once; not what was cancelled or merged before, and never answered.",
    ),
    Measure.ASKED: Meaning(
        "应评价量", "asked", "未取消的工单(含合并)中已有评价的,或评价期已过仍沉默的。",
        "Orders not cancelled, merged ones too, that were rated, or whose window is over in silence.",
    ),
    Measure.SILENT: Meaning(
        "沉默量", "silent", "评价期已过而诉求人从未评价的:既不算满意,也不算不满意。",
        "Those whose reporter never rated and whose window is over: neither satisfied nor dissatisfied.",
    ),
    Measure.RATED: Meaning(
        "评价量", "rated", "有评价的;重办后以最近一次评价为准,此后沉默不改变它。",
        "Those with a rating; the newest counts, and silence after reopening does not take it back.",
    ),
    Measure.SOLVED: Meaning("解决量", "solved", "评价人都说已解决的。", "Those of which every rater says solved."),
    Measure.SATISFIED: Meaning(
        "满意量", "satisfied", "最低评分为4分或5分的。", "Those whose lowest rating is 4 or 5 of 5.",
    ),
    Measure.DISSATISFIED: Meaning(
        "不满意量", "dissatisfied", "最低评分为1分或2分的;3分两边都不计。",
        "Those whose lowest rating is 1 or 2; 3 is neither.",
    ),
}  # fmt: skip

RATES: Final[dict[str, Ratio]] = {
    "response": Ratio(Measure.RESPONDED, Measure.RESPONSE_DUE, Meaning(
        "响应率", "response rate", "响应量占应响应量的比例。", "Responded among response due.")),
    "solution": Ratio(Measure.SOLVED, Measure.RATED, Meaning(
        "解决率", "solution rate", "解决量占评价量的比例;沉默不计。", "Solved among rated; silence is in neither.")),
    "satisfaction": Ratio(Measure.SATISFIED, Measure.RATED, Meaning(
        "满意率", "satisfaction rate", "满意量占评价量的比例;沉默不计。",
        "Satisfied among rated; silence is in neither.")),
    "silence": Ratio(Measure.SILENT, Measure.ASKED, Meaning(
        "沉默率", "silence rate", "沉默量占应评价量的比例,单独列示。", "Silent among asked, shown apart.")),
    "on_time": Ratio(Measure.ON_TIME, Measure.PROMISE_DUE, Meaning(
        "按时办结率", "on-time rate", "按时办结量占应办结量的比例。", "On time among promise due.")),
    "return": Ratio(Measure.RETURNED, Measure.DISPATCHED, Meaning(
        "退单率", "return rate", "退单量占派单量的比例。", "Returned among dispatched.")),
    "reopen": Ratio(Measure.REOPENED, Measure.ANSWERED, Meaning(
        "重办率", "reopen rate", "重办量占答复量的比例。", "Reopened among answered.")),
}  # fmt: skip
