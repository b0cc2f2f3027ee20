"""The process lives as long as its tasks do, and what it was told survives whoever is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
import uuid
from pathlib import Path

import httpx
import pytest

from api.resources import Resources
from api.serve import listening, serve
from tests.integration.api.running import World
from tests.support.box import Box, add_site

PASSWORD = "correct horse"


@pytest.mark.parametrize(
    "task",
    [
        "api.serve.outbox.relay",
        "api.serve.follower.follow",
        "api.serve.housekeeping.keep_house",
        "api.serve.sweep.keep_deadlines",
    ],
)
async def test_a_task_that_dies_takes_the_process_with_it(
    world: World, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    async def broken(_resources: Resources, _stop: asyncio.Event) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(task, broken)
    with listening("127.0.0.1", 0) as listener, pytest.RaisesGroup(RuntimeError):
        await asyncio.wait_for(serve(world.resources, listener, asyncio.Event()), 30)


class Reporter(threading.Thread):
    """Sends reports, each with its key, until it has its number, whatever happens meanwhile."""

    def __init__(self, url: str, token: str, count: int) -> None:
        super().__init__()
        self._url = f"{url}/v1/sites/s1/reports"
        self._token = token
        self._count = count
        self.numbers: dict[str, str] = {}

    def run(self) -> None:
        with httpx.Client(timeout=20, trust_env=False) as client:
            while len(self.numbers) < self._count:
                key = str(uuid.uuid4())
                while (number := self._send(client, key)) is None:
                    time.sleep(0.05)
                self.numbers[key] = number

    def _send(self, client: httpx.Client, key: str) -> str | None:
        headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": key}
        try:
            answer = client.post(self._url, json={"category": "water", "text": key}, headers=headers)
        except httpx.TransportError:
            return None
        if answer.status_code == 503:
            return None
        assert answer.status_code == 201, answer.text
        return str(answer.json()["number"])


def token_of(box: Box, name: str) -> str:
    """A new resident, and what they sign in with."""
    person = {"username": name, "name": name, "roles": ["resident"], "building": "b01", "password": PASSWORD}
    box.call("POST", "/v1/sites/s1/people", {"people": [person]})
    signing_in = {"username": name, "password": PASSWORD}
    session = httpx.post(f"{box.api_url}/v1/sessions", json=signing_in, trust_env=False)
    return str(session.json()["access_token"])


@pytest.mark.timeout(240)
def test_a_report_that_is_sent_until_it_is_answered_opens_one_order_whoever_is_killed(tmp_path: Path) -> None:
    with Box(tmp_path / "data") as box:
        add_site(box, "s1", [], [])
        reporters = [Reporter(box.api_url, token_of(box, name), 60) for name in ("rita", "rob", "ruth")]
        for reporter in reporters:
            reporter.start()
        for victim in ("api", "postgres", "api", "nats"):
            sent = sum(len(reporter.numbers) for reporter in reporters)
            while sum(len(reporter.numbers) for reporter in reporters) < min(sent + 30, 180):
                time.sleep(0.02)
            os.kill(box.pids()[victim], signal.SIGKILL)
        for reporter in reporters:
            reporter.join(120)
        answered = {key: number for reporter in reporters for key, number in reporter.numbers.items()}
        with box.database() as connection:
            rows = connection.execute("SELECT text ->> 'en', number FROM work_orders").fetchall()
            last, entries = connection.execute("SELECT max(feed_seq), count(*) FROM order_history").fetchone() or (0, 0)
        assert len(answered) == 180
        assert sorted(rows) == sorted(answered.items())
        assert last == entries  # the feed's numbers have no gap
