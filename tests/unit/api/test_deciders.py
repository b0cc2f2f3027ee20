"""Who decides on what came back, however few are left."""

from __future__ import annotations

from typing import Final

import pytest

from api.roles import Role
from api.work_orders.deciders import deciders
from api.work_orders.states import Action

OPERATOR, SUPERVISOR = frozenset({Role.OPERATOR}), frozenset({Role.SUPERVISOR})
BOTH: Final = {"oscar": OPERATOR, "olga": OPERATOR, "susan": SUPERVISOR, "sven": SUPERVISOR}
OPERATORS: Final = {"oscar": OPERATOR, "olga": OPERATOR}


@pytest.mark.parametrize(
    ("desk", "action", "had_part", "expected"),
    [
        (BOTH, Action.ARBITRATE, {"gwen"}, {"susan", "sven"}),
        (BOTH, Action.ARBITRATE, {"susan"}, {"sven"}),
        (BOTH, Action.ARBITRATE, {"susan", "sven"}, {"oscar", "olga"}),
        (BOTH, Action.ARBITRATE, {"susan", "sven", "olga"}, {"oscar"}),
        (BOTH, Action.ARBITRATE, {*BOTH}, {"susan", "sven"}),
        (OPERATORS, Action.ARBITRATE, {"gwen"}, {"oscar", "olga"}),
        (OPERATORS, Action.ARBITRATE, {*OPERATORS}, {"oscar", "olga"}),
        (BOTH, Action.SIGN_OFF, {"susan"}, {"oscar", "olga", "sven"}),
        (OPERATORS, Action.REFUSE_RETURN, {"olga"}, {"oscar"}),
        ({"oscar": OPERATOR}, Action.SIGN_OFF, {"oscar"}, {"oscar"}),
        ({}, Action.ARBITRATE, {"gwen"}, set()),
    ],
)
def test_whoever_had_no_part_decides_and_supervisors_arbitrate_first(
    desk: dict[str, frozenset[Role]], action: Action, had_part: set[str], expected: set[str]
) -> None:
    assert deciders(desk, had_part, supervisors_first=action is Action.ARBITRATE) == expected
