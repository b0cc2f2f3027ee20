"""`herun rules` against a served API: what the files say is what is in force afterwards, and no more is changed."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from api.rules import service
from api.serve import listening, serve
from herun.rule_files import read_rules
from herun.stack import rule_commands
from tests.integration.api.running import SITE, World

WATER: Final = """\
plate_lists: {watched: [京A00001]}
rules:
- uid: water
  kind: threshold
  title: {zh: 水位, en: Water}
  text: {zh: "{device}", en: "{device}"}
  category: flooding
  match: {event_types: [reading.reported], where: {metric: level}}
  schedule: {windows: [{days: [workday], from: 22:00, to: 06:00}]}
  raise_above: 0.3
"""
DOOR: Final = """\
uid: door
kind: event
title: {zh: 门, en: Door}
text: {zh: 门, en: Door}
category: security
match: {event_types: [door.opened], zones: [z9]}
"""
EDITOR: Final[dict[str, Any]] = {
    "username": "edgar", "name": "Edgar", "roles": ["supervisor"], "password": "edgars password",
}  # fmt: skip


@dataclass
class Desk:
    """A person at the command line."""

    world: World
    address: str
    folder: Path

    async def run(self, *arguments: str) -> tuple[int, str]:
        """Exit code and what was said of a command; `--site` is filled in where it may stand."""
        name, *rest = arguments
        options = ["--api", self.address, "--user", "edgar", "--password-file", str(self.folder / "password")]
        command = [sys.executable, "-m", "herun.stack", "rules", *options, name, *rest, "--site", SITE]
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT)
        said, _ = await process.communicate()
        return await process.wait(), said.decode()

    def file(self, name: str, text: str) -> str:
        """The path of a file with this text."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)


@pytest_asyncio.fixture
async def desk(world: World, tmp_path: Path) -> AsyncIterator[Desk]:
    await world.admin.post("people", {"people": [EDITOR]})
    (tmp_path / "password").write_text(EDITOR["password"] + "\n")
    stop = asyncio.Event()
    with listening("127.0.0.1", 0) as listener:
        serving = asyncio.create_task(serve(world.resources, listener, stop))
        yield Desk(world, f"http://127.0.0.1:{listener.getsockname()[1]}", tmp_path)
        stop.set()
        await serving


async def test_what_the_files_say_is_in_force_afterwards(desk: Desk) -> None:
    files = desk.file("water.yaml", WATER), desk.file("door.yaml", DOOR)
    warning = f"{files[1]}:6: warning: door: match.zones.0: this site has no zone z9\n"
    assert await desk.run("diff", *files) == (1, f"+ water\n+ door\n{warning}")
    code, said = await desk.run("apply", *files, "--why", "first")
    assert (code, said) == (0, f"+ water\n+ door\n{warning}2 rules changed\n")
    assert await desk.run("diff", *files) == (0, "")
    shown = await desk.world.admin.get("rules")
    assert [(each["uid"], each["changed_by"], each["why"]) for each in shown["items"]] == [
        ("door", "edgar", "first"), ("water", "edgar", "first"),
    ]  # fmt: skip
    assert [each["name"] for each in (await desk.world.admin.get("plate-lists"))["items"]] == ["watched"]


async def test_a_refusal_names_the_line_and_nothing_of_the_files_is_put(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_RULES", 1)
    files = desk.file("water.yaml", WATER), desk.file("door.yaml", DOOR)
    code, said = await desk.run("apply", *files, "--why", "first")
    assert (code, said) == (1, f"{files[1]}:1: door: a site has at most 1 rules in force\n")
    assert (await desk.world.admin.get("rules"))["items"] == []
    assert (await desk.world.admin.get("plate-lists"))["items"] == []


async def test_more_than_one_request_takes_is_put_in_parts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_commands, "_MAX_RULES", 2)
    placed = (Path("a.yaml"), read_rules(DOOR).rules[0])
    parts = list(rule_commands._parts({"l1": ["A"]}, [placed] * 5))
    assert [(names, len(some)) for names, some in parts] == [(["l1"], 2), ([], 2), ([], 1)]
    monkeypatch.setattr(rule_commands, "_MAX_BYTES", 10)
    parts = list(rule_commands._parts({"l1": ["A"]}, [placed]))
    assert [(names, len(some)) for names, some in parts if names or some] == [(["l1"], 0), ([], 1)]


async def test_only_what_changed_is_put(desk: Desk) -> None:
    await desk.run("apply", desk.file("water.yaml", WATER), desk.file("door.yaml", DOOR), "--why", "first")
    changed = desk.file("water.yaml", WATER.replace("0.3", "0.5"))
    code, said = await desk.run("apply", changed, "--why", "lower")
    assert (code, said) == (0, "~ water: begins anew\n    raise_above: 0.3 -> 0.5\n1 rule changed\n")
    assert {each["uid"]: each["version"] for each in (await desk.world.admin.get("rules"))["items"]} == {
        "water": 2, "door": 1,
    }  # fmt: skip
    assert (await desk.run("apply", changed, "--why", "again"))[1] == "0 rules changed\n"


async def test_what_no_file_has_stays_unless_it_is_asked_to_go(desk: Desk) -> None:
    water = desk.file("water.yaml", WATER)
    await desk.run("apply", water, desk.file("door.yaml", DOOR), "--why", "first")
    assert await desk.run("diff", water) == (0, "")
    assert await desk.run("diff", water, "--prune") == (1, "- door\n")
    await desk.run("apply", water, "--why", "no doors", "--prune")
    assert [each["uid"] for each in (await desk.world.admin.get("rules"))["items"]] == ["water"]


async def test_what_is_shown_is_the_file_again(desk: Desk) -> None:
    await desk.run("apply", desk.file("water.yaml", WATER), "--why", "first")
    code, said = await desk.run("show", "water")
    assert (code, said.splitlines()[0].startswith("# version 1, edgar, ")) == (0, True)
    assert await desk.run("diff", desk.file("again.yaml", said)) == (0, "")
    listed = (await desk.run("list"))[1]
    assert "water" in listed
    assert "live" in listed


async def test_the_history_tells_what_changed_and_one_can_go_back(desk: Desk) -> None:
    await desk.run("apply", desk.file("water.yaml", WATER), "--why", "first")
    await desk.run("apply", desk.file("water.yaml", WATER.replace("0.3", "0.5")), "--why", "lower")
    assert await desk.run("rollback", "water", "1", "--why", "too low") == (
        0, "water is at version 3, which is version 1 again\n",
    )  # fmt: skip
    lines = (await desk.run("history", "water"))[1].splitlines()
    assert [line.split("  ")[-1] for line in lines if line.startswith("version")] == [
        "back to version 1: too low", "lower", "first",
    ]  # fmt: skip
    assert lines[1] == "    raise_above: 0.5 -> 0.3"


async def test_a_check_with_a_site_tells_what_it_does_not_have(desk: Desk) -> None:
    path = desk.file("door.yaml", DOOR)
    code, said = await desk.run("check", path)
    assert (code, said) == (
        0,
        f"{path}:6: warning: door: match.zones.0: this site has no zone z9\n1 rule, nothing is wrong\n",
    )


async def test_who_goes_back_is_told_what_is_hardly_meant(desk: Desk) -> None:
    await desk.run("apply", desk.file("door.yaml", DOOR), "--why", "first")
    await desk.run("apply", desk.file("door.yaml", DOOR.replace("z9", "z1")), "--why", "it is z1")
    assert await desk.run("rollback", "door", "1", "--why", "no") == (
        0,
        "warning: door: match.zones.0: this site has no zone z9\ndoor is at version 3, which is version 1 again\n",
    )


async def test_a_refusal_is_told_in_the_apis_words(desk: Desk) -> None:
    code, said = await desk.run("show", "nothing")
    assert (code, said) == (1, "herun: GET /v1/sites/s1/rules/nothing: 404 there is no such rule\n")
    (desk.folder / "password").write_text("wrong")
    code, said = await desk.run("list")
    assert (code, said.startswith("herun: POST /v1/sessions: 401 ")) == (1, True)
