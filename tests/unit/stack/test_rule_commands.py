"""Checking rule files needs no stack."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from herun.stack.cli import app
from herun.stack.folder import StackError

GOOD = """\
kind: event
uid: door
title: {zh: 门, en: Door}
text: {zh: "{devic}", en: Door}
category: security
match: {event_types: [door.opened]}
"""


def check(*files: Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["rules", "check", *map(str, files)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_right_is_counted_and_what_is_hardly_meant_is_a_warning(tmp_path: Path) -> None:
    path = write(tmp_path, "door.yaml", GOOD)
    code, said = check(path)
    warning, count = said.splitlines()
    assert (code, count) == (0, "1 rule, nothing is wrong")
    assert warning.startswith(f"{path}:4: warning: door: text.zh: {{devic}} is filled in by nothing")


def test_what_is_wrong_in_several_files_is_told_at_once_and_fails(tmp_path: Path) -> None:
    first, second = write(tmp_path, "a.yaml", GOOD), write(tmp_path, "b.yaml", GOOD)
    third = write(tmp_path, "c.yaml", GOOD.replace("event\n", "evnt\n") + "x: [\n")
    fourth = write(tmp_path, "d.json", '{"kind":\n "event"}')
    code, said = check(first, second, third, fourth)
    lines = said.splitlines()
    assert code == 1
    assert lines[0] == f"{second}:1: door is the rule of {first}:1 already"
    assert lines[1].startswith(f"{third}:8: this is no YAML: ")
    assert [line for line in lines[2:] if not line.startswith(f"{fourth}:1: ")] == []


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="cannot be read"):
        check(tmp_path / "nowhere.yaml")


def test_of_a_folder_every_file_of_rules_is_checked(tmp_path: Path) -> None:
    write(tmp_path, "b.yaml", GOOD.replace("{devic}", "门"))
    bad = write(tmp_path, "a.json", '{"kind": "event"}')
    write(tmp_path, "notes.txt", "no rules")
    code, said = check(tmp_path)
    assert code == 1
    assert {line.partition(":")[0] for line in said.splitlines()} == {str(bad)}
    bad.unlink()
    assert check(tmp_path) == (0, "1 rule, nothing is wrong\n")
    (tmp_path / "b.yaml").unlink()
    with pytest.raises(StackError, match=r"a folder without any \.json, \.yaml, \.yml file"):
        check(tmp_path)
