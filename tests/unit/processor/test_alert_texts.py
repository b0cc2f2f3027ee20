"""What an alert's text tells: the names of places as of then, and fields of the event that raised it."""

from __future__ import annotations

from typing import Any

import pytest

from herun.catalogue import CATALOGUE
from herun.frames import Control
from herun.word_names import NAMES
from processor.engine.storms import MAX_OF_RULE
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SECOND_US, SITE, START_US, event, put_device, put_rule, rule

PLACED = put_device("d1", zone="z1", building="b1")
PLACES = {"zh": "{zone} {building}", "en": "{device}"}


def layout(zones: dict[str, str], buildings: dict[str, str], control_id: str = "layout") -> Control:
    return Control(SITE, control_id, "layout.put", {"zones": zones, "buildings": buildings})


def said_by(event_type: str, data: dict[str, Any], text: dict[str, str], **fields: Any) -> dict[str, str]:
    """What a rule for each event of a type says of one with this data."""
    driver = Driver(PLACED, put_rule(rule("r", "event", types=(event_type,), text=text, **fields)))
    driver.events(event("e1", START_US, event_type=event_type, data=data))
    (alert,) = driver.alerts
    return alert.text


def test_a_finding_is_told_in_words() -> None:
    data = {"finding": "listed_plate", "list": "watched", "match": "exact", "confidence": 0.5, "plate_hash": "secret"}
    text = {"zh": "{finding} {data.list} {data.match}", "en": "{finding} {data.finding} {data.confidence}"}
    assert said_by("passage.flagged", data, text) == {
        "zh": "名单车辆 watched 完全一致",
        "en": "plate of a list plate of a list 0.5",
    }


@pytest.mark.parametrize("name", ["plate_hash", "plate", "colour", "visitor", "__class__"])
def test_what_is_personal_unknown_or_not_there_is_told_as_nothing(name: str) -> None:
    data = {"finding": "clone", "plate_hash": "secret", "plate": "secret", "colour": "secret"}
    assert said_by("passage.flagged", data, {"zh": f"[{{data.{name}}}]", "en": "e"})["zh"] == "[]"


def test_whole_numbers_and_truths_are_told_as_people_say_them() -> None:
    data = {"zone": "z9", "mode": "night", "detected": "door.opened", "event_id": "e0", "delayed": False}
    text = {"zh": "{data.mode}，延时：{data.delayed}", "en": "{data.mode}, delayed: {data.delayed}"}
    assert said_by("intrusion.confirmed", data, text) == {"zh": "夜间，延时：否", "en": "night, delayed: no"}
    unit = said_by("reading.reported", {"metric": "level", "value": 3, "unit": "m"}, {"zh": "{value} {data.unit}"})
    assert unit["zh"] == "3 m"


def test_places_are_told_by_their_names_of_then_and_else_by_their_ids() -> None:
    driver = Driver(PLACED, put_rule(rule("r", "event", text=PLACES)))
    texts = []
    names = [None, layout({"z1": "东门"}, {"b1": "一号楼"}, "1"), layout({"z1": "北门"}, {}, "2")]
    for n, control in enumerate(names):
        if control is not None:
            driver.control(control)
        driver.restart()
        driver.events(event(f"e{n}", START_US + n * SECOND_US))
        texts.append(driver.alerts[-1].text["zh"])
    assert texts == ["z1 b1", "东门 一号楼", "北门 b1"]


def test_of_arming_the_zone_is_that_of_the_event() -> None:
    driver = Driver(layout({"z1": "东门"}, {}), put_rule(rule("r", "event", types=("zone.armed",), text=PLACES)))
    driver.events(event("e1", START_US, event_type="zone.armed", device="z1", data={"zone": "z1", "mode": "armed"}))
    assert driver.alerts[0].text["zh"] == "东门 "


def test_a_storm_names_where_it_is() -> None:
    devices = [put_device(f"d{n}", building="b1") for n in range(MAX_OF_RULE + 5)]
    driver = Driver(*devices, layout({}, {"b1": "一号楼"}), put_rule(rule("r", "threshold", raise_above=7)))
    driver.events(*(event(f"e{n}", START_US, 9, device=f"d{n}") for n in range(MAX_OF_RULE + 5)))
    driver.pass_until(START_US + 120 * SECOND_US)
    (storm,) = {alert.alert_id: alert for alert in driver.alerts if alert.rule_uid.startswith("herun-")}.values()
    assert storm.text["zh"].startswith("另有 5 条告警（一号楼 5）")


def test_nothing_is_told_of_an_event_that_raised_nothing() -> None:
    """Time raises: no event is at hand, and a replay from a snapshot says the same."""
    text = {"zh": "[{data.unit}]", "en": "e"}
    body = rule("r", "true_for", text=text, condition="data.value > 1.0", duration_s=10)
    driver = Driver(put_rule(body))
    driver.events(event("e1", START_US, 3.0, data={"metric": "level", "value": 3.0, "unit": "m"}))
    driver.pass_until(START_US + 20 * SECOND_US)
    assert driver.alerts[0].text["zh"] == "[]"


def test_every_word_of_the_catalogue_has_a_name_in_both_languages() -> None:
    words = {word for each in CATALOGUE.values() for field in each.fields.values() for word in field.words}
    assert words == set(NAMES)
