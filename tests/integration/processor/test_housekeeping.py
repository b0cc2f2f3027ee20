"""What is thrown away is what nobody needs any more, and nothing else."""

from __future__ import annotations

from datetime import datetime

import msgspec
import psycopg

from herun import subjects
from herun.clock import DAY_US, ManualClock, to_us
from herun.database.pool import make_pool
from herun.frames import FrameKind
from processor import housekeeping
from processor.housekeeping import Purge
from processor.lease import Lease, claim
from processor.store import ROLE, Database
from tests.integration.processor.running import World
from tests.unit.processor.samples import START_US, event, put_device

DAYS = 30
ROOMY = 2**40  # bytes that the stream may take: more than it will


async def test_personal_values_are_deleted_when_their_time_is_over_and_not_before(world: World) -> None:
    with psycopg.connect(world.database_url) as connection:
        connection.execute("SET ROLE herun_processor")
        for day in range(40):
            connection.execute(
                "INSERT INTO events_personal SELECT 'herun', 'd1', to_timestamp(%(s)s), 'e', 'plate', 'plate', 'x',"
                " to_timestamp(%(s)s)",
                {"s": day * 86_400},
            )
    clock = ManualClock(at_us=40 * DAY_US)
    async with make_pool(world.database_url, ROLE, "test", 1) as pool:
        assert await housekeeping.delete_old_personal(pool, clock, DAYS) == 10
        assert await housekeeping.delete_old_personal(pool, clock, DAYS) == 0
        clock.advance(DAY_US)
        assert await housekeeping.delete_old_personal(pool, clock, DAYS) == 1
    assert world.value("SELECT count(*) FROM events_personal") == 29


async def test_monitored_alerts_are_deleted_when_their_time_is_over_and_not_before(world: World) -> None:
    with psycopg.connect(world.database_url) as connection:
        connection.execute("SET ROLE herun_processor")
        for day in range(100):
            connection.execute(
                "INSERT INTO monitored_alerts SELECT 'herun', gen_random_uuid(), 1, 'r', 1, 'k', 'raised', 'info', 'c',"
                " t, t, NULL, 1, NULL, NULL, NULL, false, '{}' FROM (SELECT to_timestamp(%(s)s)) AS times (t)",
                {"s": day * 86_400},
            )
    clock = ManualClock(at_us=100 * DAY_US)
    async with make_pool(world.database_url, ROLE, "test", 1) as pool:
        assert await housekeeping.delete_old_monitored(pool, clock) == 100 - housekeeping.MONITORED_DAYS
        assert await housekeeping.delete_old_monitored(pool, clock) == 0


async def test_frames_behind_the_snapshot_are_purged_but_for_the_last_of_each_subject(world: World) -> None:
    await world.control(put_device("d1"))
    sequences = [await world.publish([event(f"e{n}", START_US + n)]) for n in range(5)]
    database, js = Database(world.database_url, "test"), world.client.jetstream()
    lease = await claim(await database.connection(), ManualClock(START_US), 0, "test", own_at_once=True)
    assert lease is not None
    async with make_pool(world.database_url, ROLE, "test", 1) as pool:
        await Purge(pool, world.client, horizon_s=1000, max_bytes=ROOMY).run_if_due(lease, (0, sequences[2]))
        assert (await js.stream_info(subjects.STREAM_EVENTS)).state.messages == 6
        await Purge(pool, world.client, horizon_s=0, max_bytes=ROOMY).run_if_due(lease, (0, sequences[2]))
    await database.drop()
    assert (await js.stream_info(subjects.STREAM_EVENTS)).state.messages == 4
    last = await js.get_last_msg(subjects.STREAM_EVENTS, subjects.frame_subject(0, FrameKind.CONTROL))
    assert last.seq == 1
    assert world.value("SELECT purged_below FROM partitions") == sequences[2]
    await world.publish([event("e9", START_US + 9)])
    await world.control(put_device("d2"))


async def test_how_old_a_frame_is_the_stream_says_and_not_how_long_a_process_has_run(world: World) -> None:
    sequences = [await world.publish([event(f"e{n}", START_US + n)]) for n in range(6)]
    database, js = Database(world.database_url, "test"), world.client.jetstream()
    lease = await claim(await database.connection(), ManualClock(START_US), 0, "test", own_at_once=True)
    assert lease is not None
    times = [await stored_at(world, sequence) for sequence in sequences]
    async with make_pool(world.database_url, ROLE, "test", 1) as pool:
        for wall, snapshot, left in ((times[2], 5, 4), (times[4], 3, 3), (times[4], 5, 2)):
            just_begun = Purge(pool, world.client, horizon_s=0, max_bytes=ROOMY, wall=ManualClock(wall))
            await just_begun.run_if_due(lease, (0, sequences[snapshot]))
            assert (await js.stream_info(subjects.STREAM_EVENTS)).state.messages == left
        young = Purge(pool, world.client, horizon_s=3600, max_bytes=ROOMY)
        await young.run_if_due(lease, (0, sequences[5]))
    await database.drop()
    assert lease.purged_below == sequences[4]


async def stored_at(world: World, sequence: int) -> int:
    """The stream's time of a frame, at most a microsecond less."""
    answer = await world.client.request(
        f"$JS.API.STREAM.MSG.GET.{subjects.STREAM_EVENTS}", b'{"seq":%d}' % sequence, timeout=5
    )
    return to_us(msgspec.convert(msgspec.json.decode(answer.data)["message"]["time"], datetime)) - 1


async def test_a_stream_that_fills_up_is_purged_before_the_horizon(world: World) -> None:
    await world.control(put_device("d1"))
    sequences = [await world.publish([event(f"e{n}", START_US + n)]) for n in range(5)]
    database, js = Database(world.database_url, "test"), world.client.jetstream()
    lease = await claim(await database.connection(), ManualClock(START_US), 0, "test", own_at_once=True)
    assert lease is not None
    async with make_pool(world.database_url, ROLE, "test", 1) as pool:
        await Purge(pool, world.client, horizon_s=1000, max_bytes=1).run_if_due(lease, (0, sequences[2]))
    await database.drop()
    assert (await js.stream_info(subjects.STREAM_EVENTS)).state.messages == 4


async def test_who_owns_the_partition_no_more_purges_nothing(world: World) -> None:
    sequences = [await world.publish([event(f"e{n}", START_US + n)]) for n in range(3)]
    database = Database(world.database_url, "test")
    lease = await claim(await database.connection(), ManualClock(START_US), 0, "test", own_at_once=True)
    assert await claim(await database.connection(), ManualClock(START_US), 0, "test", own_at_once=True) is not None
    assert lease is not None
    async with make_pool(world.database_url, ROLE, "test", 1) as pool:
        await Purge(pool, world.client, horizon_s=0, max_bytes=ROOMY).run_if_due(lease, (0, sequences[2]))
    await database.drop()
    assert (await world.client.jetstream().stream_info(subjects.STREAM_EVENTS)).state.messages == 3
    assert world.value("SELECT purged_below FROM partitions") == 0


async def test_another_epochs_snapshot_purges_nothing(world: World) -> None:
    await world.publish([event("e1", START_US)])
    lease = Lease(0, "test", 1, "", stream_epoch=1, sequence=1, frame_id="")
    async with make_pool(world.database_url, ROLE, "test", 1) as pool:
        await Purge(pool, world.client, horizon_s=0, max_bytes=ROOMY).run_if_due(lease, (0, 5))
    assert (await world.client.jetstream().stream_info(subjects.STREAM_EVENTS)).state.messages == 1
