"""What comes next, and with whom an order is, in words for its reporter. Pure."""

from __future__ import annotations

from typing import Final

from api.progress.schemas import WithWhom
from api.roles import Role
from api.work_orders.states import IN_HAND, OPEN, State

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
_NEXT: Final[dict[State, dict[str, str]]] = {
    State.SUBMITTED: {"zh": "值班台将受理。", "en": "The desk accepts it."},
    State.ACCEPTED: {"zh": "值班台将派人处理。", "en": "The desk finds somebody for it."},
    State.DISPATCHED: {"zh": "承办人将开始处理。", "en": "Whoever has it begins."},
    State.HANDLING: {"zh": "承办人处理完毕后,您会收到答复。", "en": "It is done, and then you get an answer."},
    State.ON_HOLD: {"zh": "暂缓到期后继续处理。", "en": "It is taken up when the time that was stated is over."},
    State.RETURNED: {"zh": "值班台将决定由谁承办。", "en": "The desk decides who gets it."},
    State.ARBITRATION: {"zh": "督办人员将裁定由谁承办。", "en": "A supervisor decides who gets it."},
    State.RESOLVED: {"zh": "您将收到答复。", "en": "You get an answer."},
    State.ANSWERED: {
        "zh": "请评价;未解决的,可要求重新处理。",
        "en": "Rate it, or reopen it if it is not solved.",
    },
    State.RATED: {"zh": "没有后续步骤。", "en": "Nothing; it is over."},
    State.CLOSED: {"zh": "没有后续步骤;问题未解决的,可要求重新处理。", "en": "Nothing, unless it is not solved."},
    State.MERGED: {"zh": "随主工单一并处理。", "en": "It goes with the order that it was merged into."},
    State.CANCELLED: {"zh": "没有后续步骤。", "en": "Nothing; it was cancelled."},
}


def next_step(state: State, *, is_asked: bool, is_paused: bool, can_rate: bool) -> dict[str, str]:
    """What happens next to an order that stands so; an open question comes first. Without an account nobody rates."""
    if is_asked:
        return _ANSWER_IT
    if is_paused:
        return _STANDS_STILL
    return _NOT_SOLVED if state is State.ANSWERED and not can_rate else _NEXT[state]


def with_whom(
    state: State, unit: str | None, unit_name: dict[str, str] | None, roles_of_worker: list[str] | None
) -> WithWhom | None:
    """Who has an order that stands so; None if nobody has anything to do."""
    if state not in OPEN | {State.RESOLVED}:
        return None
    if state in IN_HAND and roles_of_worker:
        role: str = Role.GRID_WORKER if Role.GRID_WORKER in roles_of_worker else Role.PROPERTY_STAFF
    else:
        role = _DESK
    return WithWhom.model_validate({"unit": unit, "unit_name": unit_name, "role": str(role), "name": _NAMES[role]})
