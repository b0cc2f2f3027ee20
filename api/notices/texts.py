"""What notices say, in Chinese and English. Pure.

No notice repeats what a person wrote, nor who somebody is: it names the order, its category and its building, and those
who may see more look there. So a notice may pass through other companies' servers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from api.notices.rules import Kind

LANGUAGES: Final = ("zh", "en")
# Lines of one digest; robots and templates take some thousand characters.
MAX_DIGEST_LINES: Final = 20


@dataclass(frozen=True, slots=True)
class Words:
    """One notice in one language: a short title and one or two sentences."""

    title: str
    text: str


# Fields: {number}, {place} (category and building, empty for a confidential order), {limit} (which one, as in LIMITS),
# and what the kind itself brings.
_TEXTS: Final[dict[Kind, dict[str, tuple[str, str]]]] = {
    Kind.ACCEPTED: {
        "zh": ("诉求已受理", "您的诉求{number}已受理。"),
        "en": ("Accepted", "Your report {number} has been accepted."),
    },
    Kind.DISPATCHED: {
        "zh": ("新工单", "工单{number}已派给您{place}。"),
        "en": ("New work order", "Work order {number} is yours{place}."),
    },
    Kind.WITHDRAWN: {
        "zh": ("工单已转出", "工单{number}不再由您处理。"),
        "en": ("No longer yours", "Work order {number} is no longer yours."),
    },
    Kind.OFFERED: {
        "zh": ("有工单可抢", "工单{number}可抢单{place}。"),
        "en": ("To be claimed", "Work order {number} may be claimed{place}; the first who does has it."),
    },
    Kind.AT_DESK: {
        "zh": ("待派单", "工单{number}暂无合适的承办人{place},请派单。"),
        "en": ("To be dispatched", "Nobody fits work order {number}{place}; please dispatch it."),
    },
    Kind.TURNED_CRITICAL: {
        "zh": ("工单转为紧急", "工单{number}已转为紧急{place},请立即处理。"),
        "en": ("Critical by now", "Work order {number} is critical by now{place}; please act at once."),
    },
    Kind.HELPING: {
        "zh": ("请您协办", "请您协助办理工单{number}{place}。"),
        "en": ("Your help is wanted", "You are asked to help with work order {number}{place}."),
    },
    Kind.UNDER_WAY: {
        "zh": ("诉求已派单", "您的诉求{number}已派给处理人员。"),
        "en": ("Dispatched", "Your report {number} has been given to somebody."),
    },
    Kind.HANDLING: {
        "zh": ("正在处理", "您的诉求{number}正在处理。"),
        "en": ("Under way", "Somebody is at work on your report {number}."),
    },
    Kind.ON_HOLD: {
        "zh": ("暂缓处理", "{number}暂缓处理,原因请在系统中查看。"),
        "en": ("On hold", "{number} is on hold; the reason stands with it."),
    },
    Kind.RESUMED: {
        "zh": ("暂缓结束", "工单{number}暂缓结束{place},请继续处理。"),
        "en": ("On hold no more", "Work order {number} is on hold no more{place}; please go on."),
    },
    Kind.ANSWERED: {
        "zh": ("诉求已答复", "您的诉求{number}已答复,请查看并评价。"),
        "en": ("Answered", "Your report {number} has been answered; please read and rate it."),
    },
    Kind.CANCELLED: {
        "zh": ("已取消", "{number}已取消。"),
        "en": ("Cancelled", "{number} has been cancelled."),
    },
    Kind.MERGED: {
        "zh": ("合并处理", "您的诉求{number}与同一问题的其他诉求合并处理,进展会继续通知您。"),
        "en": ("Handled together", "Your report {number} is handled with others of the same matter; you will hear on."),
    },
    Kind.SEPARATED: {
        "zh": ("单独处理", "您的诉求{number}不再与其他诉求合并,现单独处理。"),
        "en": ("Handled by itself", "Your report {number} goes on by itself, no longer together with others."),
    },
    Kind.REOPENED: {
        "zh": ("重新办理", "{number}重新办理{place}。"),
        "en": ("Reopened", "{number} has been reopened{place}."),
    },
    Kind.RETURNED: {
        "zh": ("申请退单", "工单{number}申请退单{place},等待审核。"),
        "en": (
            "Return asked for",
            "Order {number} is to be given back{place}; it waits to be signed off.",
        ),
    },
    Kind.RETURN_REFUSED: {
        "zh": ("退单未获同意", "工单{number}的退单申请未获同意{place},仍由您处理,原因请在系统中查看。"),
        "en": ("Return refused", "Work order {number} stays yours{place}; the reason stands with it."),
    },
    Kind.ARBITRATION: {
        "zh": ("等待裁定", "工单{number}多次退单{place},等待裁定。"),
        "en": ("For arbitration", "Work order {number} was returned again{place}; it waits for a decision."),
    },
    Kind.DISSATISFIED: {
        "zh": ("评价不满意", "工单{number}未解决或不满意{place},请回访。"),
        "en": ("Not satisfied", "Work order {number} was rated unsolved or poor{place}; please call back."),
    },
    Kind.URGED: {
        "zh": ("催办", "工单{number}被催办{place}。"),
        "en": ("Urged", "The reporter urges work order {number}{place}."),
    },
    Kind.ASKED: {
        "zh": ("需要您补充", "处理您的诉求{number}需要您补充信息,请查看并回复。"),
        "en": ("A question to you", "There is a question about your report {number}; please answer it."),
    },
    Kind.TOLD: {
        "zh": ("诉求人有补充", "工单{number}的诉求人补充了信息{place},请查看。"),
        "en": ("More was said", "More was said about work order {number}{place}; please look."),
    },
    Kind.UNIT_ASSIGNED: {
        "zh": ("新工单", "工单{number}由本单位负责{place}。"),
        "en": ("New work order", "Work order {number} is your unit's{place}."),
    },
    Kind.REMINDER: {
        "zh": ("即将到期", "工单{number}的{limit}时限为{due},即将到期{place}。"),
        "en": ("Due soon", "The limit of work order {number}{limit} ends at {due}{place}."),
    },
    Kind.OVERDUE: {
        "zh": ("已超期", "工单{number}已超过{limit}时限{due}{place}。"),
        "en": ("Overdue", "Work order {number} is past its limit{limit}, {due}{place}."),
    },
    Kind.ESCALATION: {
        "zh": ("超期升级", "工单{number}超期未处理({limit}时限{due}){place},请督办。"),
        "en": ("Escalated", "Work order {number} is still past its limit{limit}, {due}{place}; please step in."),
    },
    Kind.PROMISE_MOVED: {
        "zh": ("答复时间调整", "您的诉求{number}改为在{due}前答复。"),
        "en": ("New promised date", "Your report {number} is now promised before {due}."),
    },
    Kind.PROMISE_BROKEN: {
        "zh": (
            "未能按时答复,深表歉意",
            "非常抱歉,您的诉求{number}未能在承诺的{due}前答复。值班台已收到提醒,会继续跟进,一有结果即答复您。",
        ),
        "en": (
            "We are late, and sorry",
            "We are sorry: your report {number} was to be answered by {due}. The desk knows and goes on.",
        ),
    },
    Kind.PAUSE_ASKED: {
        "zh": ("暂停申请待审批", "工单{number}申请暂停计时{place},请审批。"),
        "en": ("A pause to decide on", "A pause is asked for of work order {number}{place}; please decide."),
    },
    Kind.PAUSE_APPROVED: {
        "zh": ("暂停申请已批准", "工单{number}的暂停计时申请已批准{place}。"),
        "en": ("Pause approved", "The pause of work order {number} was approved{place}."),
    },
    Kind.PAUSE_DENIED: {
        "zh": ("暂停申请未获批准", "工单{number}的暂停计时申请未获批准{place}。"),
        "en": ("Pause denied", "The pause of work order {number} was denied{place}."),
    },
    Kind.PAUSE_ENDED: {
        "zh": ("暂停已提前结束", "工单{number}的计时暂停已提前结束{place}。"),
        "en": ("Pause ended", "The pause of work order {number} was ended before its time{place}."),
    },
    Kind.EXTENSION_ASKED: {
        "zh": ("延期申请待审批", "工单{number}申请延期{place},请审批。"),
        "en": ("More time to decide on", "More time is asked for of work order {number}{place}; please decide."),
    },
    Kind.EXTENSION_APPROVED: {
        "zh": ("延期申请已批准", "工单{number}的延期申请已批准{place},新的时限请在系统中查看。"),
        "en": ("More time granted", "Work order {number} has more time{place}; the new limit stands with it."),
    },
    Kind.EXTENSION_DENIED: {
        "zh": ("延期申请未获批准", "工单{number}的延期申请未获批准{place},时限不变。"),
        "en": ("More time denied", "Work order {number} has no more time{place}; its limits stay."),
    },
    Kind.PAUSE_OVER: {
        "zh": ("计时恢复", "工单{number}的计时暂停已于{due}结束{place},时限继续计算。"),
        "en": ("The clock runs again", "The pause of work order {number} was over at {due}{place}."),
    },
    Kind.NOBODY_ELSE_TO_VISIT: {
        "zh": ("回访须由经手人进行", "工单{number}须回访{place},但值班人员都经手过,请督办亲自回访。"),
        "en": (
            "Nobody else to visit",
            "Work order {number} is to be visited{place}, and all of the desk had a hand in it: a supervisor does it.",
        ),
    },
    Kind.OVERFLOW: {
        "zh": ("通知过多", "一天内通知过多,另有{count}条未发送,请在工单列表中查看。"),
        "en": ("Too many notices", "{count} more of this day were not sent; look at the list of work orders."),
    },
    Kind.EMAIL_CODE: {
        "zh": ("邮箱验证", "验证码{code},用于接收通知。不是您本人操作请忽略。"),
        "en": ("Confirm your address", "{code} confirms this address for notices. If it was not you, ignore this."),
    },
}

# What has to be done within a limit: two of one order may end at the same minute.
LIMITS: Final = {
    "promise": {"zh": "承诺答复", "en": " for the promised answer"},
    "accept": {"zh": "受理派单", "en": " for dispatch and taking it up"},
    "arrive": {"zh": "到场", "en": " for arrival"},
    "solve": {"zh": "办结", "en": " for completion"},
}
_DIGEST: Final = {"zh": "您有{count}条通知", "en": "{count} notices"}
_MORE: Final = {"zh": "……另有{count}条", "en": "... and {count} more"}
_OF_THE_PLACE: Final = frozenset({"category", "category_name", "building", "building_name"})
_PLACE: Final = {"zh": "({place})", "en": " ({place})"}
_BETWEEN: Final = {"zh": ",", "en": ", "}


def words(kind: Kind, number: str | None, details: Mapping[str, Any], language: str) -> Words:
    """The words of one notice."""
    title, text = _TEXTS[kind][language]
    # A notice of before names were kept with it has the ids alone.
    category = details.get("category_name", {}).get(language) or details.get("category")
    building = details.get("building_name") or details.get("building")
    parts = [str(each) for each in (category, building) if each]
    place = _PLACE[language].format(place=_BETWEEN[language].join(parts)) if parts else ""
    limit = LIMITS[details["limit"]][language] if "limit" in details else ""  # one of before has none
    return Words(title, text.format_map({**details, "number": number or "", "place": place, "limit": limit}))


def without_place(details: Mapping[str, Any]) -> dict[str, Any]:
    """What a notice may say of an order that has become confidential."""
    return {name: value for name, value in details.items() if name not in _OF_THE_PLACE}


def in_both(kind: Kind, number: str | None, details: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Titles and texts by language."""
    said = {language: words(kind, number, details, language) for language in LANGUAGES}
    return {name: each.title for name, each in said.items()}, {name: each.text for name, each in said.items()}


def digest(notices: Sequence[Words], language: str, most: int = MAX_DIGEST_LINES) -> Words:
    """Several notices as one, in at most so many lines and one that says how many more there are."""
    lines = [each.text for each in notices[:most]]
    if len(notices) > most:
        lines.append(_MORE[language].format(count=len(notices) - most))
    return Words(_DIGEST[language].format(count=len(notices)), "\n".join(lines))
