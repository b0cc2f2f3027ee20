"""A backtest over what a real processor has stored says what that processor raised; a trace says why."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
import pytest_asyncio

from herun.backtests import LATEST_US, Backtest, Trace
from herun.clock import to_text
from herun.errors import InvalidInputError
from herun.frames import Control
from tests.integration.processor.backtesting import answer, run_job
from tests.integration.processor.running import World
from tests.unit.processor.samples import SECOND_US, SITE, event, put_device, put_list, put_rule, rule

HELD = rule("held", "true_for", condition={"field": "value", "op": ">", "value": 5}, duration_s=0.5)
RULES = {
    "high": rule("high", "threshold", raise_above=7, clear_below=3, cooldown_s=2, key="zone"),
    "held": HELD,
    "often": rule("often", "count", count=3, window_s=2, key="site", cooldown_s=1),
    "silent": rule("silent", "absence", duration_s=2, match={"devices": ["d2", "d3"]}),
    "quiet": rule("quiet", "absence", duration_s=2, key="zone"),
    "unseen": rule("unseen", "absence", types=("vehicle.passed",), duration_s=2, key="plate"),
    "listed": rule("listed", "plate_list", types=("vehicle.passed",), plate_list="wanted", cooldown_s=1),
    "intruded": rule("intruded", "event", types=("intrusion.confirmed",)),
}
ENTRY = {
    "zone": "y",
    "change": 1,
    "who": "susan",
    "why": "",
    "plan": {"entry_doors": ["e1"], "entry_delay_s": 1},
}
ARMED = {"zone": "y", "change": 2, "who": "susan", "why": "", "mode": "armed", "until_us": None, "force": False}
CONTROLS = (
    *(put_device(f"d{n}", zone="z", building="b") for n in range(1, 4)),
    put_device("e1", zone="y"),
    Control(SITE, "a1", "arming.plan.put", ENTRY),
    Control(SITE, "a2", "arming.mode.set", ARMED),
    put_list("wanted", "h1"),
    *(put_rule(body) for body in RULES.values()),
)
OUTAGE_S = 5.6  # longer than what still counts as listening
SILENCE_S = 2.4
SEND_S = 0.15
ALERTS = "SELECT alert_id::text, rule_uid, version, state, count, raised_at, cleared_at FROM alerts ORDER BY alert_id"


def now_us() -> int:
    return time.time_ns() // 1000


class Told:
    """One site with a day's worth of trouble in some seconds."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.began_us = 0
        self.ended_us = 0

    def backtest(self, **more: object) -> Backtest:
        fields = {"site": SITE, "from_us": self.began_us, "to_us": self.ended_us, **more}
        return Backtest(**fields)  # type: ignore[arg-type]


async def send(world: World, frames: int, seed: int) -> None:
    """Events with repeats, late ones, some hot, some that no rule looks at; with pauses between the frames."""
    chance = random.Random(seed)
    for n in range(frames):
        now, late = now_us(), chance.choice([0, 0, SECOND_US])
        hot = 9 if n % 9 < 5 else 1
        events = [event(f"{seed}-{n}-{k}", now - late, hot, device=f"d{k}") for k in (1, 2)]
        plate = {"plate_hash": f"h{n % 3}"}
        events.append(event(f"{seed}-{n}-p", now, event_type="vehicle.passed", device="d1", data=plate))
        unseen = event(f"{seed}-{n}-b", now, event_type="button.pressed", device="d1", data={"action": "single"})
        await world.publish([*events, unseen, events[0]])
        await asyncio.sleep(SEND_S)


async def silence(world: World) -> None:
    """Longer than the rule `silent` allows, while a gateway listens."""
    async with world.listening():
        await asyncio.sleep(SILENCE_S)


async def close(world: World) -> int:
    """Closes two alerts, one as true and one as false; the frame that tells the engine."""
    rows = world.rows("SELECT alert_id::text FROM alerts WHERE rule_uid = 'held' ORDER BY 1 LIMIT 2")
    bodies = [{"alert_id": row["alert_id"], "at": 0} for row in rows]
    verdicts = [body | {"verdict": verdict} for body, verdict in zip(bodies, ("true", "false"), strict=True)]
    return await world.control(*(Control(SITE, f"v{n}", "alert.closed", body) for n, body in enumerate(verdicts)))


@pytest_asyncio.fixture
async def told(world: World) -> Told:
    """A run with late and doubled events, silences, a killed processor, a gateway that was away, and a new version."""
    made = Told(world)
    processor = world.processor(snapshot_interval_s="0.3")
    await processor.until_ready()
    await world.until_offset(await world.control(*CONTROLS))
    made.began_us = now_us()
    await world.publish([event("door", now_us(), device="e1", event_type="door.opened", data={})])
    await send(world, 14, 1)
    processor.restart()
    await send(world, 6, 2)
    await silence(world)
    await asyncio.sleep(OUTAGE_S)
    await send(world, 4, 3)
    await world.control(put_rule(RULES["high"] | {"raise_above": 8, "version": 2}), put_device("d9"))
    await send(world, 8, 4)
    await silence(world)
    await world.until_offset(await close(world))
    assert processor.stop() == 0
    made.ended_us = now_us()
    return made


@pytest.mark.timeout(360)  # a minute, if nothing else runs
async def test_a_backtest_of_the_rules_as_they_were_is_what_the_live_engine_raised(told: Told, tmp_path: Path) -> None:
    live = told.world.rows(ALERTS)
    assert {row["rule_uid"] for row in live} == set(RULES)
    assert told.world.value("SELECT count(*) FROM outages") == 1
    result = answer(told.world.database_url, told.backtest())
    assert [
        (alert["alert_id"], alert["version"], alert["state"], alert["count"], alert["raised_at"], alert["cleared_at"])
        for alert in sorted(result["alerts"], key=lambda alert: alert["alert_id"])
    ] == [
        (
            row["alert_id"], row["version"], row["state"], row["count"],
            row["raised_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            row["cleared_at"] and row["cleared_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        )
        for row in live
    ]  # fmt: skip
    assert all(pair["equal"] for pair in result["difference"]["both"])
    assert len(result["difference"]["both"]) == len(live)
    assert result["difference"]["only_live"] == result["difference"]["only_candidate"] == []
    assert result["fires"]["total"] == sum(result["fires"]["by_day"].values()) == len(live)
    _one_rule_alone(told)
    _the_same_bytes(told)
    _a_part_of_the_period(told)
    _verdicts(told)
    _traces(told)
    _what_cannot_be_done(told)
    _the_command(told, tmp_path)


async def test_what_other_rules_throw_is_not_told_of_one(world: World) -> None:
    fails = rule("fails", "event", condition="100 / int(data.value) > 10")
    processor = world.processor()
    await processor.until_ready()
    await world.control(put_device("d1"), put_rule(fails), put_rule(RULES["high"]))
    await world.until_offset(await world.publish([event("e1", now_us(), 0)]))
    thrown = {
        uid: answer(world.database_url, Backtest(site=SITE, from_us=0, to_us=now_us() + SECOND_US, rule_uid=uid))[
            "rule_errors"
        ]
        for uid in ("fails", "high", None)
    }
    assert thrown == {"fails": 1, "high": 0, None: 1}


def _one_rule_alone(told: Told) -> None:
    """A rule of which only one version was ever in force, alone: the same."""
    for uid in ("held", "often", "silent", "quiet", "unseen", "listed"):
        difference = answer(told.world.database_url, told.backtest(rule_uid=uid))["difference"]
        assert difference["both"], uid
        assert all(pair["equal"] for pair in difference["both"]), uid
        assert difference["only_live"] == difference["only_candidate"] == [], uid


def _the_same_bytes(told: Told) -> None:
    job = told.backtest(rule=RULES["held"] | {"duration_s": 0.2})
    first, second = (run_job(told.world.database_url, job) for _ in range(2))
    assert first == second
    assert first[0] == 0


def _a_part_of_the_period(told: Told) -> None:
    """Wherever a period begins and ends, both sides hold the same alerts."""
    rows = told.world.rows("SELECT raised_at FROM alerts ORDER BY raised_at")
    moments = [round(row["raised_at"].timestamp() * 1e6) for row in rows]
    seen = 0
    for begin, end in (
        (moments[2], moments[-3]),
        (moments[len(moments) // 2], told.ended_us),
        (told.began_us, moments[5] + 1),
    ):
        result = answer(told.world.database_url, told.backtest(from_us=begin, to_us=end))
        assert result["difference"]["only_live"] == result["difference"]["only_candidate"] == []
        assert all(pair["equal"] for pair in result["difference"]["both"])
        seen += result["fires"]["total"]
    assert seen > 5


def _verdicts(told: Told) -> None:
    closed = {
        row["verdict"]: row["alert_id"]
        for row in told.world.rows(
            "SELECT body ->> 'verdict' AS verdict, body ->> 'alert_id' AS alert_id FROM control_frames"
            " WHERE kind = 'alert.closed'"
        )
    }
    same = answer(told.world.database_url, told.backtest(rule_uid="held"))["verdicts"]
    assert same == {"caught": [closed["true"]], "missed": [], "raised_again": [closed["false"]], "spared": []}
    never = HELD | {"condition": {"field": "value", "op": ">", "value": 100}}
    deaf = answer(told.world.database_url, told.backtest(rule=never))
    assert deaf["verdicts"] == {
        "caught": [],
        "missed": [closed["true"]],
        "raised_again": [],
        "spared": [closed["false"]],
    }
    assert deaf["fires"]["total"] == 0
    assert deaf["difference"]["only_live"]


def _traces(told: Told) -> None:
    first = "SELECT alert_id::text FROM alerts WHERE rule_uid = 'high' AND cause ->> 'event_id' = '1-0-1'"
    trace = answer(told.world.database_url, Trace(site=SITE, device="d1", event_id="1-0-1"))
    answers = {rule["rule_uid"]: rule for rule in trace["rules"]}
    assert set(answers) == set(RULES)
    assert (answers["high"]["outcome"], answers["high"]["alert_id"]) == ("fired", told.world.value(first))
    second = answer(told.world.database_url, Trace(site=SITE, device="d2", event_id="1-0-2"))
    assert {rule["rule_uid"]: rule["outcome"] for rule in second["rules"]} == {
        "high": "raised_already", "held": "held", "often": "window", "silent": "heard", "quiet": "heard",
        "unseen": "other_type", "listed": "other_type", "intruded": "other_type",
    }  # fmt: skip
    assert {uid: answer["outcome"] for uid, answer in answers.items() if uid != "high"} == {
        "held": "held", "often": "window", "silent": "out_of_scope", "quiet": "heard", "unseen": "other_type",
        "listed": "other_type", "intruded": "other_type",
    }  # fmt: skip
    door = answer(told.world.database_url, Trace(site=SITE, device="e1", event_id="door"))
    assert (door["arming"]["outcome"], door["arming"]["zone"]) == ("entry_delay", "y")
    (made,) = door["derived"]
    intrusion = answer(told.world.database_url, Trace(site=SITE, device=made["device"], event_id=made["event_id"]))
    outcomes = {rule["rule_uid"]: rule["outcome"] for rule in intrusion["rules"]}
    assert (made["event_type"], outcomes["intruded"], outcomes["high"]) == (
        "intrusion.confirmed",
        "fired",
        "other_type",
    )


def _the_command(told: Told, folder: Path) -> None:
    """What a person sees: the same bytes with --json, tables without, and a sentence for what cannot be."""
    span = ("--from", to_text(told.began_us), "--to", to_text(told.ended_us))
    as_json = herun(told, "backtest", "held", *span, "--json")
    assert as_json.stdout.encode() == run_job(told.world.database_url, told.backtest(site="", rule_uid="held"))[1]
    assert "a second" in as_json.stderr
    tables = herun(told, "backtest", "held", *span, "--site", SITE)
    assert "true alarms caught" in tables.stdout
    candidate = folder / "rule.json"
    candidate.write_text(json.dumps(RULES["held"] | {"duration_s": 0.2}))
    assert "rule held version 1" in herun(told, "backtest", *span, "--rule-file", str(candidate)).stdout
    assert "it raised alert" in herun(told, "trace", SITE, "d1", "1-0-1").stdout
    for words, sentence in (
        (("backtest", "nobody", *span), "no rule nobody is in force"),
        (("backtest", "held", "--from", "2026-05-02", "--to", "2026-05-01"), "is not before"),
        (("backtest", "high", *span, "--rule-file", str(candidate)), "no rule high is in it; known are held"),
        (("trace", SITE, "d1", "never"), "has no stored event never"),
    ):
        failed = herun(told, *words)
        assert failed.returncode == 1
        assert failed.stderr.startswith("herun: ")
        assert sentence in failed.stderr


def herun(told: Told, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HERUN_DATABASE_URL": told.world.database_url, "COLUMNS": "200"}
    command = [sys.executable, "-m", "herun.stack", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)


def _what_cannot_be_done(told: Told) -> None:
    for job, reason in (
        (told.backtest(rule_uid="nobody"), "unknown_rule"),
        (told.backtest(rule={"uid": "x", "kind": "threshold"}), "bad_rule"),
        (told.backtest(site="elsewhere"), "unknown_site"),
        (told.backtest(time_zone="Mars/Olympus"), "bad_job"),
        (told.backtest(from_us=LATEST_US - 1, to_us=LATEST_US), "bad_period"),
        (Trace(site=SITE, device="d1", event_id="never"), "unknown_event"),
    ):
        with pytest.raises(InvalidInputError) as error:
            answer(told.world.database_url, job)
        assert error.value.reason == reason
    code, output = run_job(told.world.database_url, told.backtest(to_us=told.began_us))
    assert (code, json.loads(output)["reason"]) == (2, "bad_period")
