"""The image holds the five packages and what the lock names, and does not run as root."""

from __future__ import annotations

import re

import pytest

from tests.architecture.sources import PACKAGES
from tests.unit.deploy.compose import DOCKERFILE, ROOT, copied, hidden_by, last_user, read_dockerfile

INSTRUCTIONS = read_dockerfile(DOCKERFILE.read_text(encoding="utf-8"))


def test_it_does_not_run_as_root() -> None:
    assert last_user(INSTRUCTIONS) == "10001:10001"
    assert last_user([("FROM", "python:3.13.9")]) == "root"


def test_every_base_is_pinned() -> None:
    bases = [rest.split()[0] for word, rest in INSTRUCTIONS if word == "FROM"]
    assert [base for base in bases if not re.fullmatch(r"python:\d+\.\d+\.\d+-slim-\w+", base)] == []


def test_everything_is_installed_by_hash() -> None:
    installs = [rest for word, rest in INSTRUCTIONS if word == "RUN" and "pip install" in rest]
    assert installs
    assert [install for install in installs if "--require-hashes" not in install and "--no-index" not in install] == []


def test_what_it_copies_is_there_and_reaches_the_build() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    names = list(copied(INSTRUCTIONS))
    assert set(PACKAGES) <= {name.removeprefix("./") for name in names}
    assert [name for name in names if not (ROOT / name).exists() or hidden_by(ignore, name)] == []


def test_what_is_not_copied_stays_out_of_the_build() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    assert [name for name in (".git", ".herun", ".venv", "tests") if not hidden_by(ignore, name)] == []


def test_a_line_that_is_no_instruction_is_seen() -> None:
    with pytest.raises(ValueError, match="not an instruction"):
        read_dockerfile("FROM python:3.13.9\nRUM echo\n")
