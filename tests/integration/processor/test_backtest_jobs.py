"""What the API has asked for is answered by the processor beside its work, whatever kills it meanwhile."""

from __future__ import annotations

import json
import uuid
from typing import Any

import psutil
import psycopg
from msgspec import to_builtins
from psycopg.types.json import Jsonb

from herun.backtests import Backtest, Job, Trace
from herun.clock import parse_time
from processor.backtest.worker import MAX_ATTEMPTS
from tests.integration.processor.running import World, until
from tests.unit.processor.samples import SITE, START_US, event, put_device, put_rule, rule

EVER = Backtest(site=SITE, from_us=parse_time("2020-01-01T00:00:00Z"), to_us=parse_time("2020-12-31T00:00:00Z"))


def ask(world: World, job: Job) -> uuid.UUID:
    """Writes a job down as the API does."""
    job_id = uuid.uuid4()
    with psycopg.connect(world.database_url) as connection:
        connection.execute("SELECT set_config('herun.site', '*', false)")
        connection.execute(
            "INSERT INTO sites (site, name, partition, time_zone, created_at) VALUES (%s, 'x', 0, 'UTC', 'epoch')"
            " ON CONFLICT DO NOTHING",
            (SITE,),
        )
        connection.execute(
            "INSERT INTO backtests (site, id, job, asked_by, asked_at) VALUES (%s, %s, %s, 'susan', 'epoch')",
            (SITE, job_id, Jsonb(to_builtins(job))),
        )
    return job_id


def answer(world: World, job_id: uuid.UUID) -> dict[str, Any]:
    """The result's row, empty if there is none yet."""
    return next(iter(world.rows(f"SELECT * FROM backtest_results WHERE id = '{job_id}'")), {})


async def until_state(world: World, job_id: uuid.UUID, *states: str) -> dict[str, Any]:
    async def reached() -> bool:
        return answer(world, job_id).get("state") in states

    await until(f"job {job_id} is {states}", reached)
    return answer(world, job_id)


async def stored(world: World) -> None:
    """One event that raised an alert."""
    await world.control(put_device("d1"), put_rule(rule("high", "threshold", raise_above=7)))
    await world.until_offset(await world.publish([event("e1", START_US, 9)]))


async def test_a_job_is_done_and_one_that_cannot_be_says_why(world: World) -> None:
    processor = world.processor()
    await stored(world)
    traced, unknown = ask(world, Trace(site=SITE, device="d1", event_id="e1")), ask(world, EVER_OF_NOBODY)
    done = await until_state(world, traced, "done", "failed")
    (told,) = json.loads(done["result"])["rules"]
    assert (told["rule_uid"], told["outcome"]) == ("high", "fired")
    assert done["performance"]["events"] == 1
    failed = await until_state(world, unknown, "done", "failed")
    assert (failed["state"], failed["error"]) == ("failed", "no rule nobody is in force; known are high")
    metrics = processor.get("/metrics").text
    assert 'herun_processor_backtests_total{state="done"} 1.0' in metrics


EVER_OF_NOBODY = Backtest(site=SITE, from_us=EVER.from_us, to_us=EVER.to_us, rule_uid="nobody")


async def test_a_job_of_a_killed_processor_is_begun_again_and_its_program_is_gone(world: World) -> None:
    processor = world.processor()
    await stored(world)
    job = ask(world, EVER)
    await until_state(world, job, "running", "done")
    children = psutil.Process(processor.process.pid).children(recursive=True)
    processor.kill()
    assert answer(world, job)["state"] == "running"
    assert children

    async def gone() -> bool:
        return not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)

    await until("the program has ended with its processor", gone)
    processor.restart()
    done = await until_state(world, job, "done", "failed")
    assert (done["state"], done["attempts"]) == ("done", 2)


async def test_a_stop_gives_the_job_back(world: World) -> None:
    processor = world.processor()
    await stored(world)
    job = ask(world, EVER)
    await until_state(world, job, "running")
    assert processor.stop() == 0
    assert (answer(world, job)["state"], answer(world, job)["attempts"]) == ("running", 0)


async def test_what_never_comes_to_an_end_is_given_up_and_what_nobody_asked_is_forgotten(world: World) -> None:
    job = ask(world, EVER)
    with psycopg.connect(world.database_url) as connection:
        connection.execute("SET ROLE herun_processor")
        for each in (job, uuid.uuid4()):
            connection.execute(
                "INSERT INTO backtest_results (site, id, state, attempts, began_at)"
                " VALUES (%s, %s, 'running', %s, 'epoch')",
                (SITE, each, MAX_ATTEMPTS),
            )
    world.processor()
    failed = await until_state(world, job, "failed")
    assert "never came to an end" in failed["error"]
    assert world.value("SELECT count(*) FROM backtest_results") == 1
