"""Rules over HTTP: YAML, checking, comparing, going back, many of them, and those that the engine switched off."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
import yaml
from jsonschema import Draft202012Validator

from api.limits import MAX_BODY_BYTES
from api.rules import service
from herun.clock import to_datetime
from herun.rule_files import KINDS
from herun.rules import STORM_UID, SWITCHED_OFF_UID
from tests.integration.api.running import NOON_US, SITE, As, World

TEXT: Final = """\
kind: threshold
uid: r1
title: {zh: 水位, en: Water}
text: {zh: "{device}", en: "{device}"}
category: flooding
match: {event_types: [reading.reported], where: {metric: level}}
raise_above: 0.3
"""
RULE: Final[dict[str, Any]] = yaml.safe_load(TEXT)
UNKNOWN: Final = {"devices": ["d9"], "zones": ["z1", "z9"], "buildings": ["b9"], "device_kinds": ["bridge"]}


async def send(person: As, method: str, path: str, text: str | bytes, kind: str = "application/yaml") -> Any:
    headers = {"Authorization": f"Bearer {person.token}", "Content-Type": kind}
    return await person.client.request(method, f"/v1/sites/{SITE}/{path}", content=text, headers=headers)


@pytest.mark.parametrize("kind", ["application/yaml", "text/yaml; charset=utf-8", "application/x-yaml"])
async def test_a_rule_of_yaml_is_the_rule_of_json(world: World, kind: str) -> None:
    by_yaml = (await send(world.admin, "PUT", "rules/r1", TEXT, kind)).json()
    by_json = await world.admin.put("rules/r1", RULE)
    assert (by_yaml["version"], by_json["version"]) == (1, 2)
    assert by_yaml["rule"] | {"version": 2} == by_json["rule"]


async def test_all_that_is_wrong_with_yaml_is_told_with_field_and_line(world: World) -> None:
    text = TEXT.replace("0.3", "much").replace("metric: level", "metric: level, n: [1]") + "colour: red\n"
    answer = await send(world.admin, "PUT", "rules/r1", text)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    problem = answer.json()
    assert problem["type"] == "urn:herun:problem:invalid_rule"
    assert [(each["line"], each["loc"]) for each in problem["errors"]] == [
        (6, ["body", "match", "where", "n"]), (7, ["body", "raise_above"]), (8, ["body", "colour"]),
    ]  # fmt: skip
    assert problem["detail"].startswith("line 6: body.match.where.n: ")
    assert (await world.admin.get("rules"))["items"] == []


async def test_a_name_that_stands_twice_in_json_is_refused(world: World) -> None:
    text = json.dumps(RULE).replace('"raise_above": 0.3', '"raise_above": 0.3, "raise_above": 30')
    answer = await send(world.admin, "PUT", "rules/r1", text, "application/json")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["detail"] == "raise_above stands here twice"
    assert answer.json()["errors"][0]["loc"] == ["body", "raise_above"]
    assert (await send(world.admin, "PUT", "rules/r1", "{", "application/json")).status_code == 400


async def test_a_condition_that_never_comes_true_is_refused_in_json_too(world: World) -> None:
    answer = await world.admin.call("PUT", "rules/r1", RULE | {"condition": "data.valeu > 3"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["errors"] == [
        {
            "loc": ["body", "condition"],
            "msg": "reading.reported has no field valeu; did you mean value?",
            "type": "invalid_rule",
        }
    ]
    assert (await world.admin.get("rules"))["items"] == []


async def test_what_is_refused_is_told_in_our_words(world: World) -> None:
    wrong = {"cooldown_s": -1, "severity": "urgent", "clear_below": 3, "colour": "red"}
    answer = (await world.admin.call("PUT", "rules/r1", RULE | wrong)).json()
    told = {each["loc"][-1]: each["msg"] for each in answer["errors"]}
    assert told["cooldown_s"] == "expected at least 0"
    assert told["severity"] == "expected 'info', 'warning' or 'critical'"
    assert told["colour"] == "unknown field"
    answer = (await world.admin.call("PUT", "rules/r1", RULE | {"clear_below": 3})).json()
    (error,) = answer["errors"]
    assert (error["loc"][-1], error["msg"]) == ("clear_below", "raise_above goes with clear_below, which is not higher")


OF_COUNT: Final = {name: value for name, value in RULE.items() if name != "raise_above"} | {"kind": "count"}


@pytest.mark.parametrize(("rule", "at"), [
    (RULE | {"raise_above": "much"}, ["raise_above"]),
    (RULE | {"match": RULE["match"] | {"where": {"n": [1]}}}, ["match", "where", "n"]),
    (RULE | {"title": {"fr": "eau"}}, ["title", "fr"]),
    (OF_COUNT | {"count": 0, "window_s": 60}, ["count"]),
    (OF_COUNT | {"count": 3}, ["window_s"]),
    (OF_COUNT | {"kind": "absence", "duration_s": 60, "key": "street"}, ["key"]),
    (RULE | {"condition": "data.valeu > 3"}, ["condition"]),
    (RULE | {"title": {"zh": "\u202e", "en": "Water"}}, ["title", "zh"]),
    (RULE | {"text": {"zh": "水位", "en": "\u200b \u3164"}}, ["text", "en"]),
])  # fmt: skip
async def test_what_is_refused_is_told_where_it_stands_in_the_request(
    world: World, rule: dict[str, Any], at: list[str]
) -> None:
    answer = await world.admin.call("PUT", "rules/r1", rule)
    assert answer.status_code == 422
    assert {tuple(each["loc"]) for each in answer.json()["errors"]} == {("body", *at)}
    assert answer.json()["detail"].startswith(f"{'.'.join(['body', *at])}: ")
    period = {"from": "2026-05-01T00:00:00Z", "to": "2026-05-02T00:00:00Z"}
    answer = await world.admin.call("POST", "backtests", {**period, "rule": rule})
    assert {tuple(each["loc"]) for each in answer.json()["errors"]} == {("body", "rule", *at)}


async def test_the_names_of_the_engines_own_alerts_are_refused(world: World) -> None:
    for uid in (STORM_UID, SWITCHED_OFF_UID):
        refused = await world.admin.call("PUT", f"rules/{uid}", RULE | {"uid": uid})
        assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, ["body", "uid"])


@pytest.mark.parametrize("text", ["", "- a: [", f"[{TEXT!r}]", f"rules: [{json.dumps(RULE)}]", b"\xff", "*a"])
async def test_a_body_that_is_not_one_rule_is_refused(world: World, text: str | bytes) -> None:
    assert (await send(world.admin, "PUT", "rules/r1", text)).status_code == 422


async def test_nobody_learns_anything_without_a_token(world: World) -> None:
    answer = await send(world.nobody, "PUT", "rules/r1", TEXT)
    assert answer.status_code == 401
    answer = await send(world.nobody, "POST", "rules/check", TEXT)
    assert answer.status_code == 401


async def test_a_check_writes_nothing_and_tells_what_the_site_does_not_have(world: World) -> None:
    cars = {"event_types": ["vehicle.passed"]}
    listed = {**RULE, "uid": "r2", "kind": "plate_list", "plate_list": "l9", "key": "plate", "match": cars}
    del listed["raise_above"]
    body = {"rules": [{**RULE, "match": {**RULE["match"], **UNKNOWN}}, listed]}
    items = (await world.by("oscar").post("rules/check", body))["items"]
    assert [each["uid"] for each in items] == ["r1", "r2"]
    assert [(each["loc"], each["msg"]) for each in items[0]["warnings"]] == [
        (["match", "devices", 0], "this site has no device d9"),
        (["match", "device_kinds", 0], "this site has no device kind bridge"),
        (["match", "zones", 1], "this site has no zone z9"),
        (["match", "buildings", 0], "this site has no building b9"),
    ]
    assert items[1]["warnings"] == [{"loc": ["plate_list"], "msg": "this site has no plate list l9", "line": 1}]
    (again,) = (await world.admin.post("rules/check", {"rules": [listed], "plate_lists": {"l9": []}}))["items"]
    assert again["warnings"] == []
    named: list[dict[str, Any]] = [
        {"category": "floding"},
        {"category": "x1", "order_category": "flooding"},
        {"order_category": "qqq"},
    ]
    named += [{"category": "x1", "opens_order": False}]
    asked = [{**RULE, "uid": f"c{n}", **fields} for n, fields in enumerate(named)]
    found = (await world.admin.post("rules/check", {"rules": asked}))["items"]
    assert [len(each["warnings"]) for each in found] == [1, 0, 1, 0]
    (wrong,) = found[0]["warnings"]
    assert wrong["loc"] == ["category"]
    assert wrong["msg"].startswith("this site has no category floding, its orders go to the desk; nearest: flooding")
    assert found[2]["warnings"][0]["loc"] == ["order_category"]
    refused = await world.admin.call("POST", "rules/check", [RULE, {**RULE, "colour": "red"}])
    assert [each["loc"] for each in refused.json()["errors"]] == [["body", 1, "colour"]]
    assert (await world.admin.get("rules"))["items"] == []
    assert world.rows("SELECT 1 FROM rule_versions") == []


async def test_what_a_condition_names_and_the_site_does_not_have_is_told(world: World) -> None:
    await world.admin.post("devices", {"devices": [{"device": "d1"}]})
    condition = (
        'device.zone == "z9" || device.zone in ["z1", "z8"] || !(device.building != "b9") || device.name == "d9"'
        ' || "d1" == device.name || device.building == "b1" || device["zone"] == "z7" || device.kind == "bridge"'
        ' || device.zone.startsWith("z") || device.zone == ""'
    )
    put = await world.admin.put("rules/r1", {**RULE, "condition": condition})
    assert [(each["loc"], each["msg"]) for each in put["warnings"]] == [
        (["condition"], f"this site has no {each}")
        for each in ("zone z9", "zone z8", "building b9", "device d9", "zone z7", "device kind bridge")
    ]
    text = (
        "uid: r2\nkind: sequence\ntitle: {zh: a, en: a}\ntext: {zh: a, en: a}\ncategory: flooding\nwithin_s: 60\n"
        "match: {event_types: [door.opened]}\nsteps:\n- event_types: [door.opened]\n"
        "- event_types: [door.opened]\n  condition: device.zone == 'nozone'\n"
    )
    (found,) = (await send(world.by("oscar"), "POST", "rules/check", text)).json()["items"]
    assert found["warnings"] == [{"loc": ["steps", 1, "condition"], "msg": "this site has no zone nozone", "line": 11}]


async def test_the_difference_of_two_versions_is_told_field_by_field(world: World) -> None:
    await world.admin.put("rules/r1", RULE)
    await world.admin.put("rules/r1", {**RULE, "severity": "critical"})
    await world.admin.put("rules/r1", {**RULE, "severity": "critical", "raise_above": 0.5})
    newest = await world.by("oscar").get("rules/r1/diff")
    assert newest == {
        "uid": "r1", "from": 2, "to": 3, "begins_anew": True,
        "changes": [{"field": "raise_above", "old": 0.3, "new": 0.5}],
    }  # fmt: skip
    wording = await world.admin.get("rules/r1/diff?from=1&to=2")
    assert wording["changes"] == [{"field": "severity", "old": "warning", "new": "critical"}]
    assert wording["begins_anew"] is False
    assert {each["old"] for each in (await world.admin.get("rules/r1/diff?to=1"))["changes"]} == {None}
    assert (await world.admin.call("GET", "rules/r1/diff?to=4")).status_code == 404
    assert (await world.admin.call("GET", "rules/r9/diff")).status_code == 404


async def test_going_back_makes_a_new_version_of_the_old_body(world: World) -> None:
    await world.admin.put("rules/r1", RULE)
    await world.admin.put("rules/r1", {**RULE, "raise_above": 0.5})
    back = await world.by("susan").post("rules/r1/rollback", {"version": 1, "why": "too few alerts"})
    assert (back["version"], back["rule"]["raise_above"], back["changed_by"]) == (3, 0.3, "susan")
    assert back["why"] == "back to version 1: too few alerts"
    assert [row["body"]["version"] for row in world.rows("SELECT body FROM api_outbox ORDER BY id")] == [1, 2, 3]
    await world.admin.call("DELETE", "rules/r1")
    removed = await world.admin.call("POST", "rules/r1/rollback", {"version": 4, "why": "?"})
    assert (removed.status_code, removed.json()["type"]) == (409, "urn:herun:problem:removed")
    assert (await world.admin.post("rules/r1/rollback", {"version": 2, "why": "again"}))["version"] == 5
    assert (await world.admin.call("POST", "rules/r1/rollback", {"version": 9, "why": "?"})).status_code == 404
    same = await world.admin.call("POST", "rules/r1/rollback", {"version": 5, "why": "?"})
    assert (same.status_code, same.json()["type"]) == (409, "urn:herun:problem:in_force")
    assert (await world.admin.get("rules/r1"))["version"] == 5
    assert (await world.by("oscar").call("POST", "rules/r1/rollback", {"version": 1, "why": "?"})).status_code == 403


async def test_rules_page_by_uid_and_are_found_by_what_they_are(world: World) -> None:
    for n in range(5):
        mode = "monitor" if n == 3 else "live"
        await world.admin.put(f"rules/r{n}", {**RULE, "uid": f"r{n}", "mode": mode, "category": f"c{n % 2}"})
    silent = {name: RULE[name] for name in ("title", "text", "category")}
    match = {"event_types": ["door.opened", "door.closed"]}
    await world.admin.put("rules/R9", {**silent, "uid": "R9", "kind": "absence", "duration_s": 60, "match": match})
    seen: list[str] = []
    cursor: Any = ""
    while cursor is not None:
        page = await world.admin.get(f"rules?limit=2{cursor and '&cursor=' + cursor}")
        seen += [each["uid"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert seen == ["R9", "r0", "r1", "r2", "r3", "r4"]
    for query, found in {
        "kind=absence": ["R9"], "mode=monitor": ["r3"], "category=c1": ["r1", "r3"], "event_type=door.closed": ["R9"],
        "mode=live&category=c1": ["r1"],
    }.items():  # fmt: skip
        assert [each["uid"] for each in (await world.admin.get(f"rules?{query}"))["items"]] == found


async def test_there_is_an_end_to_the_rules_in_force(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_RULES", 2)
    for uid in ("r1", "r2"):
        await world.admin.put(f"rules/{uid}", {**RULE, "uid": uid})
    answer = await world.admin.call("PUT", "rules/r3", {**RULE, "uid": "r3"})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:herun:problem:too_many_rules")
    await world.admin.put("rules/r1", RULE)
    await world.admin.call("DELETE", "rules/r1")
    await world.admin.put("rules/r3", {**RULE, "uid": "r3"})


async def test_many_rules_are_put_together_with_their_lists(world: World) -> None:
    await world.admin.put("rules/r1", RULE)
    cars = (
        f"{TEXT.replace('r1', 'cars').replace('threshold', 'plate_list').replace('raise_above: 0.3', 'plate_list: l1')}"
    )
    cars = cars.replace("[reading.reported], where: {metric: level}", "[vehicle.passed], zones: [z9]")
    text = "plate_lists: {l1: [京A00001]}\nrules:\n"
    text += "".join("- " + each.replace("\n", "\n  ").rstrip() + "\n" for each in (TEXT, cars))
    text += "#" * MAX_BODY_BYTES  # more than other requests may have
    answer = await send(world.by("susan"), "POST", "rules?why=all", text)
    assert (answer.status_code, answer.json()["items"]) == (
        200,
        [
            {"uid": "r1", "version": 2, "line": 3, "warnings": []},
            {
                "uid": "cars", "version": 1, "line": 10,
                "warnings": [{"loc": ["match", "zones", 0], "msg": "this site has no zone z9", "line": 15}],
            },
        ],
    )  # fmt: skip
    shown = (await world.admin.get("rules"))["items"]
    assert [(each["uid"], each["changed_by"], each["why"]) for each in shown] == [
        ("cars", "susan", "all"), ("r1", "susan", "all"),
    ]  # fmt: skip
    assert [each["name"] for each in (await world.admin.get("plate-lists"))["items"]] == ["l1"]
    kinds = [row["kind"] for row in world.rows("SELECT kind FROM api_outbox ORDER BY id")]
    assert kinds == ["rule.put", "list.put", "rule.put", "rule.put"]
    told = [(each["action"], each["subject"]) for each in (await world.by("audrey").get("audit?limit=3"))["items"]]
    assert told == [("rule.put", "cars"), ("rule.put", "r1"), ("plate_list.put", "l1")]


async def test_of_many_rules_none_is_put_if_one_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def many(count: int, **changes: Any) -> dict[str, Any]:
        rules = [{**RULE, "uid": f"m{n}"} for n in range(count)]
        rules[-1] |= changes
        return {"plate_lists": {"l1": ["京A00001"]}, "rules": rules}

    monkeypatch.setattr(service, "MAX_RULES", 3)
    monkeypatch.setattr(service, "MAX_BULK", 5)
    await world.admin.put("rules/m0", {**RULE, "uid": "m0"})
    for body, status, loc in (
        (many(3, raise_above="much"), 422, ["rules", 2, "raise_above"]),
        (many(3, condition="data.valeu > 3"), 422, ["rules", 2, "condition"]),
        (many(2, uid="m0"), 422, ["rules", 1, "uid"]),
        (many(2) | {"plate_lists": {"l1": ["?"]}}, 422, ["plate_lists", "l1", 0]),
        (many(5), 409, ["rules", 3]),
    ):
        answer = await world.admin.call("POST", "rules", body)
        assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (status, ["body", *loc])
    assert (await world.admin.call("POST", "rules", many(6))).json()["type"] == "urn:herun:problem:too_many_rules"
    assert (await world.admin.call("POST", "rules", many(2) | {"plate_lists": {"l1": ["ABC"]}})).status_code == 422
    assert [(each["uid"], each["version"]) for each in (await world.admin.get("rules"))["items"]] == [("m0", 1)]
    assert (await world.admin.get("plate-lists"))["items"] == []
    assert [each["version"] for each in (await world.admin.post("rules", many(3)))["items"]] == [2, 1, 1]


async def test_a_rule_that_the_engine_switched_off_says_so_until_the_engine_has_it_again(world: World) -> None:
    def told(position: int) -> None:
        world.rows(
            "INSERT INTO control_frames (site, partition, position, n, control_id, kind, body, recorded_time)"
            " VALUES (%(site)s, 0, %(position)s, 0, %(id)s, 'rule.put', %(body)s::jsonb, %(at)s)",
            role="herun_processor", site=SITE, position=position, id=f"c{position}", body=json.dumps(RULE),
            at=to_datetime(NOON_US),
        )  # fmt: skip

    await world.admin.put("rules/r1", RULE)
    await world.admin.put("rules/r2", {**RULE, "uid": "r2"})
    told(1)
    world.add_alert(world.alert(rule_uid=SWITCHED_OFF_UID, key="r1", device=None), position=5)
    off = await world.admin.get("rules/r1")
    assert off["switched_off"] == "2026-06-01T04:00:00Z"
    assert [each["switched_off"] is not None for each in (await world.admin.get("rules"))["items"]] == [True, False]
    put = await world.admin.put("rules/r1", RULE)
    assert put["switched_off"] is not None  # the engine has not heard of it yet
    told(9)
    assert (await world.admin.get("rules/r1"))["switched_off"] is None


async def test_the_schema_is_one_and_knows_every_kind(world: World) -> None:
    schema = await world.by("oscar").get("/v1/rules/schema")
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert validator.is_valid(RULE)
    assert not validator.is_valid({**RULE, "colour": "red"})
    assert not validator.is_valid({**RULE, "match": {"event_types": ["reading.reportd"]}})
    assert schema["discriminator"]["mapping"].keys() == KINDS.keys()


async def test_who_puts_a_rule_is_told_what_is_hardly_meant(world: World) -> None:
    odd = {**RULE, "match": {**RULE["match"], "zones": ["z9"]}, "text": {"zh": "{devce}", "en": "e"}}
    odd |= {"category": "floding"}
    put = await world.admin.put("rules/r1", odd)
    assert [each["loc"] for each in put["warnings"]] == [["text", "zh"], ["match", "zones", 0], ["category"]]
    assert [each["line"] for each in put["warnings"]] == [None, None, None]
    good = await world.admin.put("rules/r1", {**RULE, "category": "flooding"})
    assert good["warnings"] == []
    back = await world.admin.post("rules/r1/rollback", {"version": 1, "why": "it was better"})
    assert back["warnings"] == put["warnings"]
    assert "warnings" not in await world.admin.get("rules/r1")


async def test_rules_of_a_kind_that_is_none_are_not_looked_for(world: World) -> None:
    assert (await world.admin.call("GET", "rules?kind=xx")).status_code == 422
    assert (await world.admin.get("rules?kind=plate_list"))["items"] == []
