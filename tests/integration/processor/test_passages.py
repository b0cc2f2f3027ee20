"""Passages through a real processor: what is pending survives a crash, and is derived and raised once."""

from __future__ import annotations

import json
from typing import Any

from herun.clock import SECOND_US, SystemClock
from herun.events import Event
from tests.integration.processor.running import World
from tests.unit.processor.passages.gates import GATES, control, hashes, settings
from tests.unit.processor.samples import SITE, put_rule, rule

FINDINGS = rule("found", "count", types=("passage.flagged",), count=1, window_s=1)


def read(n: int, device: str, plate: str, at_us: int) -> Event:
    said: dict[str, Any] = {**hashes(plate), "direction": device.rsplit("-")[1], "confidence": 90}
    return Event(SITE, device, f"e{n}", "vehicle.passed", 1, at_us, json.dumps(said), {"plate": plate})


async def test_pending_passages_and_findings_survive_a_crash_and_come_once(world: World) -> None:
    now = SystemClock().now_us()
    visit = {"visitor": "v1", "plate_fold": hashes("测A12345")["plate_fold"], "valid_from": 0}
    visit["valid_until"] = now + 12 * SECOND_US
    processor = world.processor(snapshot_interval_s="0.2")
    changed = settings(merge_s=6, lateness_minutes=0.1)
    await world.control(*GATES, changed, control("visitor.put", visit), put_rule(FINDINGS))
    entry, leaving = read(1, "north-in", "测A12345", now), read(2, "north-out", "测BXY890", now)
    last = await world.publish([entry, leaving])
    await world.until_offset(last)
    processor.restart()  # with both passages still open: it is back within merge_s
    await world.publish([read(3, "north-in", "测A1Z345", now + SECOND_US), entry])
    await world.until_count("SELECT count(*) FROM events WHERE event_type = 'passage.completed'", 2)
    processor.restart()  # with the findings still to come
    await world.until_count("SELECT count(*) FROM events WHERE event_type = 'passage.flagged'", 2)
    processor.restart()
    last = await world.publish([read(4, "south-in", "测C7K0W1", now + 20 * SECOND_US)])
    await world.until_offset(last)
    rows = world.rows(
        "SELECT event_type, data, flags FROM events WHERE event_type LIKE 'passage.%' ORDER BY position, n"
    )
    found = [(row["data"].get("finding"), row["data"]["plate_device"], row["data"].get("reads")) for row in rows]
    assert sorted(found[:2], key=str) == [(None, "north-in", 2), (None, "north-out", 1)]
    assert sorted(found[2:], key=str) == [("exit_without_entry", "north-out", None), ("overstay", "north-in", None)]
    assert {row["flags"] & 8 for row in rows} == {8}
    assert world.value("SELECT count(DISTINCT alert_id) FROM alerts") == 2
    plates = world.value("SELECT string_agg(value, '') FROM events_personal")
    stored = str(rows) + str(world.rows("SELECT * FROM alert_versions"))
    assert "测A12345" in plates
    assert "12345" not in stored
