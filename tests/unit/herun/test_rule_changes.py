from __future__ import annotations

from typing import Any

import pytest

from herun.rule_changes import FieldChange, begins_anew, changes, doubts
from herun.rules import RULE, body_of

OF_FINDINGS = {
    "match": {"event_types": ["passage.flagged"]},
    "text": {"zh": "{finding} {data.list}", "en": "{finding}"},
    "field": "seconds",
}


def body(**fields: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "kind": "threshold",
        "uid": "high",
        "title": {"zh": "高", "en": "High"},
        "text": {"zh": "{value}", "en": "{value}"},
        "category": "water",
        "match": {"event_types": ["reading.reported"], "where": {"metric": "level"}},
        "raise_above": 1,
    }
    return body_of(RULE.validate_python(given | fields))


def test_what_differs_is_told_field_by_field() -> None:
    new = body(
        raise_above=2, version=7, title={"zh": "高"}, match={"event_types": ["reading.reported"], "zones": ["z"]}
    )
    assert sorted(changes(body(), new), key=lambda each: each.field) == [
        FieldChange("match.where.metric", "level", None),
        FieldChange("match.zones", None, ["z"]),
        FieldChange("raise_above", 1.0, 2.0),
        FieldChange("title.en", "High", None),
    ]


def test_the_version_alone_is_no_difference() -> None:
    assert changes(body(), body(version=3)) == []


def test_true_is_not_one() -> None:
    where = [{"event_types": ["state.reported"], "where": {"value": value}} for value in (True, 1)]
    assert [each.field for each in changes(*(body(match=each) for each in where))] == ["match.where.value"]


def test_a_rule_that_is_new_or_gone_differs_in_all_its_fields() -> None:
    assert {each.old for each in changes(None, body())} == {None}
    assert {each.new for each in changes(body(), None) if each.field != "uid"} == {None}
    assert changes(None, None) == []


@pytest.mark.parametrize(
    ("fields", "anew"),
    [
        ({"severity": "critical"}, False), ({"cooldown_s": 5}, False), ({"version": 9}, False),
        ({"raise_above": 2}, True), ({"mode": "monitor"}, False), ({"condition": "data.value > 2"}, True),
        ({"mode": "off"}, True),
    ],
)  # fmt: skip
def test_what_the_engine_forgets_is_foretold(fields: dict[str, Any], anew: bool) -> None:
    assert begins_anew(body(), body(**fields)) is anew


def matching(**scope: Any) -> dict[str, Any]:
    return body(match={"event_types": ["state.reported", "reading.reported"], **scope})


@pytest.mark.parametrize(
    ("old", "new", "anew"),
    [
        (body(condition="data.value>2"), body(condition=" data.value  >  2 // why"), False),
        (body(condition="data.name=='a  b'"), body(condition="data.name=='a b'"), True),
        (matching(devices=["a", "b"]), matching(devices=["b", "a"]), False),
        (matching(devices=["a"]), matching(devices=["b", "a"]), False),
        (matching(devices=["a"], zones=["z"]), matching(devices=["a"]), False),
        (matching(devices=["a", "b"]), matching(devices=["a"]), True),
        (matching(), matching(devices=["a"]), True),
        (matching(), body(match={"event_types": ["reading.reported", "state.reported"]}), False),
        (matching(), body(match={"event_types": ["state.reported"]}), True),
        (matching(where={"value": True}), matching(where={"value": 1}), True),
        (matching(where={"value": 1}), matching(where={"value": 1.0}), False),
    ],
)
def test_what_means_the_same_or_more_goes_on(old: dict[str, Any], new: dict[str, Any], anew: bool) -> None:
    assert begins_anew(old, new) is anew


def test_the_steps_of_a_sequence_are_in_order_and_their_types_are_not() -> None:
    types = ["door.opened", "door.closed"]
    first, second = {"event_types": types}, {"event_types": ["door.closed"], "condition": "event.type=='door.closed'"}
    match = {"event_types": types}

    def sequence(*steps: dict[str, Any]) -> dict[str, Any]:
        texts = {"uid": "s", "title": {"en": "s"}, "text": {"en": "s"}, "category": "c"}
        return {**texts, "kind": "sequence", "match": match, "within_s": 5, "steps": [*steps]}

    again = {"event_types": types[::-1]}, {**second, "condition": "event.type == 'door.closed'"}
    assert not begins_anew(sequence(first, second), sequence(*again))
    assert begins_anew(sequence(first, second), sequence(second, first))


def test_a_rule_that_was_not_there_begins_anew() -> None:
    assert (begins_anew(None, body()), begins_anew(body(), None), begins_anew(None, None)) == (True, True, False)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, []),
        (
            {"text": {"zh": "{valeu}", "en": "{value}"}},
            ["text.zh: {valeu} is filled in by nothing; known are building"],
        ),
        (
            {"text": {"zh": "{device.__class__}", "en": "{device"}},
            ["text.zh: {device.__class__} is", "text.en: {device is"],
        ),
        ({"text": {"zh": "{value:.2f}", "en": "value}"}}, ["text.zh: {value:.2f} is", "text.en: } is"]),
        ({"text": {"zh": "{finding}", "en": "e"}}, ["text.zh: {finding} is filled in by nothing"]),
        (OF_FINDINGS, []),
        (
            {**OF_FINDINGS, "text": {"zh": "{data.list} {data.plate_hash} {data.colour}", "en": "e"}},
            ["text.zh: {data.plate_hash} is filled in by nothing", "text.zh: {data.colour} is filled"],
        ),
        ({"title": {"en": "{device} is high"}}, ["title: there is none in zh"]),
        ({"match": {"event_types": ["vehicle.passed"], "where": {"plate_hash": "a"}}, "field": "confidence"}, []),
        ({"match": {"event_types": ["reading.reported", "state.reported"], "where": {"name": "a"}}}, []),
        (
            {"match": {"event_types": ["passage.flagged"], "where": {"colour": "a"}}, "field": "secs"},
            ["match.where.colour: passage.flagged has no field", "field: passage.flagged has no field secs"],
        ),
    ],
)
def test_what_is_hardly_meant_is_doubted(fields: dict[str, Any], said: list[str]) -> None:
    found = [f"{'.'.join(map(str, path))}: {what}" for path, what in doubts(RULE.validate_python(body(**fields)))]
    assert len(found) == len(said)
    assert all(each.startswith(start) for each, start in zip(found, said, strict=True))


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("device", []),
        ("zone", ["text.en: {device} is filled in by nothing; known are building"]),
        ("building", ["text.zh: {zone} is filled", "text.en: {device} is filled"]),
        ("site", ["text.zh: {zone} is", "text.zh: {building} is", "text.en: {device} is"]),
        ("plate", []),
    ],
)
def test_the_text_of_a_silence_of_several_devices_can_name_none_of_them(key: str, said: list[str]) -> None:
    silent = {name: each for name, each in body().items() if name in {"uid", "title", "category"}}
    match = {"event_types": ["vehicle.passed"]}
    texts = {"zh": "{zone} {building} {duration}", "en": "{device}"}
    rule = RULE.validate_python(
        {**silent, "kind": "absence", "key": key, "text": texts, "match": match, "duration_s": 60}
    )
    found = [f"{'.'.join(map(str, path))}: {what}" for path, what in doubts(rule)]
    assert len(found) == len(said)
    assert all(each.startswith(start) for each, start in zip(found, said, strict=True))


def test_the_text_of_an_anomaly_may_ask_for_its_finding() -> None:
    given = {name: body()[name] for name in ("uid", "title", "category", "match")}
    texts = {"zh": "{finding}", "en": "{finding}"}
    assert doubts(RULE.validate_python(given | {"kind": "anomaly", "text": texts})) == []


STEPS = [{"event_types": ["object.detected"]}, {"event_types": ["state.reported"]}]


@pytest.mark.parametrize(
    ("fields", "text", "empty"),
    [
        ({"kind": "threshold", "raise_above": 1}, "{value} {data.unit} {duration}", ["{duration}"]),
        ({"kind": "event"}, "{value} {duration}", ["{duration}"]),
        ({"kind": "event", "field": "quality"}, "{value} {data.value}", ["{value}"]),
        ({"kind": "event", "match": {"event_types": ["passage.flagged"]}, "field": "x"}, "{value}", []),
        (
            {"kind": "absence", "duration_s": 60},
            "{device} {value} {data.unit} {duration}",
            ["{value}", "{data.unit}"],
        ),
        (
            {"kind": "sequence", "match": {"event_types": ["object.detected", "state.reported"]}, "steps": STEPS,
             "within_s": 60},
            "{value} {data.name} {data.score} {duration}",
            ["{value}", "{data.score}"],
        ),
        (
            {"kind": "negation", "match": {"event_types": ["passage.flagged"]}, "within_s": 60,
             "first": {"event_types": ["passage.flagged"]}, "then": {"event_types": ["passage.flagged"]}},
            "{finding}",
            ["{finding}"],
        ),
        ({"kind": "anomaly", "detector": "rhythm"}, "{finding} {device} {data.unit}", ["{data.unit}"]),
        ({"kind": "anomaly", "detector": "rhythm", "key": "zone"}, "{value} {zone}", ["{zone}"]),
        ({"kind": "anomaly"}, "{finding} {probability} {value} {data.unit}", []),
    ],
)  # fmt: skip
def test_what_a_kind_leaves_empty_is_doubted_with_what_it_knows(
    fields: dict[str, Any], text: str, empty: list[str]
) -> None:
    given = {name: body()[name] for name in ("uid", "title", "category")} | {"match": body()["match"]}
    rule = RULE.validate_python(given | {"text": {"zh": text, "en": text}} | fields)
    said = [what for path, what in doubts(rule) if path == ("text", "zh")]
    assert [each.split(" is filled in by nothing; known are ")[0] for each in said] == empty
    known = {name for each in said for name in each.partition("known are ")[2].split(", ")}
    assert not known & {each[1:-1] for each in empty}
