from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from herun.rules import RULE, ThresholdRule


def threshold(**changes: Any) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "kind": "threshold",
        "uid": "underpass-flooded",
        "title": {"zh": "积水", "en": "Flooded"},
        "text": {"zh": "水位 {value}", "en": "Level {value}"},
        "category": "flooding",
        "match": {"event_types": ["reading.reported"], "where": {"metric": "water_level"}},
        "raise_above": 0.3,
        "clear_below": 0.1,
    }
    return rule | changes


def test_rule_of_each_kind_is_told_by_its_kind() -> None:
    assert isinstance(RULE.validate_python(threshold()), ThresholdRule)


@pytest.mark.parametrize(
    "changes",
    [
        {"raise_above": None},
        {"raise_below": 0.1},
        {"clear_below": 0.5},
        {"clear_above": 0.5},
        {"uid": "a.b"},
        {"surprise": 1},
        {"kind": "magic"},
        {"match": {"event_types": ["no.such"]}},
        {"match": {"event_types": []}},
    ],
)
def test_rule_that_cannot_work_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RULE.validate_python(threshold(**changes))


def test_limit_of_zero_still_has_a_clear_value_on_its_quiet_side() -> None:
    assert RULE.validate_python(threshold(raise_above=0, clear_below=-1)).kind == "threshold"
    with pytest.raises(ValidationError):
        RULE.validate_python(threshold(raise_above=0, clear_below=1))
