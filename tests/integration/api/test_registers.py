"""Visitors, residents in care, and what the engine hears of them and of plate lists."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import msgspec
import pytest

from api.housekeeping import _forget_visits
from herun.clock import DAY_US
from herun.passages import CarePut, PermitPut
from herun.personal import keyed_hash, plate_hashes
from tests.integration.api.running import World

KEY: Final = b"p" * 32
VISIT: Final = {
    "plate": "苏e·12345", "whom": "Flat 3-201", "valid_from": "2026-06-01T08:00:00+08:00",
    "valid_until": "2026-06-01T20:00:00+08:00",
}  # fmt: skip
CARE: Final = {
    "name": "Wang Fang", "hours": 12, "devices": ["d1"], "face_ids": ["face-7"],
    "consent": {"by": "Wang Fang", "at": "2026-05-30T10:00:00+08:00"},
}  # fmt: skip


def told(world: World) -> list[tuple[str, Any]]:
    rows = world.rows("SELECT kind, body FROM api_outbox WHERE kind ~ '^(visitor|care)' ORDER BY id")
    return [(row["kind"], row["body"]) for row in rows]


async def test_a_visit_is_announced_with_hashes_and_shown_masked(world: World) -> None:
    shown = await world.by("paul").put("visitors/v1", VISIT)
    assert (shown["plate"], shown["whom"], shown["changed_by"]) == ("苏E****5", "Flat 3-201", "paul")
    ((kind, body),) = told(world)
    hashes = plate_hashes(KEY, "苏E12345")
    assert hashes is not None
    permit = msgspec.convert(body, PermitPut)
    assert (kind, permit.visitor) == ("visitor.put", "v1")
    assert (permit.plate_fold, permit.plate_hash) == (hashes.fold, hashes.exact)
    assert permit.valid_until - permit.valid_from == DAY_US / 2
    everything = str(world.rows("SELECT * FROM visitors") + world.rows("SELECT * FROM audit_log"))
    assert "12345" not in everything + str(body)
    assert "Flat" not in str(body)


async def test_a_visit_with_another_plate_takes_the_one_before_back(world: World) -> None:
    await world.admin.put("visitors/v1", VISIT)
    await world.admin.put("visitors/v1", {**VISIT, "plate": "苏E1234S"})  # nothing to take back
    await world.admin.put("visitors/v1", {**VISIT, "plate": "苏EXY890"})
    await world.admin.call("DELETE", "visitors/v1")
    assert [kind for kind, _ in told(world)] == [
        "visitor.put", "visitor.put", "visitor.removed", "visitor.put", "visitor.removed",
    ]  # fmt: skip
    assert told(world)[2][1]["plate_fold"] == told(world)[0][1]["plate_fold"] != told(world)[3][1]["plate_fold"]
    assert (await world.admin.call("DELETE", "visitors/v1")).status_code == 404
    assert (await world.admin.call("GET", "visitors/v1")).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"plate": "无牌"}, {"plate": "苏E12?45"}, {"plate": "E12"}, {"whom": " "}, {"valid_until": VISIT["valid_from"]},
        {"valid_until": "2028-01-01T00:00:00Z"}, {"valid_from": "2026-06-01"}, {"phone": "1"},
    ],
)  # fmt: skip
async def test_a_visit_that_cannot_be_is_refused(world: World, change: dict[str, Any]) -> None:
    assert (await world.admin.call("PUT", "visitors/v1", {**VISIT, **change})).status_code == 422
    assert told(world) == []


async def test_visits_come_by_name_and_those_of_now_alone_if_asked(world: World) -> None:
    for n in range(5):
        await world.admin.put(f"visitors/v{n}", {**VISIT, "valid_until": f"2026-06-01T{10 + n}:00:00+08:00"})
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await world.by("audrey").get(f"visitors?limit=2{cursor and '&cursor=' + cursor}")
        seen += [each["visitor"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [f"v{n}" for n in range(5)]
    now = (await world.by("audrey").get("visitors?now=true"))["items"]
    assert [each["visitor"] for each in now] == ["v2", "v3", "v4"]  # it is noon


async def test_a_full_register_takes_no_more_visits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.visitors.service.MAX_PERMITS", 2)
    for n in range(2):
        await world.admin.put(f"visitors/v{n}", VISIT)
    assert (await world.admin.call("PUT", "visitors/v2", VISIT)).status_code == 409
    await world.admin.put("visitors/v1", {**VISIT, "whom": "Flat 4"})


async def test_visits_are_forgotten_long_after_their_end(world: World) -> None:
    await world.admin.put("visitors/v1", VISIT)
    assert await _forget_visits(world.resources) == 0
    world.clock.at_us += round(timedelta(days=91).total_seconds()) * 1_000_000
    assert await _forget_visits(world.resources) == 1


async def test_care_begins_with_consent_and_the_engine_hears_no_name(world: World) -> None:
    await world.admin.post("devices", {"devices": [{"device": "d1"}]})
    shown = await world.by("susan").put("care/r1", CARE)
    assert (shown["name"], shown["consent_by"], shown["faces"], shown["changed_by"]) == (
        "Wang Fang", "Wang Fang", 1, "susan",
    )  # fmt: skip
    ((kind, body),) = told(world)
    care = msgspec.convert(body, CarePut)
    assert (kind, care.resident, care.hours, care.devices) == ("care.put", "r1", 12, ("d1",))
    assert care.face_hashes == (keyed_hash(KEY, "face_id", "face-7"),)
    assert care.consent.by == "susan"
    told_or_logged = str(body) + str(world.rows("SELECT * FROM audit_log"))
    assert "Wang" not in told_or_logged
    assert "face-7" not in told_or_logged + str(world.rows("SELECT * FROM care_agreements"))


async def test_care_is_taken_back_by_one_call_and_both_are_written_down(world: World) -> None:
    await world.admin.post("devices", {"devices": [{"device": "d1"}]})
    await world.by("susan").put("care/r1", CARE)
    assert (await world.by("susan").call("DELETE", "care/r1")).json() == {"resident": "r1"}
    assert [kind for kind, _ in told(world)] == ["care.put", "care.removed"]
    assert (await world.by("susan").get("care"))["items"] == []
    assert (await world.by("susan").call("DELETE", "care/r1")).status_code == 404
    entries = (await world.by("audrey").get("audit?actor=susan"))["items"]
    assert [each["action"] for each in entries] == ["care.removed", "care.put"]


@pytest.mark.parametrize(
    "change",
    [
        {"consent": None}, {"consent": {"by": " ", "at": "2026-05-30T10:00:00Z"}}, {"hours": 0}, {"devices": ["d9"]},
        {"consent": {"by": "x", "at": "2026-06-02T10:00:00Z"}}, {"devices": [], "face_ids": []},
        {"devices": ["d1", "d1"]},
    ],
)  # fmt: skip
async def test_care_without_consent_or_that_nothing_can_see_is_refused(world: World, change: dict[str, Any]) -> None:
    await world.admin.post("devices", {"devices": [{"device": "d1"}]})
    assert (await world.admin.call("PUT", "care/r1", {**CARE, **change})).status_code == 422
    assert told(world) == []


async def test_a_plate_list_tells_the_engine_what_looks_like_its_plates(world: World) -> None:
    await world.admin.put("plate-lists/wanted", {"plates": ["苏E12345", "苏EXY890"]})
    (row,) = world.rows("SELECT body FROM api_outbox WHERE kind = 'list.put'")
    for plate in ("苏E12345", "苏EXY890"):
        hashes = plate_hashes(KEY, plate)
        assert hashes is not None
        n = row["body"]["hashes"].index(hashes.exact)
        assert (row["body"]["folds"][n], row["body"]["nears"][n]) == (hashes.fold, "".join(hashes.near))
    assert (await world.admin.call("PUT", "plate-lists/wanted", {"plates": ["E12"]})).status_code == 422


async def test_the_longest_list_fits_into_one_control_frame(world: World) -> None:
    from herun.frames import MAX_FRAME_BYTES
    from herun.rule_files import MAX_PLATES

    plates = [f"苏E{n:06d}" for n in range(MAX_PLATES)]
    await world.admin.put("plate-lists/wanted", {"plates": plates})
    (row,) = world.rows("SELECT body FROM api_outbox WHERE kind = 'list.put'")
    assert len(msgspec.msgpack.encode(row["body"])) < MAX_FRAME_BYTES
