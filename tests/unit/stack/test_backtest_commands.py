"""What a person writes on the command line and in a rule file, and what is said about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from herun.clock import parse_time
from herun.rule_files import MAX_BYTES
from herun.stack.backtest_commands import _moment
from herun.stack.folder import StackError
from herun.stack.rule_file import read_rule

GOOD = """\
kind: threshold
uid: high
title: {zh: 水位, en: Water}
text: {zh: 水位, en: Water}
category: water
match:
  event_types: [reading.reported]
raise_above: 30
"""


def refused(folder: Path, text: str) -> str:
    path = folder / "rule.yaml"
    path.write_text(text)
    with pytest.raises(StackError) as error:
        read_rule(path)
    return str(error.value).replace(str(folder), "")


def test_a_rule_of_yaml_and_of_json_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rule.yaml"
    path.write_text(GOOD)
    body = read_rule(path)
    assert (body["uid"], body["raise_above"], body["cooldown_s"]) == ("high", 30, 0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD.replace("30", "much"), "rule.yaml:8: raise_above: expected a number"),
        ("rules: []\n", "rule.yaml:1: expected one rule, found 0"),
        ("#" * MAX_BYTES + "\n", "at most"),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_what_was_expected(tmp_path: Path, text: str, told: str) -> None:
    assert told in refused(tmp_path, text)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="cannot be read"):
        read_rule(tmp_path / "nowhere.yaml")


def test_a_day_begins_at_the_estates_midnight() -> None:
    assert _moment("2026-05-11", "Asia/Shanghai", "--from") == parse_time("2026-05-11T00:00:00+08:00")
    assert _moment("2026-05-11T07:30", "Asia/Shanghai", "--from") == parse_time("2026-05-11T07:30:00+08:00")
    assert _moment("2026-05-11T07:30:00Z", "Asia/Shanghai", "--from") == parse_time("2026-05-11T07:30:00+00:00")


@pytest.mark.parametrize(
    ("text", "zone"), [("yesterday", "Asia/Shanghai"), ("2026-13-01", "UTC"), ("2026-05-11", "Mars")]
)
def test_a_time_that_is_none_is_refused_with_the_form(text: str, zone: str) -> None:
    with pytest.raises(StackError, match=r"expected 2026-05-11|no such time zone"):
        _moment(text, zone, "--from")


def test_a_candidate_is_named_among_several(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    one = "".join(f"    {line}\n" for line in GOOD.splitlines())
    rules = [f"  -\n{one}", f"  -\n{one.replace('uid: high', 'uid: higher')}"]
    path.write_text("rules:\n" + "".join(rules))
    assert read_rule(path, "higher")["uid"] == "higher"
    with pytest.raises(StackError, match="expected one rule, found 2; name one of them by its uid"):
        read_rule(path)
    with pytest.raises(StackError, match=r"rules.yaml: no rule highest is in it; did you mean high"):
        read_rule(path, "highest")
