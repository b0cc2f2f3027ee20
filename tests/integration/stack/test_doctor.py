"""Laws of `herun doctor`: each thing that can be wrong is told, each on its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import nats
import psutil
import psycopg
import pytest
from nats.js.api import DiscardPolicy, StreamConfig

from herun import streams, subjects
from herun.clock import DAY_US, parse_time
from herun.dead_letters import DeadLetterReason, encode_dead_letter, from_message
from herun.settings import Settings
from herun.stack import doctor, doctor_box, doctor_data
from herun.stack.environment import StackSettings
from herun.stack.findings import Finding, Level
from herun.stack.folder import Folder, folder_at
from herun.stack.processes import ProcessRecord, StackRecord
from herun.stack.supervisor import Stack
from tests.integration.stack.conftest import MakeSettings

GIB: Final = 1024**3


class DiskUsage(NamedTuple):
    """What shutil.disk_usage gives."""

    total: int
    used: int
    free: int


async def wrong(settings: StackSettings, known: Settings | None = None) -> list[str]:
    """What the doctor finds wrong, as `level check: text`."""
    found = await doctor.examine(settings, known or settings)
    return [f"{one.level} {one.check}: {one.text}" for one in found if one.level is not Level.OK]


def says(found: list[str], *parts: str) -> bool:
    return any(all(part in line for part in parts) for line in found)


async def test_a_folder_that_is_not_there_yet_is_nothing_wrong(tmp_path: Path) -> None:
    assert await wrong(StackSettings(data_dir=tmp_path / "new")) == []


async def test_a_stopped_stack_has_nothing_wrong(make_settings: MakeSettings) -> None:
    assert await wrong(make_settings()) == []


async def test_an_old_layout_is_told(make_settings: MakeSettings) -> None:
    settings = make_settings()
    (settings.data_dir / "layout").write_text("0\n")
    assert says(await wrong(settings), "problem folder", "has layout 0")


async def test_a_database_of_another_major_version_is_told(make_settings: MakeSettings) -> None:
    settings = make_settings()
    (settings.data_dir / "postgres" / "PG_VERSION").write_text("14\n")
    assert says(await wrong(settings), "problem folder", "made by PostgreSQL 14", "HERUN_POSTGRES_BIN_DIR")


@pytest.mark.parametrize(("free", "level"), [(100 * 1024**2, "problem"), (2 * GIB, "warning"), (50 * GIB, None)])
async def test_a_disk_that_is_full_or_nearly_is_told(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch, free: int, level: str | None
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: DiskUsage(100 * GIB, 100 * GIB - free, free))
    found = [line for line in await wrong(make_settings()) if " disk: " in line]
    assert [line.split()[0] for line in found] == ([level] if level else [])


async def test_a_secret_that_others_can_read_is_told(make_settings: MakeSettings) -> None:
    settings = make_settings()
    (settings.data_dir / "secrets" / "token-key").chmod(0o644)
    found = await wrong(settings)
    assert len(found) == 1
    assert says(found, "problem secrets", "token-key", "chmod 600")


async def test_a_clock_that_went_back_is_told(make_settings: MakeSettings) -> None:
    settings = make_settings()
    ahead = settings.data_dir.stat().st_mtime + 3600
    os.utime(settings.data_dir / "lock", (ahead, ahead))
    assert says(await wrong(settings), "problem clock", "in its future")


async def test_a_clock_before_this_program_existed_is_told(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("herun.clock.SystemClock.now_us", lambda _: DAY_US)
    assert says(await wrong(make_settings()), "problem clock", "1970-01-02", "set it")


async def test_a_simulated_clock_is_told(make_settings: MakeSettings) -> None:
    clock = "2026-05-11T19:00:00+08:00@60"
    found = await wrong(make_settings(clock=clock))
    assert len(found) == 1
    assert says(found, "warning clock", clock)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


async def test_a_taken_port_is_told_with_its_holder(make_settings: MakeSettings, taken: int) -> None:
    found = await wrong(make_settings(mqtt_port=taken))
    assert len(found) == 1
    assert says(found, "problem ports", f"HERUN_MQTT_PORT={taken}", f"pid {os.getpid()}")


async def test_a_taken_usual_port_is_no_problem(
    make_settings: MakeSettings, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_box, "USUAL_PORTS", {"mqtt": taken})
    found = await doctor.examine(make_settings(), make_settings())
    assert [one.level for one in found if one.check == "ports"] == [Level.OK]
    assert not doctor.something_is_wrong(found)


async def test_a_process_that_was_left_behind_is_told(make_settings: MakeSettings) -> None:
    settings = make_settings()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as left:
        created = psutil.Process(left.pid).create_time()
        record = ProcessRecord("gateway", sys.executable, left.pid, created, 0, {}, 15)
        folder_at(settings.data_dir).processes.write_bytes(msgspec.json.encode(StackRecord(1, [record])))
        found = await wrong(settings)
        left.kill()
    assert says(found, "problem processes", f"gateway (pid {left.pid}) was left behind")


async def test_a_given_database_and_stream_that_do_not_answer_are_told(make_settings: MakeSettings) -> None:
    settings = make_settings(database_url="postgresql://u:secret@127.0.0.1:1/x", nats_url="nats://u:secret@127.0.0.1:1")
    found = await wrong(settings)
    assert says(found, "problem database", "127.0.0.1:1", "does not answer")
    assert says(found, "problem stream", "does not answer")
    assert not says(found, "secret")


class Running:
    """A stack that runs, broker and database only, and what the doctor is told about it."""

    def __init__(self, stack: Stack) -> None:
        self.folder: Folder = stack.folder
        self.given = stack.settings
        variables = {name.removeprefix("HERUN_").lower(): text for name, text in stack.environment.items()}
        self.known = StackSettings.model_validate({"data_dir": stack.folder.root, **variables})
        self.dsn = stack.environment["HERUN_DATABASE_URL"]

    async def wrong(self) -> list[str]:
        return await wrong(self.given, self.known)

    def sql(self, statement: str) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture
async def running(make_settings: MakeSettings) -> AsyncIterator[Running]:
    async with Stack(make_settings(), services=()) as stack:
        yield Running(stack)


async def test_a_running_stack_with_its_streams_has_nothing_wrong(running: Running) -> None:
    connection = await nats.connect(running.known.need("nats_url"))
    await streams.ensure_streams(connection.jetstream())
    await connection.close()
    devices = await nats.connect(running.known.need("devices_nats_url"))
    broker = StreamConfig(name=subjects.MQTT_MESSAGES_STREAM, subjects=["$MQTT.msgs.>"])
    await devices.jetstream().add_stream(broker)
    found = await running.wrong()
    assert len(found) == 1
    assert says(found, "problem stream", "$MQTT_msgs", "so it can fill the disk")
    assert await streams.ensure_mqtt_bounds(devices.jetstream())
    assert await running.wrong() == []
    await devices.close()


async def test_a_stream_with_other_bounds_is_told(running: Running) -> None:
    connection = await nats.connect(running.known.need("nats_url"))
    await streams.ensure_streams(connection.jetstream())
    config = (await connection.jetstream().stream_info(subjects.STREAM_EVENTS)).config
    await connection.jetstream().update_stream(config.evolve(discard=DiscardPolicy.OLD))
    found = await running.wrong()
    assert says(found, "problem stream", "EVENTS is bounded to", "discarding old; it should be")
    await connection.close()


async def test_a_device_whose_events_are_refused_for_their_time_is_named(running: Running) -> None:
    connection = await nats.connect(running.known.need("nats_url"))
    js = connection.jetstream()
    await streams.ensure_streams(js)
    now_us = running.known.make_clock().now_us()
    for reason, at in ((DeadLetterReason.BAD_TIME, now_us), (DeadLetterReason.BAD_TIME, now_us - 2 * DAY_US)):
        letter = from_message(reason, "demo.gate-1: 28,800 s ahead", "herun/v1/demo/gate-1/event", b"{}", at)
        await js.publish(subjects.dead_letter_subject(reason.value), encode_dead_letter(letter))
    found = await running.wrong()
    assert says(found, "warning clock", "herun/v1/demo/gate-1/event: 1 messages", "demo.gate-1: 28,800 s ahead")
    await connection.close()


async def test_a_database_that_is_not_migrated_is_told(running: Running) -> None:
    running.sql("DELETE FROM alembic_version")
    assert says(await running.wrong(), "problem database", "revision none", "herun migrate")


async def test_a_site_without_a_decree_that_its_plans_need_is_told(running: Running) -> None:
    def told(day: str) -> list[str]:
        now_us = parse_time(f"{day}T12:00:00+08:00")
        return [f"{one.level} {one.check}: {one.text}" for one in doctor_data._check_calendar(running.dsn, now_us)]

    running.sql("INSERT INTO sites VALUES ('s1', 'S', 0, 'Asia/Shanghai', '2026-01-01 00:00Z')")
    assert told("2026-11-30") == []
    assert says(told("2026-12-01"), "warning calendar", "site s1", "2027", "PUT /v1/sites/s1/calendar/2027")
    assert len(told("2027-12-01")) == 2
    decree = '{"year": 2027, "holidays": {"x": ["2027-01-01"]}}'
    running.sql(f"INSERT INTO calendar_decrees VALUES ('s1', 2027, '{decree}', 'x', '2026-01-01 00:00Z')")
    assert told("2026-12-01") == []


async def test_a_role_that_this_login_may_not_take_is_told(running: Running) -> None:
    running.sql("ALTER ROLE herun_api RENAME TO somebody_else")
    assert says(await running.wrong(), "problem database", "role herun_api is missing")


async def test_a_process_that_does_not_work_is_told(running: Running) -> None:
    record = ProcessRecord("api", sys.executable, None, None, 5, {"http": 1}, 15, "its configuration is wrong")
    running.folder.processes.write_bytes(msgspec.json.encode(StackRecord(os.getpid(), [record])))
    assert says(await running.wrong(), "problem processes", "api is not ready", "its configuration is wrong")


async def test_a_part_whose_port_another_program_has_taken_is_told_with_its_holder(
    running: Running, taken: int
) -> None:
    record = ProcessRecord("api", sys.executable, None, None, 5, {"http": taken}, 15, "it ended 5 times")
    running.folder.processes.write_bytes(msgspec.json.encode(StackRecord(os.getpid(), [record])))
    found = await running.wrong()
    assert says(found, "api is not ready", f"port {taken} (http) is taken by", f"pid {os.getpid()}", "it ended 5 times")


async def test_a_part_that_is_not_ready_on_its_own_port_is_told_without_a_holder(running: Running, taken: int) -> None:
    created = psutil.Process().create_time()
    record = ProcessRecord("api", sys.executable, os.getpid(), created, 0, {"http": taken}, 15)
    running.folder.processes.write_bytes(msgspec.json.encode(StackRecord(os.getpid(), [record])))
    found = await running.wrong()
    assert says(found, "problem processes", "api is not ready", "see its log")
    assert not says(found, "is taken by")


BOUND: Final = 1000


def judged(used_bytes: int, **config: Any) -> Finding:
    stream = StreamConfig(name="EVENTS", discard=DiscardPolicy.NEW, max_bytes=BOUND).evolve(**config)
    return doctor_data.judge_stream(stream, used_bytes, BOUND, DiscardPolicy.NEW)


@pytest.mark.parametrize(
    ("used", "level"), [(0, Level.OK), (699, Level.OK), (700, Level.WARNING), (1000, Level.WARNING)]
)
def test_a_stream_is_told_from_seven_tenths_on(used: int, level: Level) -> None:
    assert judged(used).level is level


@pytest.mark.parametrize("config", [{"max_bytes": -1}, {"max_bytes": 999}, {"discard": DiscardPolicy.OLD}])
def test_wrong_bounds_are_a_problem_however_empty_the_stream_is(config: dict[str, Any]) -> None:
    assert judged(0, **config).level is Level.PROBLEM


@pytest.mark.parametrize(("ahead_s", "level"), [(0.1, Level.OK), (-60.0, Level.PROBLEM), (60.0, Level.PROBLEM)])
def test_clocks_that_are_apart_are_a_problem(ahead_s: float, level: Level) -> None:
    assert doctor_data._judge_clock(ahead_s).level is level


def test_the_command_exits_with_one_if_something_is_wrong_and_tells_a_program_too(data_dir: Path) -> None:
    command = [sys.executable, "-m", "herun.stack", "doctor", "--data-dir", str(data_dir)]
    fine = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert fine.returncode == 0, fine.stdout
    assert "nothing is wrong" in fine.stdout
    (data_dir / "secrets" / "token-key").chmod(0o604)
    told = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False, timeout=60)
    assert told.returncode == 1
    assert [one["check"] for one in json.loads(told.stdout) if one["level"] == "problem"] == ["secrets"]
