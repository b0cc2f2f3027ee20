"""What cannot be processed becomes a dead letter; what is stored already is not stored again; the rest goes on."""

from __future__ import annotations

import msgspec
import psycopg

from herun import subjects
from herun.dead_letters import DeadLetter, DeadLetterReason, decode_dead_letter
from herun.frames import Control
from tests.integration.processor.running import World, until
from tests.unit.processor.samples import SITE, START_US, event, put_rule, rule


async def dead_letters(world: World, count: int) -> list[DeadLetter]:
    """So many dead letters, in order."""
    js = world.client.jetstream()

    async def there() -> bool:
        info = await js.stream_info(subjects.STREAM_DEAD_LETTER)
        return bool(info.state.messages >= count)

    await until(f"{count} dead letters", there)
    subscription = await js.subscribe(f"{subjects.STREAM_DEAD_LETTER}.*", ordered_consumer=True)
    return [decode_dead_letter((await subscription.next_msg(timeout=10)).data) for _ in range(count)]


async def test_what_the_database_refuses_becomes_a_dead_letter_and_the_rest_is_stored(world: World) -> None:
    processor = world.processor()
    good = [event(f"e{n}", START_US + n, 9) for n in range(20)]
    bad = [
        msgspec.structs.replace(good[n], event_id=f"bad{n}", data=data)
        for n, data in ((3, "{"), (11, '{"a":"\\u0000"}'))
    ]
    await world.control(put_rule(rule("often", "count", count=20, window_s=100)))
    last = await world.publish([*good[:5], bad[0], *good[5:13], bad[1], *good[13:]])
    await world.until_offset(last)
    assert world.value("SELECT count(*) FROM events") == 20
    assert world.value("SELECT count(*) FROM alerts") == 1
    letters = await dead_letters(world, 2)
    assert [(letter.reason, letter.origin, letter.site, letter.device) for letter in letters] == [
        (DeadLetterReason.ENGINE_FAILED, "engine", SITE, "d1")
    ] * 2
    assert [b"bad3" in letters[0].raw, b"bad11" in letters[1].raw] == [True, True]
    processor.restart()
    await processor.until_ready()
    assert processor.get("/counts").json() == {"herun": {"d1": 20}}


async def test_a_frame_that_is_none_and_a_control_that_is_wrong_are_dead_letters_too(world: World) -> None:
    world.processor()
    await world.client.jetstream().publish("EVENTS.0.events", b"no frame")
    await world.control(Control(SITE, "c1", "rule.put", {"uid": "x"}))
    last = await world.publish([event("e1", START_US)])
    await world.until_offset(last)
    assert world.value("SELECT count(*) FROM events") == 1
    letters = await dead_letters(world, 2)
    assert [letter.reason for letter in letters] == [DeadLetterReason.BAD_FRAME, DeadLetterReason.ENGINE_FAILED]


async def test_what_only_the_database_remembers_is_not_stored_again(world: World) -> None:
    processor = world.processor()
    await world.until_offset(await world.publish([event(f"e{n}", START_US + n) for n in range(3)]))
    assert processor.stop() == 0
    with psycopg.connect(world.database_url) as connection:  # a state that knows nothing of what is stored
        connection.execute("SET ROLE herun_processor")
        connection.execute(
            "INSERT INTO events SELECT site, device, event_time, 'foreign', event_type, schema_version, recorded_time,"
            " position, 99, sequence, flags, data FROM events WHERE event_id = 'e1'"
        )
    processor.restart()
    last = await world.publish([event("foreign", START_US + 1), event("e3", START_US + 3)])
    await world.until_offset(last)
    assert world.value("SELECT count(*) FROM events") == 5
    assert world.rows("SELECT n, reason FROM left_out") == [{"n": 0, "reason": "stored"}]
    processor.restart()
    await processor.until_ready()
    assert processor.get("/counts").json() == {"herun": {"d1": 4}}
