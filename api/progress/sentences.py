"""What comes next, and with whom an order is, in words for its reporter. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api.clocks.shown import day_and_time
from api.progress.schemas import WithWhom
from api.roles import Role
from api.work_orders.states import IN_HAND, OPEN, State
from herun.readable import duration

_DESK: Final = "desk"
_NAMES: Final = {
    _DESK: {"zh": "值班台", "en": "the desk"},
    "grid_worker": {"zh": "网格员", "en": "a grid worker"},
    "property_staff": {"zh": "物业人员", "en": "the property staff"},
}
_ANSWER_IT: Final = {"zh": "请先答复我们的问题。", "en": "Please answer our question first."}
_STANDS_STILL: Final = {
    "zh": "计时暂停中,暂停结束后继续处理。",
    "en": "The time stands still for now; it goes on when the pause is over.",
}
_NOT_SOLVED: Final = {"zh": "未解决的,请致电物业。", "en": "Call the property office if it is not solved."}
_OVER_NOT_SOLVED: Final = {
    "zh": "没有后续步骤;问题未解决的,请致电物业。",
    "en": "Nothing; call the property office if it is not solved after all.",
}
_REOPENED: Final = frozenset({State.RATED, State.CLOSED, State.CANCELLED})  # by whoever has an account
_A_MINUTE: Final = 60
_NEXT: Final[dict[State, dict[str, str]]] = {
    State.SUBMITTED: {"zh": "值班台将受理。", "en": "The desk accepts it."},
    State.ACCEPTED: {"zh": "值班台将派人处理。", "en": "The desk finds somebody for it."},
    State.DISPATCHED: {"zh": "承办人将开始处理。", "en": "Whoever has it begins."},
    State.HANDLING: {"zh": "承办人处理完毕后,您会收到答复。", "en": "Once it is done, you get an answer."},
    State.ON_HOLD: {"zh": "暂缓到期后继续处理。", "en": "It is taken up when the time that was stated is over."},
    State.RETURNED: {"zh": "值班台将决定由谁承办。", "en": "The desk decides who gets it."},
    State.ARBITRATION: {"zh": "督办人员将裁定由谁承办。", "en": "A supervisor decides who gets it."},
    State.RESOLVED: {"zh": "您将收到答复。", "en": "You get an answer."},
    State.ANSWERED: {
        "zh": "请评价;未解决的,可要求重新处理。",
        "en": "Rate it, or reopen it if it is not solved.",
    },
    State.RATED: {
        "zh": "感谢评价;问题未解决的,可随时要求重新处理。",
        "en": "Thank you for rating it; if it is not solved after all, you can reopen it at any time.",
    },
    State.CLOSED: {
        "zh": "没有后续步骤;问题未解决的,可随时要求重新处理。",
        "en": "Nothing; if it is not solved after all, you can reopen it at any time.",
    },
    State.MERGED: {"zh": "随主工单一并处理。", "en": "It goes with the order that it was merged into."},
    State.CANCELLED: {
        "zh": "没有后续步骤;问题仍在的,可随时要求重新处理。",
        "en": "Nothing; it was cancelled. If the matter is still there, you can reopen it at any time.",
    },
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides on how it goes on. `late_s`: seconds since the promised moment, None while it is not over."""

    state: State
    zone: str
    has_account: bool
    can_rate: bool = False
    is_asked: bool = False
    is_paused: bool = False
    late_s: int | None = None
    hold_until: datetime | None = None


def next_step(standing: Standing) -> dict[str, str]:
    """What happens next, after an apology for what is late."""
    step = _next_step(standing)
    if standing.late_s is None:
        return step
    late = duration(max(standing.late_s, _A_MINUTE))
    return {
        "zh": f"已超过承诺的答复时间 {late['zh']},非常抱歉。{step['zh']}",
        "en": f"The answer is {late['en']} later than promised; we are sorry. {step['en']}",
    }


def _next_step(standing: Standing) -> dict[str, str]:
    """An open question comes first. Without an account nobody rates or reopens."""
    if standing.is_asked:
        return _ANSWER_IT
    if standing.is_paused:
        return _STANDS_STILL
    if standing.state is State.ON_HOLD and standing.hold_until is not None:
        until = day_and_time(standing.hold_until, standing.zone)
        return {
            "zh": f"暂缓至{until['zh']},到期后继续处理。",
            "en": f"It is on hold until {until['en']} and goes on then.",
        }
    if standing.state is State.ANSWERED and not standing.can_rate:
        return _NOT_SOLVED
    if standing.state in _REOPENED and not standing.has_account:
        return _OVER_NOT_SOLVED
    return _NEXT[standing.state]


def with_whom(
    state: State, unit: str | None, unit_name: dict[str, str] | None, roles_of_worker: list[str] | None
) -> WithWhom | None:
    """Who has an order that stands so; None if nobody has anything to do."""
    if state not in OPEN | {State.RESOLVED}:
        return None
    if state in IN_HAND | {State.ON_HOLD} and roles_of_worker:  # what is put aside stays with whom it was
        role: str = Role.GRID_WORKER if Role.GRID_WORKER in roles_of_worker else Role.PROPERTY_STAFF
    else:
        role = _DESK
    return WithWhom.model_validate({"unit": unit, "unit_name": unit_name, "role": str(role), "name": _NAMES[role]})
