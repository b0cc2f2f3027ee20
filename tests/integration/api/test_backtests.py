"""Asking for a backtest or a trace, and what comes of it."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import quote

import pytest

from api.backtests.service import MAX_KEPT, MAX_UNFINISHED
from api.backtests.store import FAILURE_IS_TOLD
from herun.backtests import Backtest, Trace, decode_job
from herun.clock import SECOND_US, parse_time
from herun.rule_files import KINDS
from tests.integration.api.running import SITE, World

PERIOD: Final[dict[str, Any]] = {"from": "2026-05-01T00:00:00+08:00", "to": "2026-05-08T00:00:00+08:00"}
RULE: Final[dict[str, Any]] = {
    "kind": "absence", "uid": "r1", "title": {"zh": "a"}, "text": {"zh": "b"}, "category": "c", "duration_s": 60,
    "match": {"event_types": ["reading.reported"]},
}  # fmt: skip


def jobs(world: World) -> list[Any]:
    """The jobs as the processor reads them, oldest first."""
    rows = world.rows("SELECT job::text AS job FROM backtests ORDER BY asked_at", role="herun_processor")
    return [decode_job(row["job"].encode()) for row in rows]


async def test_what_is_asked_is_a_job_that_the_processor_can_read(world: World) -> None:
    asked = await world.by("susan").post("backtests", {**PERIOD, "rule": RULE, "warm_up_s": 3600})
    assert (asked["state"], asked["asked_by"], asked["result"]) == ("waiting", "susan", None)
    (job,) = jobs(world)
    assert isinstance(job, Backtest)
    assert (job.site, job.from_us, job.to_us) == (SITE, parse_time(PERIOD["from"]), parse_time(PERIOD["to"]))
    assert (job.warm_up_us, job.time_zone) == (3600 * SECOND_US, "Asia/Shanghai")
    assert job.rule is not None
    assert job.rule["uid"] == "r1"


async def test_it_is_seen_running_and_then_with_its_result(world: World) -> None:
    susan = world.by("susan")
    await world.admin.put("rules/r1", RULE)
    asked = await susan.post("backtests", {**PERIOD, "rule_uid": "r1"})
    world.add_result(asked["id"], state="running")
    assert (await susan.get(f"backtests/{asked['id']}"))["state"] == "running"
    world.add_result(asked["id"], state="done", result='{"fires":{"total":3}}')
    done = await world.by("audrey").get(f"backtests/{asked['id']}")
    assert (done["state"], done["result"]) == ("done", {"fires": {"total": 3}})
    (listed,) = (await susan.get("backtests"))["items"]
    assert (listed["id"], listed["state"], listed["result"]) == (asked["id"], "done", None)


async def test_a_job_is_asked_once_by_one_key(world: World) -> None:
    first = await world.by("susan").post("backtests", PERIOD, key="k1")
    assert await world.by("susan").post("backtests", PERIOD, key="k1") == first
    assert len(jobs(world)) == 1


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"to": PERIOD["from"]}, "bad_period", "from"),
        ({"to": "2036-05-01T00:00:00Z"}, "bad_period", "from"),
        ({"to": "2300-05-01T00:00:00Z"}, "bad_period", "to"),
        ({"rule": RULE, "rule_uid": "r1"}, "bad_job", "rule_uid"),
        ({"rule": {"uid": "r1"}}, "invalid", "rule"),
        ({"rule": {**RULE, "condition": "data.foo == 1"}}, "invalid_rule", "rule"),
        ({"from": "2026-06-02T00:00:00Z", "to": "2026-06-03T00:00:00Z"}, "bad_period", "from"),
        ({"from": "2026-05-01T00:00:00"}, "invalid", "from"),
    ],
)
async def test_what_can_never_be_done_is_refused(world: World, change: dict[str, Any], code: str, field: str) -> None:
    answer = await world.by("susan").call("POST", "backtests", {**PERIOD, **change})
    assert answer.status_code == 422
    assert answer.json()["type"].startswith(f"urn:herun:problem:{code}")
    assert {tuple(each["loc"][:2]) for each in answer.json()["errors"]} == {("body", field)}
    assert jobs(world) == []


async def test_a_rule_that_is_not_in_force_is_not_backtested(world: World) -> None:
    answer = await world.by("susan").call("POST", "backtests", {**PERIOD, "rule_uid": "r9"})
    assert answer.status_code == 404
    assert jobs(world) == []


@pytest.mark.parametrize("kind", [{}, {"kind": "foo"}])
@pytest.mark.parametrize(
    ("method", "path", "at"), [("POST", "backtests", ["body", "rule"]), ("PUT", "rules/r1", ["body"])]
)
async def test_a_rule_of_no_kind_is_told_which_there_are(
    world: World, method: str, path: str, at: list[str], kind: dict[str, str]
) -> None:
    rule = {name: value for name, value in RULE.items() if name != "kind"} | kind
    answer = await world.admin.call(method, path, rule if method == "PUT" else {**PERIOD, "rule": rule})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["loc"], error["msg"]) == ([*at, "kind"], f"expected one of {', '.join(KINDS)}")


async def test_a_time_without_zone_is_told_what_is_missing(world: World) -> None:
    answer = await world.admin.call("POST", "backtests", {**PERIOD, "from": "2026-05-01T00:00:00"})
    assert answer.json()["detail"].startswith("body.from: expected a time with its zone")


async def test_a_site_has_few_jobs_under_way_and_keeps_few_that_ended(world: World) -> None:
    susan = world.by("susan")
    asked = [(await susan.post("backtests", PERIOD))["id"] for _ in range(MAX_UNFINISHED)]
    refused = await susan.call("POST", "backtests", PERIOD)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:herun:problem:too_many_backtests")
    for number in range(MAX_KEPT + 3):
        world.add_result(asked[-1], state="done", result="{}")
        if number >= MAX_UNFINISHED - 1:
            world.clock.advance(SECOND_US)
        else:
            world.add_result(asked[number], state="done", result="{}")
        asked.append((await susan.post("backtests", PERIOD))["id"])
    kept = [item["id"] for item in (await susan.get("backtests"))["items"]]
    assert asked[-1] in kept
    assert len(kept) == MAX_KEPT + 1


async def test_others_may_neither_ask_nor_look(world: World) -> None:
    assert (await world.by("oscar").call("POST", "backtests", PERIOD)).status_code == 403
    for name in ("gwen", "rita"):
        assert (await world.by(name).call("GET", "backtests")).status_code == 403
        assert (await world.by(name).call("GET", "events/d1/1-0/trace")).status_code == 403


async def test_a_trace_is_asked_once_and_answered_when_it_is_done(world: World) -> None:
    oscar, path = world.by("oscar"), "events/d1/1-0/trace"
    assert (await oscar.call("GET", path)).status_code == 404
    world.add_event(0)
    for _ in range(2):
        waiting = await oscar.call("GET", path)
        assert (waiting.status_code, waiting.json()["state"]) == (202, "waiting")
    assert jobs(world) == [Trace(site=SITE, device="d1", event_id="1-0")]
    world.add_result(job_id(world), state="done", result=json.dumps({"rules": []}))
    answer = await oscar.call("GET", path)
    assert (answer.status_code, answer.json()["trace"]) == (200, {"rules": []})
    assert (await oscar.get("backtests"))["items"] == []


@pytest.mark.parametrize("event_id", ["door/1", "..", "a b?c=1&d#e", "../../rules"])
async def test_an_event_whose_id_cannot_stand_in_a_path_is_traced_by_a_query(world: World, event_id: str) -> None:
    oscar = world.by("oscar")
    path = f"trace?device=d1&event_id={quote(event_id, safe='')}"
    assert (await oscar.call("GET", path)).status_code == 404
    world.add_event(0, event_id=event_id)
    assert (await oscar.call("GET", path)).status_code == 202
    assert jobs(world) == [Trace(site=SITE, device="d1", event_id=event_id)]
    assert (await oscar.call("GET", f"trace?device=d1&event_id={'x' * 300}")).status_code == 422
    assert (await world.by("gwen").call("GET", path)).status_code == 403


async def test_a_trace_that_failed_says_why_and_is_asked_anew_later(world: World) -> None:
    oscar, path = world.by("oscar"), "events/d1/1-0/trace"
    world.add_event(0)
    await oscar.get(path)
    world.add_result(job_id(world), state="failed", error="the engine itself made this event")
    answer = await oscar.call("GET", path)
    assert (answer.status_code, answer.json()["error"]) == (200, "the engine itself made this event")
    world.clock.advance(round(FAILURE_IS_TOLD.total_seconds() * SECOND_US) + 1)
    assert (await oscar.call("GET", path)).status_code == 202
    assert len(jobs(world)) == 2


def job_id(world: World) -> str:
    """The id of the only job."""
    (row,) = world.rows("SELECT id::text FROM backtests", role="herun_processor")
    return str(row["id"])
