"""Laws of the `herun` command, run as the program that people run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from herun.stack import demo, waiting
from herun.stack.folder import StackError, folder_at
from herun.stack.processes import read_record
from tests.integration.stack.conftest import all_ended
from tests.support.ports import configured_ports

HERUN = (sys.executable, "-m", "herun.stack")


def herun(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*HERUN, *words], capture_output=True, text=True, check=False, timeout=60)


def children_of(data_dir: Path) -> list[int]:
    record = read_record(folder_at(data_dir))
    assert record is not None
    return [process.pid for process in record.processes if process.pid is not None]


@contextmanager
def running(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    command = [*HERUN, "up", "--backbone-only", "--data-dir", str(data_dir)]
    ready = data_dir / "ready"
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as supervisor:
        try:
            assert waiting.until_true(lambda: supervisor.poll() is not None or ready.exists(), 60)
            assert ready.exists(), supervisor.stdout and supervisor.stdout.read()
            yield supervisor
        finally:
            supervisor.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_takes_everything_down_in_order(data_dir: Path, number: signal.Signals) -> None:
    with running(data_dir) as supervisor:
        pids = children_of(data_dir)
        supervisor.send_signal(number)
        output, _ = supervisor.communicate(timeout=60)
    assert supervisor.returncode == 0, output
    assert "Herun is up" in output
    assert "Herun is going down" in output
    assert all_ended(pids, 0)
    assert not (data_dir / "ready").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere leftovers are ended at the next start")
def test_nothing_outlives_a_supervisor_that_is_killed_and_the_next_one_starts(data_dir: Path) -> None:
    with running(data_dir) as supervisor:
        pids = children_of(data_dir)
        supervisor.kill()
        supervisor.wait()
    assert len(pids) == 2
    assert all_ended(pids)
    (data_dir / "ready").unlink()
    with running(data_dir):
        assert set(children_of(data_dir)).isdisjoint(pids)


def test_up_status_and_down_work_from_the_background(data_dir: Path) -> None:
    at = ("--data-dir", str(data_dir))
    assert herun("status", *at).returncode == 1
    up = herun("up", "--detach", "--backbone-only", *at)
    assert up.returncode == 0, up.stderr
    try:
        status = herun("status", *at)
        assert status.returncode == 0, status.stdout
        told = json.loads(herun("status", "--json", *at).stdout)
        assert told["all_ready"]
        assert {part["name"]: part["ready"] for part in told["parts"]} == {"nats": True, "postgres": True}
        again = herun("up", "--detach", *at)
        assert again.returncode == 1
        assert "already runs" in again.stderr
        migrated = herun("migrate", *at)
        assert migrated.returncode == 0, migrated.stderr
        pids = [*children_of(data_dir), int(told["supervisor"])]
    finally:
        down = herun("down", *at)
    assert "is stopped" in down.stdout
    assert all_ended(pids)
    assert "no stack runs" in herun("down", *at).stdout


def test_a_start_that_fails_says_why_and_not_by_a_traceback(data_dir: Path) -> None:
    (data_dir / "layout").write_text("9\n")
    told = herun("up", "--data-dir", str(data_dir))
    assert told.returncode == 1
    assert "has layout 9" in told.stderr
    assert "Traceback" not in told.stderr


def test_status_does_not_call_a_dead_process_ready(data_dir: Path) -> None:
    with running(data_dir) as supervisor:
        os.kill(supervisor.pid, signal.SIGSTOP)  # so that it cannot start it again
        database = children_of(data_dir)[1]
        os.kill(database, signal.SIGKILL)
        assert all_ended([database])
        told = herun("status", "--data-dir", str(data_dir))
        assert told.returncode == 1
        assert "NO" in told.stdout
        os.kill(supervisor.pid, signal.SIGCONT)


def test_dead_letters_are_all_that_is_written_to_standard_output(data_dir: Path) -> None:
    with running(data_dir):
        made = "import asyncio\nfrom herun import stream, streams\nfrom herun.settings import Settings\n"
        made += "async def main():\n    client = await stream.connect(Settings().need('nats_url'), 'test')\n"
        made += "    await streams.ensure_streams(client.jetstream())\n    await client.close()\nasyncio.run(main())\n"
        environment = {**os.environ, "HERUN_DATA_DIR": str(data_dir)}
        subprocess.run([sys.executable, "-c", made], env=environment, check=True, capture_output=True, timeout=60)
        told = herun("dead-letters", "list", "--data-dir", str(data_dir))
    assert told.returncode == 0, told.stderr
    assert told.stdout == ""
    assert "stream_disconnected" in told.stderr


def test_the_demo_ends_with_its_programs_word_and_leaves_nothing(data_dir: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    seen = tmp_path / "seen.json"
    program.write_text(
        "import json, os, sys\n"
        "from herun.settings import Settings\n"
        "from herun.stack.processes import read_record\n"
        "from herun.stack.folder import folder_at\n"
        "s = Settings()\n"
        "pids = [p.pid for p in read_record(folder_at(s.data_dir)).processes]\n"
        f"json.dump([s.clock, s.api_port, pids, os.environ['DEMO_SECONDS']], open({str(seen)!r}, 'w'))\n"
        "sys.exit(3)\n"
    )
    (data_dir / "mark").write_text("of the demo before")
    code = (
        "import sys\nfrom pathlib import Path\nfrom herun.stack import demo, running\n"
        "up = running._up\nrunning._up = lambda folder: [*up(folder), '--backbone-only']\n"
        f"sys.exit(demo.run_demo(Path({str(data_dir)!r}), ({str(program)!r},)))\n"
    )
    environment = {
        **os.environ,
        **configured_ports(),
        "DEMO_SECONDS": "5",
    }  # a demo forgets the ports of the one before
    told = subprocess.run([sys.executable, "-c", code], env=environment, check=False, timeout=90)
    assert told.returncode == 3
    clock, api_port, pids, seconds = json.loads(seen.read_text())
    assert clock == demo.DEFAULT_CLOCK
    assert api_port is not None
    assert seconds == "5"
    assert all_ended(pids)
    assert not (data_dir / "mark").exists()


def test_the_demo_empties_no_folder_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(StackError, match="is not a data folder of Herun"):
        demo.run_demo(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"
