"""The programs run as docker-compose.yml tells them to: by environment alone, each with its own secrets only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from paho.mqtt import publish

from herun.clock import SystemClock, to_text
from tests.integration.deploy.containers import Deployment
from tests.support.box import lets_in, until


@pytest.fixture(name="deployed")
def _deployed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    with Deployment(tmp_path, monkeypatch) as deployed:
        yield deployed


def ask(deployed: Deployment, path: str, body: Any, token: str = "") -> Any:
    """One POST to the API; the JSON of the answer."""
    url = f"http://127.0.0.1:{deployed.ports.api}{path}"
    answer = httpx.post(url, json=body, headers={"Authorization": f"Bearer {token}"} if token else {}, trust_env=False)
    assert answer.is_success, answer.text
    return answer.json()


def test_a_device_publishes_to_the_containers_and_its_event_is_a_row(deployed: Deployment) -> None:
    for name in ("gateway", "processor", "api"):
        until(lambda name=name: deployed.is_healthy(name), 60, f"{name} is healthy")  # type: ignore[misc]
    password = (deployed.folder / "api" / "api" / "admin-password").read_text().strip()
    token = ask(deployed, "/v1/sessions", {"username": "admin", "password": password})["access_token"]
    ask(deployed, "/v1/sites", {"site": "garden", "name": "Garden"}, token)
    added = ask(deployed, "/v1/sites/garden/devices", {"devices": [{"device": "gate-1"}]}, token)
    secret = added["devices"][0]["secret"]
    until(lambda: lets_in(deployed.ports.mqtt, "garden.gate-1", secret), 20, "the broker knows the device")

    event = json.dumps({"id": "1", "time": to_text(SystemClock().now_us()), "type": "door.opened", "data": {}})
    publish.single(
        "herun/v1/garden/gate-1/event",
        event,
        1,
        port=deployed.ports.mqtt,
        auth={"username": "garden.gate-1", "password": secret},
    )

    with deployed.database() as connection:
        connection.execute("SET ROLE herun_processor")
        until(lambda: bool(connection.execute("SELECT event_id FROM events").fetchall()), 20, "the event is a row")
