"""The pages say what is there: their links lead somewhere, their commands exist, and the two READMEs are twins."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest
import typer.main

from herun.stack.cli import app
from tests.architecture.sources import ROOT, Source, text_files

PAGES = tuple(source for source in text_files() if source.path.endswith(".md"))
COMMANDS = frozenset(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
TARGETS = frozenset(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def dead_links(page: Source) -> list[str]:
    """Links to files of the project that are not there."""
    folder = PurePosixPath(page.path).parent
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.text)
    return [f"{page.path}: {link}" for link in links if not (ROOT / folder / link).exists()]


def unknown_commands(page: Source, commands: frozenset[str], targets: frozenset[str]) -> list[str]:
    """`herun` commands and make targets that are told of and do not exist."""
    told = [("herun", name) for name in re.findall(r"(?:`|bin/)herun ([a-z-]+)", page.text)]
    told += [("make", name) for name in re.findall(r"(?:^|`|=\d+ )make ([a-z]+)", page.text, re.MULTILINE)]
    known = {"herun": commands, "make": targets}
    return [f"{page.path}: {program} {name}" for program, name in told if name not in known[program]]


def commands_of(page: str) -> list[str]:
    """The lines of code of a page, without their comments and drawings."""
    blocks = re.findall(r"```(?:bash)?\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    lines = [re.sub(r"\s+# .*", "", line) for block in blocks if "▶" not in block for line in block.splitlines()]
    return [line for line in lines if line]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_link_and_command_of_a_page_is_there(page: Source) -> None:
    assert dead_links(page) + unknown_commands(page, COMMANDS, TARGETS) == []


def test_both_readmes_tell_the_same_commands() -> None:
    assert commands_of("README.md") == commands_of("README.zh-CN.md")


def test_a_dead_link_and_an_unknown_command_are_seen() -> None:
    page = Source("docs/guide.md", "[a](nowhere.md) [b](settings.md) [c](https://example.org)\n`herun fly`\nmake tea\n")
    assert dead_links(page) == ["docs/guide.md: nowhere.md"]
    assert unknown_commands(page, COMMANDS, TARGETS) == ["docs/guide.md: herun fly", "docs/guide.md: make tea"]
