"""What is published is stored: once, whole, and in order."""

from __future__ import annotations

from tests.integration.processor.running import World
from tests.unit.processor.samples import SECOND_US, START_US, event, put_device, put_rule, rule


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


async def test_what_a_rule_on_trial_would_have_raised_is_kept_apart_and_told_to_nobody(world: World) -> None:
    world.processor()
    trial = rule("high", "threshold", raise_above=5, clear_below=2, mode="monitor")
    await world.control(put_device("d1", zone="z1"), put_rule(trial))
    await world.publish([event("e1", START_US, 9)])
    await world.until_offset(await world.publish([event("e2", START_US + 1, 1)]))
    (kept,) = world.rows(
        "SELECT rule_uid, version, state, device, zone, cleared_at IS NOT NULL AS over FROM monitored_alerts"
    )
    assert kept == {"rule_uid": "high", "version": 2, "state": "cleared", "device": "d1", "zone": "z1", "over": True}
    for table in ("alerts", "alert_versions", "outbox"):
        assert world.value(f"SELECT count(*) FROM {table}") == 0
    info = await world.client.jetstream().stream_info("ALERTS")
    assert info.state.messages == 0


async def test_what_late_events_withdraw_of_a_trial_is_kept_as_withdrawn(world: World) -> None:
    world.processor()
    trial = rule("held", "true_for", condition="data.value > 5", duration_s=10, mode="monitor")
    await world.control(put_device("d1"), put_rule(trial))
    await world.publish([event("e1", START_US, 9)])
    await world.publish([event("e2", START_US + 20 * SECOND_US, 9)])
    async with world.listening():
        await world.until_count("SELECT count(*) FROM monitored_alerts WHERE state = 'raised'", 1)
    await world.publish([event("e3", START_US + 5 * SECOND_US, 1)])
    await world.until_count("SELECT count(*) FROM monitored_alerts WHERE state = 'withdrawn' AND version = 2", 1)


async def test_the_alert_of_a_device_behind_a_dead_one_is_stored_under_it(world: World) -> None:
    world.processor()
    lost = rule("lost", "true_for", types=("device.disconnected",), duration_s=0.001,
                condition={"field": "reason", "op": "==", "value": "lost"})  # fmt: skip
    await world.control(put_rule(lost), put_device("switch"), put_device("camera", uplink="switch"))
    for n, device in enumerate(("switch", "camera")):
        data = {"reason": "lost"}
        await world.publish([event(f"e{n}", START_US + n, device=device, event_type="device.disconnected", data=data)])
    async with world.listening():
        await world.until_count("SELECT count(*) FROM alerts WHERE merged_into IS NOT NULL", 1)
        await world.until_count("SELECT count(*) FROM alerts WHERE merged_count = 1 AND device = 'switch'", 1)
