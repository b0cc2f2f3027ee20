"""The examples of docs/rules.md are right, and do what the lines below them say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from herun.alerts import Alert
from herun.cel import compile_expression
from herun.clock import DAY_US, parse_time
from herun.events import Event
from herun.rule_changes import doubts
from herun.rule_files import KINDS, read_rules
from herun.rule_sense import placeholders
from herun.rules import Rule, body_of
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import event, put_device, put_list, put_rule

GUIDE: Final = (Path(__file__).parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")
EXAMPLES: Final = re.findall(r"```yaml\n(.*?)```\s*```play\n(.*?)```", GUIDE, re.DOTALL)
# All but the example of anomalies, which learns for longer than a play lasts, and that of a zone which is not armed.
RAISING: Final = [example for example in EXAMPLES if "-> raised" in example[1]]
LINE: Final = re.compile(
    r"(?P<at>[\d:]+)(?: (?P<device>[\w-]+) (?P<type>[a-z.]+)(?: (?P<data>\{.*?\}))?)?(?:, arrives (?P<arrives>[\d:]+))?"
    r"(?: -> (?P<said>\w+))?"
)
DAY: Final = "2026-05-11"


def moment(text: str) -> int:
    return parse_time(f"{DAY}T{text if text.count(':') == 2 else text + ':00'}+08:00")


def said_by(alert: Alert) -> str:
    return str(alert.correction or alert.state)


@dataclass(frozen=True)
class Played:
    """One line: what a device says, or nothing but that time passes; and what is said to that."""

    arrives: int
    event: Event | None
    said: list[str]


def read_line(n: int, text: str) -> Played:
    line = LINE.fullmatch(text)
    assert line, f"no line of a play: {text}"
    at, told = moment(line["at"]), [line["said"]] if line["said"] else []
    if line["device"] is None:
        return Played(at, None, told)
    data: dict[str, Any] = yaml.safe_load(line["data"] or "{}")
    if "plate" in data:
        data["plate_hash"] = data.pop("plate")
    happened = event(f"e{n}", at, device=line["device"], event_type=line["type"], data=data)
    return Played(moment(line["arrives"] or line["at"]), happened, told)


@pytest.mark.parametrize(("text", "play"), EXAMPLES, ids=lambda each: each.partition("\n")[0])
def test_an_example_says_what_the_guide_says_it_says(text: str, play: str) -> None:
    found = read_rules(text)
    assert found.complaints == ()
    (placed,) = found.rules
    assert doubts(placed.rule) == []
    for (line, said), words in zip(play_of(placed.rule, play), play.splitlines(), strict=True):
        assert [said_by(alert) for alert in said] == line.said, words


def play_of(rule: Rule, play: str) -> Iterator[tuple[Played, Sequence[Alert]]]:
    """Each line of the play, and what the rule says to it."""
    lines = [read_line(n, line) for n, line in enumerate(play.splitlines())]
    devices = sorted({line.event.device for line in lines if line.event is not None})
    driver = Driver(gap_us=DAY_US)
    driver.now = lines[0].arrives - 1
    places = [put_device(device, zone="z1", building="b1") for device in devices]
    driver.control(*places, put_list("watched", "京A00001"), put_rule(body_of(rule)))
    for line in lines:
        decisions = driver.events(line.event, at=line.arrives) if line.event else driver.listen(line.arrives)
        yield line, decisions.alerts


@pytest.mark.parametrize(("text", "play"), RAISING, ids=lambda each: each.partition("\n")[0])
def test_what_the_texts_of_a_kind_know_is_what_they_tell(text: str, play: str) -> None:
    names = ["device", "zone", "building", "value", "count", "duration", "finding", "probability"]
    asked = {"text": {"en": "|".join(f"{{{name}}}" for name in names)}}
    rule = read_rules(text).rules[0].rule.model_copy(update=asked)
    raised = next(alert for _, said in play_of(rule, play) for alert in said)
    told = [name for name, value in zip(names, raised.text["en"].split("|"), strict=True) if value]
    assert told == [name for name in names if name in placeholders(rule)]


def test_every_kind_has_an_example() -> None:
    assert {yaml.safe_load(text)["kind"] for text, _ in EXAMPLES} == set(KINDS)
    assert GUIDE.count("```yaml") == len(EXAMPLES)


def test_every_condition_of_the_guide_is_one() -> None:
    (block,) = re.findall(r"```\n(data\..*?)```", GUIDE, re.DOTALL)
    conditions = [re.split(r"\s{3,}", line)[0] for line in block.splitlines()]
    assert len(conditions) == 7
    assert [compile_expression(text).is_quick for text in conditions] == [True] * 6 + [False]
