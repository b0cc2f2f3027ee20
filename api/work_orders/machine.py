"""GET /v1/work-order-states: the order machine, told from the table that runs it."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends

from api.access import Caller, requires
from api.categories.tree import AT_ITS_END
from api.roles import EVERYBODY
from api.schema import Bilingual, View
from api.work_orders.kinds import ReturnCode
from api.work_orders.states import (
    DECISIONS,
    SENTENCES,
    TRANSITIONS,
    Action,
    Bond,
    State,
    Transition,
    possible,
    roles_for,
)

router = APIRouter(tags=["work orders"])

# Who reported the same rates for themselves while what stands for it may be rated: that moves no order.
_BESIDES: Final = {State.MERGED: (Action.RATE,)}
_ASKED: Final = {Action.RATE: ("solved",)}  # what the body cannot be without
# What an order's own past decides besides the table; told in words, and enforced where an action is checked.
_BY_OTHERS: Final = {
    "zh": "不能由退回者本人决定,除非坐席只有其一人。",
    "en": "Not by who gave it back, unless they are all the desk that there is.",
}
_RULES: Final[dict[Action, Bilingual]] = {
    Action.CLAIM: {"zh": "适合此工单的人员。", "en": "Whom the order fits."},
    Action.TRANSFER: {
        "zh": "每轮最多两次;裁定后不得转交;保密工单只有督办人员能指定他人。",
        "en": "Twice a round, not after an arbiter has decided; of what is confidential by a supervisor alone.",
    },
    Action.RETURN: {
        "zh": "最多两次;裁定后不得退回。",
        "en": "Twice at most, and not after an arbiter has decided.",
    },
    Action.RESUME: {"zh": "回到挂起前的状态;到期自动恢复。", "en": "Back to where it was; at its time by itself."},
    Action.SIGN_OFF: _BY_OTHERS,
    Action.REFUSE_RETURN: _BY_OTHERS,
    Action.ARBITRATE: {
        "zh": "由未退回过此工单的督办人员裁定;没有时由未退回过的坐席;都没有时由督办人员。",
        "en": "A supervisor who never gave it back, else such an operator, else a supervisor.",
    },
    Action.RECALL: {"zh": "不能由处理人自己收回。", "en": "Not by who has it."},
    Action.RESOLVE: {
        "zh": "检查清单和子工单都已完成,分类要求的照片和核实结论都已提交。",
        "en": "Checklist and parts are done, and what the category asks for is there.",
    },
    Action.ANSWER: {"zh": "子工单都已办结。", "en": "No part is open."},
    Action.RATE: {
        "zh": "经手人不能评价;每轮一次;合并的工单在主工单可评价时评价,状态不变。",
        "en": "Never who had a hand in it; once a round. Of what is merged while its master may be; it stays merged.",
    },
    Action.REOPEN: {
        "zh": "合并的工单要等主工单答复后。",
        "en": "A merged one only after its master is answered.",
    },
    Action.MERGE: {
        "zh": "主工单未答复、不是子工单、不比此工单轻;有子工单或是子工单的不能合并。",
        "en": "Into one that is not answered, no part and not milder; never a part, or what has parts.",
    },
    Action.HOLD: {"zh": "最多挂起 90 天。", "en": "For 90 days at most."},
    Action.ARRIVE: {"zh": "每次处理只到场一次。", "en": "Once, each time it is handled."},
    Action.SPLIT: {
        "zh": "最多 20 个子工单;子工单不再拆分。",
        "en": "Into 20 parts at most; a part is not split again.",
    },
    Action.CANCEL: {
        "zh": "没有未完成的子工单,没有人正在处理;开始过的,或已合并的,只有诉求人能撤回;处理人不能取消别人的。",
        "en": "No part is open, nobody is at work on it; once begun, or merged, by its reporter alone; not by who has"
        " it, unless they reported it.",
    },
    Action.CONFIDE: {"zh": "尚未保密。", "en": "If it is not confidential."},
    Action.DISCLOSE: {"zh": "已保密。", "en": "If it is confidential."},
}


class ToldState(View):
    """A state, what it means to who reported the order, and what people can do in it."""

    state: State
    sentence: Bilingual
    actions: list[Action]


class ToldAction(View):
    """A transition. `to`: where it may lead, the usual first; empty: it `stays` where it is. To arbitration goes what
    was given back twice.

    `who` are ties to the order, of which one is enough (none: only the system does it, when a time is over), `roles`
    those that can have one; `requires` are fields without which it is refused, `may_require` what its category may ask
    for besides, `codes` the reasons to choose from; `rule` is what else has to hold.
    """

    action: Action
    sources: list[State]
    to: list[State]
    stays: bool
    who: list[Bond]
    roles: list[str]
    requires: list[str]
    may_require: list[str]
    codes: list[str]
    rule: Bilingual | None


class Machine(View):
    """GET /v1/work-order-states: states and transitions."""

    states: list[ToldState]
    actions: list[ToldAction]


@router.get("/work-order-states")
async def machine(caller: Annotated[Caller, Depends(requires(*EVERYBODY))]) -> Machine:
    """Every state with its sentence, and every transition with who may do it and what it asks for."""
    del caller
    return Machine(
        states=[ToldState(state=each, sentence=SENTENCES[each], actions=_actions(each)) for each in State],
        actions=[
            ToldAction(
                action=row.action,
                sources=[each for each in State if each in row.sources or row.action in _BESIDES.get(each, ())],
                to=_targets(row),
                stays=row.stays,
                who=[each for each in Bond if each in row.bonds],
                roles=list(roles_for(row.action)),
                requires=[*row.requires, *_ASKED.get(row.action, ())],
                may_require=sorted(AT_ITS_END) if row.action is Action.RESOLVE else [],
                codes=list(ReturnCode) if row.action is Action.RETURN else [],
                rule=_RULES.get(row.action),
            )
            for row in TRANSITIONS.values()
        ],
    )


def _targets(row: Transition) -> list[State]:
    """As `order.moved` does: the desk gives out anew what was given back twice no more."""
    if row.action is Action.RESUME:
        return [each for each in State if each in TRANSITIONS[Action.HOLD].sources]
    if row.target is None:
        return []
    is_given_anew = (row.target is State.ACCEPTED and row.action is not Action.ACCEPT) or row.action in DECISIONS
    others = [state for state, actions in _BESIDES.items() if row.action in actions]
    if is_given_anew and row.action is not Action.ARBITRATE:
        others.append(State.ARBITRATION)
    return [row.target, *others]


def _actions(state: State) -> list[Action]:
    now = {*possible(state), *_BESIDES.get(state, ())}
    return [action for action in TRANSITIONS if action in now]
