"""Laws of a stack's life, with a real broker and a real database."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import nats
import psycopg
import pytest

from herun.database.migrate import head_revision
from herun.stack import binaries, waiting
from herun.stack.binaries import PostgresBinaries
from herun.stack.child import Child, launch_command
from herun.stack.folder import StackError
from herun.stack.supervisor import Stack
from tests.integration.stack.conftest import MakeSettings, all_ended, is_running
from tests.support.ports import configured_ports


def pids_of(stack: Stack) -> list[int]:
    return [child.pid for child in stack.children if child.pid is not None]


async def restarted(child: Child, killed: int) -> None:
    async def is_back() -> bool:
        return child.pid not in (None, killed) and await child.is_ready()

    assert await waiting.until(is_back, 30)


async def publish(url: str, text: bytes) -> None:
    connection = await nats.connect(url)
    stream = connection.jetstream()
    await stream.add_stream(name="KEPT", subjects=["kept"])
    await stream.publish("kept", text)
    await connection.close()


async def last_published(url: str) -> bytes:
    connection = await nats.connect(url)
    message = await connection.jetstream().get_last_msg("KEPT", "kept")
    await connection.close()
    return message.data or b""


def keep_row(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")


def kept_row(dsn: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT n FROM kept").fetchone()
        return row and row[0]


async def test_a_stack_keeps_data_ports_and_passwords_from_start_to_start(make_settings: MakeSettings) -> None:
    async with Stack(make_settings(), services=()) as stack:
        first, first_pids = stack.environment, pids_of(stack)
        await publish(first["HERUN_NATS_URL"], b"before")
        keep_row(first["HERUN_DATABASE_URL"])
    assert not any(is_running(pid) for pid in first_pids)
    assert not stack.folder.stack_env.exists()
    async with Stack(make_settings(), services=()) as stack:
        assert stack.environment == first
        assert await last_published(first["HERUN_NATS_URL"]) == b"before"
        assert kept_row(first["HERUN_DATABASE_URL"]) == 7


async def test_the_database_is_migrated_and_its_login_is_no_superuser(make_settings: MakeSettings) -> None:
    async with Stack(make_settings(), services=()) as stack:
        with psycopg.connect(stack.environment["HERUN_DATABASE_URL"]) as connection:
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            superuser = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
            connection.execute("SET ROLE herun_api")
    assert revision == (head_revision(),)
    assert superuser == (False,)


async def test_nobody_gets_into_the_database_without_the_password(make_settings: MakeSettings) -> None:
    async with Stack(make_settings(), services=()) as stack:
        port = stack.child("postgres").spec.ports["database"]
        for user in ("postgres", "herun"):
            with pytest.raises(psycopg.OperationalError, match="no password supplied"):
                psycopg.connect(f"postgresql://{user}@127.0.0.1:{port}/postgres", passfile="/dev/null")


async def test_a_killed_broker_and_a_killed_database_come_back_on_their_ports(make_settings: MakeSettings) -> None:
    async with Stack(make_settings(), services=()) as stack:
        keep_row(stack.environment["HERUN_DATABASE_URL"])
        for child in stack.children:
            killed = child.pid
            assert killed is not None
            os.kill(killed, signal.SIGKILL)
            await restarted(child, killed)
            assert child.restarts == 1
        await publish(stack.environment["HERUN_NATS_URL"], b"after")
        assert kept_row(stack.environment["HERUN_DATABASE_URL"]) == 7


async def test_two_supervisors_do_not_share_a_folder(make_settings: MakeSettings) -> None:
    async with Stack(make_settings(), services=()) as stack:
        with pytest.raises(StackError, match="already runs"):
            await Stack(make_settings(), services=()).start()
        assert stack.folder.stack_env.exists()
        assert all([await child.is_ready() for child in stack.children])


async def test_a_taken_usual_port_is_left_alone_and_a_taken_configured_one_is_an_error(
    make_settings: MakeSettings,
) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = listener.getsockname()[1]
        with pytest.raises(StackError, match=f"HERUN_DATABASE_PORT={taken} is taken"):
            await Stack(make_settings(database_port=taken), services=()).start()
        settings = make_settings()
        (settings.data_dir / "ports.json").write_text(f'{{"database": {taken}}}')
        async with Stack(settings, services=()) as stack:
            assert stack.environment["HERUN_DATABASE_PORT"] != str(taken)


async def test_a_start_that_fails_leaves_nothing_running(make_settings: MakeSettings) -> None:
    settings = make_settings()
    (settings.data_dir / "postgres" / "postgresql.conf").write_text("this is no configuration\n")
    stack = Stack(settings, services=())
    started: list[int] = []
    stack._write_record = lambda: started.extend(pids_of(stack))  # type: ignore[method-assign]
    with pytest.raises(StackError, match=r"(?s)postgres: it ended .*syntax error"):
        await stack.start()
    assert started
    assert all_ended(started)
    assert not stack.folder.ready.exists()


@pytest.mark.parametrize("content", ["{own}\n{cluster}\n", "", "12"])
async def test_a_stale_pid_file_does_not_keep_the_database_from_starting(
    make_settings: MakeSettings, content: str
) -> None:
    settings = make_settings()
    cluster = settings.data_dir / "postgres"
    # A recycled pid of the same user is what PostgreSQL itself refuses to start over.
    (cluster / "postmaster.pid").write_text(content.format(own=os.getpid(), cluster=cluster))
    async with Stack(settings, services=()) as stack:
        assert await stack.child("postgres").is_ready()


async def test_a_database_of_another_major_version_is_refused_in_words(make_settings: MakeSettings) -> None:
    settings = make_settings()
    (settings.data_dir / "postgres" / "PG_VERSION").write_text("14\n")
    with pytest.raises(StackError, match=r"made by PostgreSQL 14, .*HERUN_POSTGRES_BIN_DIR"):
        await Stack(settings, services=()).start()


async def test_lost_passwords_are_told_in_words(make_settings: MakeSettings) -> None:
    settings = make_settings()
    (settings.data_dir / "secrets" / "database-superuser").unlink()
    with pytest.raises(StackError, match=r"does not let us in.*secrets"):
        await Stack(settings, services=()).start()


async def test_what_is_given_from_outside_is_not_started(make_settings: MakeSettings, tmp_path: Path) -> None:
    async with Stack(make_settings(), services=()) as outside:
        given = {
            name: outside.environment[f"HERUN_{name.upper()}"] for name in ("database_url", "nats_url", "mqtt_url")
        }
        async with Stack(make_settings(data_dir=tmp_path / "other", **given), services=()) as stack:
            assert stack.children == []
            assert stack.environment["HERUN_DATABASE_URL"] == given["database_url"]


async def test_a_folder_of_programs_that_are_none_is_told_in_words(make_settings: MakeSettings, tmp_path: Path) -> None:
    with pytest.raises(StackError, match="HERUN_POSTGRES_BIN_DIR"):
        await Stack(make_settings(postgres_bin_dir=tmp_path), services=()).start()


async def test_durable_power_has_the_broker_sync_every_message(make_settings: MakeSettings) -> None:
    async with Stack(make_settings(durable="power"), services=()) as stack:
        assert "sync_interval: always" in (stack.folder.nats / "nats.conf").read_text()
        await publish(stack.environment["HERUN_NATS_URL"], b"kept")


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become others")
NOBODY = "user:65534:65534"


@as_root
async def test_root_becomes_an_existing_user_where_there_are_no_user_namespaces(
    make_settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = binaries.find_binaries(make_settings())
    if binaries._cannot_run(NOBODY, found) is not None:
        pytest.skip("nobody may not run these programs on this machine")
    monkeypatch.setattr(binaries, "_identities_for_root", lambda _: [NOBODY])
    passable = Path("/tmp") / f"herun-test-{os.getpid()}"  # pytest's own folders are closed to nobody
    try:
        settings = make_settings(data_dir=passable)
        async with Stack(settings, services=()):
            assert (passable / "postgres").stat().st_uid == 65534
        monkeypatch.undo()
        async with Stack(settings, services=()) as stack:
            assert stack.child("postgres").spec.identity == NOBODY
            assert await stack.child("postgres").is_ready()
    finally:
        shutil.rmtree(passable)


@as_root
def test_root_keeps_to_a_user_namespace_or_says_why_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_cannot_run", lambda identity, _: f"{identity}: not permitted")
    with pytest.raises(StackError, match=r"neither a user namespace .*map:\d+: not permitted.*ordinary user"):
        binaries.choose_identity(tmp_path / "postgres", PostgresBinaries(tmp_path, 18))


@as_root
async def test_an_ordinary_user_runs_the_same_stack(make_settings: MakeSettings, tmp_path: Path) -> None:
    # Another uid by a user namespace: it has the rights of an ordinary user, yet may read where this project lies.
    ordinary = "map:65534"
    if binaries._cannot_run(ordinary, binaries.find_binaries(make_settings())) is not None:
        pytest.skip("there are no user namespaces on this machine")
    command = [sys.executable, "-m", "herun.stack", "up", "--backbone-only", "--data-dir", str(tmp_path / "own")]
    supervisor = await asyncio.create_subprocess_exec(
        *launch_command(ordinary, *command),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **configured_ports()},
    )
    assert supervisor.stdout is not None
    said = ""
    while "Herun is up" not in said and (line := await supervisor.stdout.readline()):
        said += line.decode()
    supervisor.terminate()
    await supervisor.wait()
    assert "Herun is up" in said, said
