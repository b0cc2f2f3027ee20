"""What the API changes reaches the engine by the stream and after it the gateway by the registry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import get_args

import psycopg
import pytest

from api.outbox import service, store
from api.outbox.store import RELAY_LOCK
from api.problems import Problem
from api.transactions import begin
from herun import frames, subjects
from herun.control import ControlKind
from herun.errors import TransientError
from herun.frames import Control, Frame, FrameKind
from herun.registry import decode_entry, encode_entry
from herun.rules import Rule
from herun.stream import FrameWriter
from tests.integration.api.running import WAIT_S, World, until


@asynccontextmanager
async def relaying(world: World) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(service.relay(world.resources, stop))
    try:
        yield
    finally:
        stop.set()
        world.resources.outbox_filled.set()
        await task


async def drained(world: World) -> None:
    async def empty() -> bool:
        return bool(world.rows("SELECT count(*) AS n FROM api_outbox")[0]["n"] == 0)

    await until("the outbox is empty", empty)


async def controls(world: World, partition: int = 0) -> list[Control]:
    info = await world.resources.js.stream_info("EVENTS")
    found = []
    for sequence in range(info.state.first_seq, info.state.last_seq + 1):
        message = await world.resources.js.get_msg("EVENTS", sequence)
        assert message.data is not None
        frame = frames.decode(message.data)
        assert message.subject == subjects.frame_subject(frame.partition, FrameKind.CONTROL)
        if frame.partition == partition:
            found += frame.controls
    return found


async def registry(world: World) -> dict[str, bytes]:
    return await service._contents(await world.resources.js.key_value("registry"))


async def test_devices_are_told_to_the_engine_without_and_to_the_gateway_with_their_secrets_hash(world: World) -> None:
    async with relaying(world):
        await world.admin.post("devices", {"devices": [{"device": "d1", "zone": "z1"}, {"device": "d2"}]})
        await drained(world)
    told = [control for control in await controls(world) if control.kind == ControlKind.DEVICE_PUT]
    assert [control.body["device"] for control in told] == ["d1", "d2"]
    assert all(control.body.get("secret_sha256") is None for control in told)
    entries = {key: decode_entry(value) for key, value in (await registry(world)).items()}
    assert entries.keys() == {"s1.d1", "s1.d2"}
    assert entries["s1.d1"].zone == "z1"
    assert all(entry.secret_sha256 for entry in entries.values())


async def test_changes_of_one_thing_arrive_in_their_order(world: World) -> None:
    await world.admin.post("devices", {"devices": [{"device": "d1"}]})
    async with relaying(world):
        for n in range(20):
            await world.admin.call("PATCH", "devices/d1", {"enabled": bool(n % 2)})
        await drained(world)
    told = [control.body.get("enabled", True) for control in await controls(world) if control.kind == "device.put"]
    assert told == [True, *(bool(n % 2) for n in range(20))]
    assert decode_entry((await registry(world))["s1.d1"]).enabled is True


async def test_each_site_is_told_in_its_own_partition(world: World) -> None:
    await world.admin.post("/v1/sites", {"site": "s2", "name": "s2"})
    async with relaying(world):
        await world.admin.post("devices", {"devices": [{"device": "d1"}]})
        await world.by("admin", "s2").post("devices", {"devices": [{"device": "d1"}]})
        await drained(world)
    assert {control.site for control in await controls(world, 0)} == {"s1"}
    assert {control.site for control in await controls(world, 1)} == {"s2"}
    assert decode_entry((await registry(world))["s2.d1"]).partition == 1


async def test_the_engine_hears_of_a_device_before_the_gateway_does(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    put = service._put

    async def watched(bucket: object, values: dict[str, bytes]) -> None:
        if values:
            seen.append(len(await controls(world)))
        await put(bucket, values)  # type: ignore[arg-type]

    monkeypatch.setattr(service, "_put", watched)
    await world.admin.post("devices", {"devices": [{"device": f"d{n}"} for n in range(5)]})
    async with relaying(world):
        await drained(world)
    assert seen == [5]


async def test_at_its_start_the_registry_is_made_what_the_database_says(world: World) -> None:
    async with relaying(world):
        await world.admin.post("devices", {"devices": [{"device": name} for name in ("kept", "lost", "changed")]})
        await drained(world)
    bucket = await world.resources.js.key_value("registry")
    right = await registry(world)
    revision = (await bucket.get("s1.kept")).revision
    await bucket.purge("s1.lost")
    await bucket.put("s1.changed", encode_entry(decode_entry(right["s1.kept"])))
    await bucket.put("s1.stranger", right["s1.kept"])

    async def right_again() -> bool:
        return await registry(world) == right

    async with relaying(world):
        await until("the registry is right again", right_again)
    assert (await bucket.get("s1.kept")).revision == revision


async def test_only_one_relay_works_at_a_time(world: World) -> None:
    with psycopg.connect(world.database_url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (RELAY_LOCK,))
        async with relaying(world):
            await world.admin.post("devices", {"devices": [{"device": "d1"}]})
            await asyncio.wait_for(_beats_twice(world), 10)
            assert world.rows("SELECT count(*) AS n FROM api_outbox") == [{"n": 1}]
            other.execute("SELECT pg_advisory_unlock_all()")
            await drained(world)


async def _beats_twice(world: World) -> None:
    world.resources.beats.clear()

    async def beaten() -> bool:
        return service.TASK in world.resources.beats

    await until("the relay has looked for the lock", beaten)


async def test_a_relay_that_is_fenced_begins_anew_and_loses_nothing(world: World) -> None:
    await world.admin.post("devices", {"devices": [{"device": "d1"}]})
    stop = asyncio.Event()
    task = asyncio.create_task(service.relay(world.resources, stop))
    await drained(world)
    other = FrameWriter(world.resources.js, 0, FrameKind.CONTROL)
    await other.publish(Frame(frames.FRAME_VERSION, 0, "another", frames.new_frame_id(), FrameKind.CONTROL))
    await world.admin.call("PATCH", "devices/d1", {"enabled": False})
    with pytest.raises(TransientError):
        await asyncio.wait_for(task, WAIT_S)
    async with relaying(world):
        await drained(world)
    assert [control.body.get("enabled", True) for control in await controls(world)] == [True, False]


async def test_what_can_never_be_relayed_keeps_back_no_other(world: World) -> None:
    world.rows(
        "INSERT INTO api_outbox (site, partition, kind, body)"
        " VALUES ('s1', 0, 'rule.put', '{\"uid\": \"boom\", \"raise_above\": 1e20}')"
    )
    async with relaying(world):
        await world.admin.post("devices", {"devices": [{"device": "d1"}]})
        await drained(world)
    assert [control.kind for control in await controls(world)] == ["device.put"]


@pytest.mark.parametrize("value", [1e20, 1e308, 2**64, float("nan")])
async def test_what_could_never_be_relayed_is_refused_at_once(world: World, value: float) -> None:
    with pytest.raises(Problem) as refused:
        async with begin(world.resources, "s1") as tx:
            await store.put(tx, ControlKind.RULE_PUT, {"raise_above": value})
    assert refused.value.status_code == 422
    assert world.rows("SELECT * FROM api_outbox") == []


RULE = {
    "uid": "r1", "title": {"en": "a"}, "text": {"en": "b"}, "category": "c",
    "match": {"event_types": ["reading.reported"]},
}  # fmt: skip


@pytest.mark.parametrize("value", [1e20, 1e308, "NaN", "Infinity", "-Infinity"])
async def test_a_rule_with_a_number_out_of_bounds_is_told_so(world: World, value: object) -> None:
    asked = 0
    for kind in get_args(get_args(Rule)[0]):
        (name,) = get_args(kind.model_fields["kind"].annotation)
        for field in [field for field, of in kind.model_fields.items() if "float" in str(of.annotation)]:
            answer = await world.admin.call("PUT", "rules/r1", {**RULE, "kind": name, field: value})
            assert answer.status_code == 422, answer.text
            assert any(field in error["loc"] for error in answer.json()["errors"]), answer.text
            asked += 1
    assert asked >= 12


async def test_a_refused_change_leaves_nothing_in_the_outbox(world: World) -> None:
    await world.admin.call("POST", "devices", {"devices": [{"device": "d1"}, {"device": "d2", "zone": "z9"}]})
    assert world.rows("SELECT * FROM api_outbox") == []
    assert store.RELAY_LOCK
