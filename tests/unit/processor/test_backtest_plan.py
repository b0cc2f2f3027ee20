"""What a job needs, found out from the rules."""

from __future__ import annotations

from typing import Any

import pytest

from herun.backtests import MAX_WARM_UP_US, Backtest, Trace, decode_job, encode_job
from herun.clock import DAY_US, HOUR_US
from herun.errors import InvalidInputError
from herun.frames import Control
from processor.backtest.plan import plan_rules
from tests.unit.processor.samples import SECOND_US, SITE, put_rule, rule

HIGH = rule("high", "threshold", raise_above=7, cooldown_s=60.0, version=2)
SLOW = rule("slow", "absence", types=("door.opened",), duration_s=86_400.0, cooldown_s=3_600.0)


def job(**more: Any) -> Backtest:
    return Backtest(site=SITE, from_us=0, to_us=DAY_US, **more)


def test_a_job_comes_back_as_it_was_sent() -> None:
    for each in (job(rule_uid="high", warm_up_us=5), Trace(site=SITE, device="d1", event_id="e1")):
        assert decode_job(encode_job(each)) == each


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b"[]",
        b"not json",
        b'{"job": "backtest", "site": "s"}',
        b'{"job": "backtest", "site": "s", "from_us": 2, "to_us": 2}',
        b'{"job": "backtest", "site": "s", "from_us": 0, "to_us": 99999999999999999}',
        b'{"job": "backtest", "site": "s", "from_us": 0, "to_us": 1, "warm_up_us": -1}',
        b'{"job": "backtest", "site": "s", "from_us": -5, "to_us": 1}',
        b'{"job": "backtest", "site": "s", "from_us": 99999999999999998, "to_us": 99999999999999999}',
        b'{"job": "backtest", "site": "s", "from_us": 0, "to_us": 1, "rule": {}, "rule_uid": "x"}',
        b'{"job": "trace", "site": "s", "device": "d", "event_id": "e", "more": 1}',
    ],
)
def test_a_job_that_cannot_be_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidInputError):
        decode_job(raw)


def test_the_newest_version_in_force_stands_for_all() -> None:
    plan = plan_rules(job(rule_uid="high"), [("rule.put", HIGH | {"version": 1}), ("rule.put", HIGH)])
    assert plan.candidate is not None
    assert (plan.uid, plan.candidate["version"], len(plan.bodies)) == ("high", 2, 1)


def test_the_other_rules_stay_as_they_were() -> None:
    plan = plan_rules(job(rule_uid="high"), [("rule.put", HIGH), ("rule.put", SLOW)])
    assert {body["uid"] for body in plan.bodies} == {"high", "slow"}
    assert plan.substitute(put_rule(SLOW)) == put_rule(SLOW)
    taken = plan.substitute(put_rule(HIGH | {"version": 1}))
    assert taken is not None
    assert taken.body == plan.candidate
    assert plan.substitute(Control(SITE, "c", "rule.removed", {"uid": "high"})) is None


@pytest.mark.parametrize("said", [[], [("rule.put", SLOW)], [("rule.put", HIGH), ("rule.removed", {"uid": "high"})]])
def test_a_rule_that_is_not_in_force_is_unknown(said: list[tuple[str, dict[str, Any]]]) -> None:
    with pytest.raises(InvalidInputError, match="no rule high is in force") as error:
        plan_rules(job(rule_uid="high"), said)
    assert error.value.reason == "unknown_rule"
    assert "high" not in error.value.detail.partition("; ")[2]


def test_a_candidate_that_is_no_rule_is_refused_with_the_place() -> None:
    with pytest.raises(InvalidInputError, match="raise_above") as error:
        plan_rules(job(rule=HIGH | {"raise_above": "much"}), [])
    assert error.value.reason == "bad_rule"


def test_the_warm_up_is_twice_the_longest_durations_of_one_rule_and_at_least_a_day() -> None:
    assert plan_rules(job(), [("rule.put", HIGH)]).warm_up_us == DAY_US
    assert plan_rules(job(), [("rule.put", HIGH), ("rule.put", SLOW)]).warm_up_us == 2 * (DAY_US + HOUR_US)
    month = SLOW | {"duration_s": MAX_WARM_UP_US / SECOND_US / 2, "cooldown_s": 1_000_000.0}
    assert plan_rules(job(), [("rule.put", month)]).warm_up_us == MAX_WARM_UP_US


def test_only_event_types_that_somebody_looks_at_are_read() -> None:
    assert "door.opened" in plan_rules(job(), [("rule.put", HIGH), ("rule.put", SLOW)]).types
    assert "gate.moved" not in plan_rules(job(), [("rule.put", HIGH)]).types
    flagged = rule("flagged", "event", types=("passage.flagged",))
    assert "gate.moved" in plan_rules(job(), [("rule.put", HIGH), ("rule.put", flagged)]).types
    assert "gate.moved" in plan_rules(job(), [("rule.put", HIGH | {"armed_modes": ["armed"]})]).types
