"""Killed at the worst moments, the processor loses nothing and doubles nothing."""

from __future__ import annotations

import asyncio
import random

import pytest
from nats.js.errors import NotFoundError

from herun import subjects
from herun.alerts import Alert, decode_alert
from herun.faults import FaultPoint
from tests.integration.processor.running import World, until
from tests.unit.processor.samples import SECOND_US, START_US, event, put_device, put_rule, rule

HIGH = rule("high", "threshold", raise_above=5, clear_below=3)
POINTS = [
    FaultPoint.PROCESSOR_COMMITTED_NOT_ACKNOWLEDGED,
    FaultPoint.PROCESSOR_COMMITTED_NOT_RELAYED,
    FaultPoint.PROCESSOR_SNAPSHOT_HALF_WRITTEN,
]


async def relayed(world: World) -> list[Alert]:
    """All alert versions in the stream, in order."""
    js = world.client.jetstream()
    subscription = await js.subscribe(f"{subjects.STREAM_ALERTS}.*", ordered_consumer=True)
    found = []
    info = await js.stream_info(subjects.STREAM_ALERTS)
    for _ in range(info.state.messages):
        message = await subscription.next_msg(timeout=10)
        found.append(decode_alert(message.data))
    await subscription.unsubscribe()
    return found


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.value)
async def test_killed_at_a_named_point_it_goes_on_without_loss_or_repeat(world: World, point: FaultPoint) -> None:
    processor = world.processor(fault=point.value, snapshot_interval_s="0.2")
    await world.control(put_device("d1"), put_rule(HIGH))
    last = 0
    for n in range(20):
        last = await world.publish([event(f"e{n}-{k}", START_US + n * SECOND_US + k, n % 10) for k in range(5)])
    assert await processor.until_dead() == -9
    processor.restart()
    await world.until_offset(last)
    await world.until_count("SELECT count(*) FROM outbox", 0)
    assert world.value("SELECT count(*) FROM events") == 100
    await processor.until_ready()
    assert processor.get("/counts").json() == {"herun": {"d1": 100}}
    versions = [(alert.alert_id, alert.version, alert.state.value) for alert in await relayed(world)]
    assert [state for _, _, state in versions] == ["raised", "cleared", "raised"]
    assert len(set(versions)) == 3
    stored = world.rows("SELECT alert_id, version FROM alert_versions ORDER BY position, n")
    assert [(str(row["alert_id"]), row["version"]) for row in stored] == [key[:2] for key in versions]


async def test_killed_at_random_moments_nothing_is_lost_or_doubled(world: World) -> None:
    chance = random.Random(7)
    processor = world.processor(snapshot_interval_s="0.3")
    await world.control(put_rule(HIGH), put_rule(rule("often", "count", count=50, window_s=1000)))
    sent, last = 0, 0
    for _ in range(8):
        for _ in range(25):
            events = [event(f"e{sent + n}", START_US + (sent + n) * 1000, device=f"d{n % 3}") for n in range(20)]
            sent += len(events)
            repeats = [
                event(f"e{n}", START_US + n * 1000, device=f"d{n % 20 % 3}")
                for n in range(sent - 30, sent - 20)
                if n >= 0
            ]
            last = await world.publish(events + repeats)
            await asyncio.sleep(chance.random() * 0.02)
        victim = chance.choice(["processor", "nats", "processor"])
        if victim == "processor":
            processor.restart()
        else:
            world.nats.kill()
            world.nats.start()
    await world.until_offset(last)
    assert world.value("SELECT count(*) FROM events") == sent
    await processor.until_ready()
    by_device = {row["device"]: row["n"] for row in world.rows("SELECT device, count(*) AS n FROM events GROUP BY 1")}
    assert processor.get("/counts").json() == {"herun": by_device}
    assert world.value("SELECT count(*) FROM alerts WHERE rule_uid = 'often'") == 3


async def test_a_lost_database_is_waited_for(world: World) -> None:
    processor = world.processor()
    last = await world.publish([event("e0", START_US)])
    await world.until_offset(last)
    world.postgres.kill()
    last = await world.publish([event(f"e{n}", START_US + n) for n in range(1, 50)])
    world.postgres.start()
    await world.until_offset(last)
    assert world.value("SELECT count(*) FROM events") == 50
    await processor.until_ready()


async def test_what_was_pending_survives_a_crash_and_is_raised_once(world: World) -> None:
    processor = world.processor(snapshot_interval_s="0.2")
    held = rule("held", "true_for", condition={"field": "value", "op": ">", "value": 5}, duration_s=3)
    silent = rule("silent", "absence", duration_s=4, match={"devices": ["d2"]})
    quiet = rule("quiet", "absence", duration_s=4, key="zone")
    unseen = rule("unseen", "absence", duration_s=4, key="plate", types=("vehicle.passed",))
    await world.control(
        put_device("d1"), put_device("d2", zone="z"), *(put_rule(each) for each in (held, silent, quiet, unseen))
    )
    passage = event("e2", START_US, event_type="vehicle.passed", data={"plate_hash": "h1"})
    last = await world.publish([event("e1", START_US, 9), passage])
    await world.until_offset(last)
    processor.restart()
    await asyncio.sleep(0.5)  # so that it is killed once with and once without a snapshot
    processor.restart()
    async with world.listening():
        await world.until_count("SELECT count(*) FROM alerts", 4)
        processor.restart()
        await asyncio.sleep(1.5)  # time enough for another to be raised
    rows = world.rows("SELECT rule_uid, key, version, state FROM alerts ORDER BY rule_uid")
    assert [tuple(row.values()) for row in rows] == [
        ("held", "d1", 1, "raised"),
        ("quiet", "z", 1, "raised"),
        ("silent", "d2", 1, "raised"),
        ("unseen", "h1", 1, "raised"),
    ]


async def test_what_had_begun_goes_on_after_a_crash(world: World) -> None:
    """A sequence half come, something that must follow, a cool-down: each goes on, and is raised or counted once."""
    processor = world.processor(snapshot_interval_s="0.2")
    doors = ("door.opened", "door.closed")
    steps = [{"event_types": [name]} for name in doors]
    await world.control(
        put_device("d1"),
        put_device("d2"),
        put_rule(rule("sequence", "sequence", types=doors, steps=steps, within_s=60, match={"devices": ["d1"]})),
        put_rule(
            rule(
                "left-open",
                "negation",
                types=doors,
                first=steps[0],
                then=steps[1],
                within_s=3,
                match={"devices": ["d2"]},
            )
        ),
        put_rule(HIGH | {"uid": "calm", "cooldown_s": 60}),
    )
    opened = [
        event(f"open-{device}", START_US, device=device, event_type="door.opened", data={}) for device in ("d1", "d2")
    ]
    highs = [event(f"v{n}", START_US + n * SECOND_US, value) for n, value in enumerate((9, 1))]
    await world.until_offset(await world.publish([*opened, *highs]))
    processor.restart()
    closed = event("close-d1", START_US + 20 * SECOND_US, event_type="door.closed", data={})
    await world.until_offset(await world.publish([closed, event("v9", START_US + 30 * SECOND_US, 9)]))
    processor.restart()
    async with world.listening():
        await world.until_count("SELECT count(*) FROM alerts", 3)
        processor.restart()
        await asyncio.sleep(1.5)  # time enough for another to be raised
    rows = world.rows("SELECT rule_uid, version, state, count FROM alerts ORDER BY rule_uid")
    assert [tuple(row.values()) for row in rows] == [
        ("calm", 3, "raised", 2),
        ("left-open", 1, "raised", 1),
        ("sequence", 1, "raised", 1),
    ]


async def test_an_idle_partition_is_ticked(world: World) -> None:
    world.processor()

    async def ticked() -> bool:
        try:
            message = await world.client.jetstream().get_last_msg(subjects.STREAM_EVENTS, "EVENTS.0.tick")
        except NotFoundError:
            return False
        rows = world.rows("SELECT sequence FROM partitions")
        return bool(rows) and message.seq >= 2 and rows[0]["sequence"] >= 2

    await until("two ticks are in the stream and processed", ticked)
