"""What is published is stored: once, whole, and in order."""

from __future__ import annotations

from tests.integration.processor.running import World
from tests.unit.processor.samples import START_US, event, put_device, put_rule, rule


async def test_every_event_becomes_a_row(world: World) -> None:
    processor = world.processor()
    await world.control(put_device("d1"), put_rule(rule("high", "threshold", raise_above=5)))
    last = await world.publish([event(f"e{n}", START_US + n, n, personal={"plate": "京A1"}) for n in range(10)])
    await world.until_offset(last)
    assert world.value("SELECT count(*) FROM events") == 10
    assert world.value("SELECT count(*) FROM events_personal WHERE class = 'person'") == 10
    assert world.value("SELECT count(*) FROM control_frames") == 2
    assert [row["rule_uid"] for row in world.rows("SELECT rule_uid FROM alerts")] == ["high"]
    await world.until_count("SELECT count(*) FROM outbox", 0)
    await processor.until_ready()
    assert processor.get("/counts").json() == {"herun": {"d1": 10}}
    assert processor.stop() == 0


async def test_the_databases_log_holds_no_values_of_rows(world: World) -> None:
    assert world.value("SHOW log_error_verbosity") == "terse"
    assert world.value("SHOW log_parameter_max_length_on_error") == "0"
