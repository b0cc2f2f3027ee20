"""What `prepare` writes: secrets once, each where its reader is, and a broker configuration that the broker takes."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from herun.settings import Settings
from herun.stack.broker import find_nats_server
from herun.stack.deployment import TOLD, prepare
from herun.stack.folder import folder_at


@pytest.fixture(name="prepared")
def _prepared(tmp_path: Path) -> Path:
    prepare(folder_at(tmp_path / "prepare"), durable="process")
    return tmp_path / "prepare"


def contents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_preparing_again_keeps_every_secret(prepared: Path) -> None:
    before = contents(prepared)
    prepare(folder_at(prepared), durable="process")
    assert contents(prepared) == before


def test_two_deployments_share_no_secret(prepared: Path, tmp_path: Path) -> None:
    prepare(folder_at(tmp_path / "other"), durable="process")
    mine, others = contents(prepared), contents(tmp_path / "other")
    assert [name for name in mine if name != "layout" and mine[name] == others[name]] == []


def test_only_the_databases_passwords_can_be_read_by_others(prepared: Path) -> None:
    readable = {
        path.relative_to(prepared).as_posix()
        for path in prepared.rglob("*")
        if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077
    }
    assert readable - {"layout"} == {"database/superuser_password", "database/login_password"}


def test_every_setting_that_is_told_by_file_exists() -> None:
    assert {name for names in TOLD.values() for name in names} <= set(Settings.model_fields)


def test_the_broker_takes_its_configuration(prepared: Path) -> None:
    check = subprocess.run(
        [find_nats_server(), "-t", "-c", prepared / "nats" / "nats.conf"], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stderr


def test_the_broker_listens_to_the_other_containers(prepared: Path) -> None:
    assert "127.0.0.1" not in (prepared / "nats" / "nats.conf").read_text()


def test_durability_reaches_the_broker(prepared: Path) -> None:
    prepare(folder_at(prepared), durable="power")
    assert "sync_interval: always" in (prepared / "nats" / "nats.conf").read_text()
