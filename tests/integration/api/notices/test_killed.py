"""The API's process killed at the worst moments: no notice is lost, none is doubled in an inbox."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from herun.clock import SystemClock
from herun.stack.child import launch_command
from tests.integration.api.notices.conftest import Post, channel_settings
from tests.integration.api.running import until
from tests.integration.api.test_process import Process
from tests.support.ports import free_port

REPORTS = 8


class Runs:
    """The API as a process, with all channels, started and killed."""

    def __init__(self, post: Post, folder: Path) -> None:
        self._post = post
        self._folder = folder
        self._running: list[Process] = []

    async def start(self, fault: str = "") -> Process:
        port = free_port()
        world = self._post.world
        environment = {
            "HERUN_DATA_DIR": str(self._folder),
            "HERUN_DATABASE_URL": world.database_url,
            "HERUN_NATS_URL": world.servers.nats.url,
            "HERUN_TOKEN_KEY": "t" * 32,
            "HERUN_PERSONAL_KEY": "p" * 32,
            "HERUN_API_PORT": str(port),
            "HERUN_FAULT": fault,
            **{
                f"HERUN_{name.upper()}": value
                for name, value in channel_settings(self._post.fakes, self._post.mail).items()
            },
        }
        log = self._folder / "api.log"
        with log.open("ab") as output:
            command = launch_command("-", sys.executable, "-m", "api")
            child = subprocess.Popen(command, env={**os.environ, **environment}, stdout=output, stderr=output)
        self._running.append(Process(child, f"http://127.0.0.1:{port}", log))
        return self._running[-1]

    def kill(self) -> None:
        for process in self._running:
            process.child.kill()
            process.child.wait()
        self._running.clear()

    def lease_ends(self) -> None:
        """What a killed process held becomes anybody's, as it does by itself after some minutes."""
        self._post.world.rows("UPDATE notices SET next_try_wall = made_at WHERE state = 'waiting' AND tries > 0")

    async def until_all_sent(self) -> None:
        async def all_sent() -> bool:
            return not self._post.rows("state IN ('new', 'waiting') AND channel <> 'mqtt'")

        await until("every notice is sent", all_sent)


@pytest.fixture
async def runs(post: Post, tmp_path: Path) -> AsyncIterator[Runs]:
    # The process lives in the machine's time; at night nothing but this would be held back.
    post.world.clock.at_us = post.world.wall.at_us = SystemClock().now_us()
    for who in ("rita", "gwen"):
        await post.world.by(who).put("/v1/me/notice-channels", {"quiet_from": "03:00", "quiet_until": "03:00"})
    await post.world.by("rita").post("/v1/me/notice-channels/wechat", {"code": "good-code-1"})
    made = Runs(post, tmp_path)
    yield made
    made.kill()


def inboxes(post: Post) -> list[tuple[Any, ...]]:
    return [(row["recipient"], row["kind"], row["number"]) for row in post.rows("channel = 'inbox'")]


@pytest.mark.parametrize("point", ["api.notice_claimed_not_sent", "api.notice_sent_not_recorded"])
async def test_killed_around_a_sending_nothing_is_lost_and_a_second_one_has_the_same_id(
    post: Post, runs: Runs, point: str
) -> None:
    number = await post.report()
    process = await runs.start(point)
    assert await process.until_dead() == -signal.SIGKILL
    runs.lease_ends()
    await (await runs.start(point)).until_ready()
    await runs.until_all_sent()
    assert [body["data"]["character_string2"]["value"] for body in post.fakes.taken["wechat"]] == [number] * 2
    # Both were in flight: what had been taken came again, under the same id, and WeChat took it once.
    assert post.fakes.asked["wechat"] in ({2} if point.endswith("claimed_not_sent") else {3, 4})
    found = inboxes(post)
    assert len(found) == len(set(found)) == 4
    assert all(row["state"] == "sent" for row in post.rows("channel <> 'mqtt'"))


async def test_killed_at_any_moment_every_notice_arrives(post: Post, runs: Runs) -> None:
    browser = post.fakes.browser("b")
    await post.world.by("gwen").post("/v1/me/notice-channels/web-push", browser.subscription)
    numbers = []
    for n in range(REPORTS):
        if n % 4 == 0:
            runs.kill()
            runs.lease_ends()
            process = await runs.start()
            await process.until_ready()
        numbers.append(await post.report())
    runs.kill()
    runs.lease_ends()
    await (await runs.start()).until_ready()
    await runs.until_all_sent()
    assert {said["number"] for said in browser.read} == set(numbers)
    assert len({said["tag"] for said in browser.read}) == REPORTS
    assert len(post.fakes.taken["wechat"]) == 2 * REPORTS
    found = inboxes(post)
    assert len(found) == len(set(found)) == 4 * REPORTS
