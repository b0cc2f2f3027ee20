"""Laws of the data folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from herun.stack.credentials import load_credentials
from herun.stack.folder import FolderLock, StackError, folder_at, forget_run, supervisor_pid, write_private


def test_the_folder_is_made_with_all_parents_and_can_be_used_again(tmp_path: Path) -> None:
    folder = folder_at(tmp_path / "a" / "b")
    folder.create()
    folder.create()
    assert folder.layout.read_text().strip() == "1"


def test_modes_of_folders_that_were_there_are_left_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    folder_at(tmp_path).create()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_folder_of_another_layout_is_refused(tmp_path: Path) -> None:
    (tmp_path / "layout").write_text("7\n")
    with pytest.raises(StackError, match="has layout 7, this version of Herun needs 1"):
        folder_at(tmp_path).create()


def test_a_path_that_cannot_be_a_folder_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StackError, match="cannot be used"):
        folder_at(tmp_path / "file" / "data").create()


def test_the_lock_has_one_holder_and_tells_who(tmp_path: Path) -> None:
    folder = folder_at(tmp_path)
    first, second = FolderLock(folder), FolderLock(folder)
    first.take()
    assert supervisor_pid(folder) == os.getpid()
    with pytest.raises(StackError, match=f"already runs .*pid {os.getpid()}"):
        second.take()
    first.release()
    assert supervisor_pid(folder) is None
    second.take()
    second.release()


def test_a_private_file_is_its_owners_only(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_secrets_are_generated_once_and_private(tmp_path: Path) -> None:
    folder = folder_at(tmp_path)
    folder.create()
    first = load_credentials(folder)
    assert load_credentials(folder) == first
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.secrets.iterdir()} == {0o600}
    assert len(first.token_key) >= 32


def test_two_folders_share_no_secret(tmp_path: Path) -> None:
    made = []
    for name in ("a", "b"):
        folder = folder_at(tmp_path / name)
        folder.create()
        credentials = load_credentials(folder)
        made.append({getattr(credentials, field) for field in credentials.__slots__})
    assert made[0] & made[1] == set()


def test_what_means_something_only_while_a_stack_runs_is_forgotten(tmp_path: Path) -> None:
    folder = folder_at(tmp_path)
    for path in (folder.ready, folder.stack_env, folder.processes, folder.ports):
        path.write_text("x")
    forget_run(folder)
    assert list(tmp_path.iterdir()) == [folder.ports]
