"""The estate's rules say what the scenarios know, and nothing else: all of it in the engine alone, without a broker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from herun.clock import DAY_US, MINUTE_US, parse_time
from herun.events import Event
from simulators.behaviour import ordinary_day
from simulators.estate import HAMLET, HERUN, Estate, make_estate
from simulators.happenings import Happening
from simulators.rulebook import rulebook
from simulators.scenario import Scenario, scenarios
from simulators.stage import _with_lines
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SITE, event, put_device, put_list, put_rule

STARTS = {"quiet_day": "2026-05-11T00:00:00+08:00"}
EVENING = "2026-05-11T19:00:00+08:00"


def happenings(estate: Estate, scenario: Scenario, start_us: int) -> Iterator[Happening]:
    """All that devices notice, by the time at which it arrives."""
    script, silences, end_us = scenario.script(start_us), scenario.silences(start_us), start_us + scenario.lasts
    found: list[Happening] = []
    for device in estate.devices:
        from_us, until_us = silences.get(device.name, (0, 0))
        for each in _with_lines(ordinary_day(estate, device, start_us), script.get(device.name, ())):
            if each.at_us >= end_us:
                break
            if not from_us <= each.at_us < until_us:
                found += [each, *each.together]
    return iter(sorted(found, key=lambda each: each.at_us + each.late_us))


def said(nth: int, happening: Happening) -> Event:
    data = dict(happening.data)
    if "plate" in data:
        data["plate_hash"] = data.pop("plate")
    return event(f"e{nth}", happening.at_us, device=happening.device, event_type=happening.event_type, data=data)


def played(scenario: Scenario, start_us: int) -> Driver:
    """The engine after the scenario, its events in frames of a minute."""
    estate = make_estate(SITE, 7, HERUN if scenario.plan == "herun" else HAMLET)
    driver = Driver(gap_us=DAY_US)
    driver.now = start_us
    lists = [put_list(name, *plates) for name, plates in rulebook().plate_lists.items()]
    rules = [put_rule(rule) for rule in rulebook().rules]
    devices = [put_device(each.name, kind=each.kind, zone=each.zone, building=each.building) for each in estate.devices]
    driver.control(*devices, *lists, *rules)
    waiting: list[Event] = []
    for nth, each in enumerate(happenings(estate, scenario, start_us)):
        if each.event_type == "keep_alive":
            continue
        if waiting and each.at_us + each.late_us >= driver.now + MINUTE_US:
            driver.events(*waiting, at=each.at_us + each.late_us)
            waiting.clear()
        waiting.append(said(nth, each))
    driver.events(*waiting, at=start_us + scenario.lasts)
    return driver


# The others need what people do over HTTP meanwhile, or rules of their own: they are played on a running stack.
COMMON = [each for each in scenarios().values() if each.ordinary_day]


@pytest.mark.parametrize("scenario", COMMON, ids=lambda each: each.name)
def test_a_scenario_raises_what_it_knows_and_no_other_rule_says_a_word(scenario: Scenario) -> None:
    driver = played(scenario, parse_time(STARTS.get(scenario.name, EVENING)))
    raised = Counter(alert.rule_uid for alert in driver.alerts if alert.version == 1)
    assert raised == Counter({alert.rule: alert.count for alert in scenario.answers.alerts})


def test_every_rule_looks_at_something_on_the_estate() -> None:
    driver = played(scenarios()["quiet_day"], parse_time(EVENING))
    seen = driver.engine.state.tracks.keys() | driver.engine.state.watches.keys()
    unseen = {rule["uid"] for rule in rulebook().rules} - {uid for _, uid in seen}
    # Two keep neither track nor watch, smoke there was none, and nothing is armed.
    assert unseen == {"watched-plate", "sensor-silent", "fire-spreading", "intrusion", "arming-refused"}
