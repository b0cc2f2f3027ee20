"""Data folders with a cluster that was made once: initdb is the slowest part of a start."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from herun.stack import waiting
from herun.stack.environment import StackSettings
from herun.stack.supervisor import Stack
from tests.support.ports import wish_for_ports

MakeSettings = Callable[..., StackSettings]


@pytest.fixture(autouse=True)
def no_outside_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the person who runs the tests has set is not for these stacks."""
    for name in list(os.environ):
        if name.startswith("HERUN_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def made_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that has been started once, and is down."""
    folder = tmp_path_factory.mktemp("made") / "data"
    wish_for_ports(folder)

    async def once() -> None:
        async with Stack(StackSettings(data_dir=folder), services=()):
            pass

    asyncio.run(once())
    return folder


@pytest.fixture
def data_dir(made_folder: Path, tmp_path: Path) -> Path:
    """A copy of it, for one test, on ports of its own."""
    copy = tmp_path / "data"
    shutil.copytree(made_folder, copy)
    (copy / "ports.json").unlink()
    wish_for_ports(copy)
    return copy


@pytest.fixture
def make_settings(data_dir: Path) -> MakeSettings:
    """Settings of a stack in that folder."""

    def make(**given: Any) -> StackSettings:
        return StackSettings.model_validate({"data_dir": data_dir, **given})

    return make


def is_running(pid: int) -> bool:
    """True for a process that has not ended; a zombie has."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def all_ended(pids: list[int], within_s: float = 20) -> bool:
    """True as soon as none of them runs, False if one does not end in time."""
    return waiting.until_true(lambda: not any(is_running(pid) for pid in pids), within_s)
