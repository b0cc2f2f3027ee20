"""A whole Herun on a data folder, run as `herun up` runs it, and a client that administers it over HTTP."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx
import psycopg
from dotenv import dotenv_values

from herun.stack.folder import folder_at
from herun.stack.processes import read_record
from tests.support import mqtt_bytes
from tests.support.ports import wish_for_ports

READY_WITHIN_S: Final = 120.0
STOPPED_WITHIN_S: Final = 90.0
LOOK_EVERY_S: Final = 0.05


class NotInTimeError(AssertionError):
    """What was waited for did not come."""


def until(condition: Callable[[], bool], within_s: float, what: str) -> None:
    """Waits until the condition holds. Raises NotInTimeError with `what` if it does not come to hold."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise NotInTimeError(f"not within {within_s:.0f} s: {what}")
        time.sleep(LOOK_EVERY_S)


@dataclass
class Box:
    """One data folder and the supervisor that runs it; `settings` are HERUN_* variables without the prefix."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)  # any other variables
    supervisor: subprocess.Popen[bytes] | None = None
    _token: str = ""
    _known: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def start(self) -> None:
        """Brings everything up and returns when it is ready."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HERUN_")}
        environment |= {f"HERUN_{name.upper()}": value for name, value in self.settings.items()} | self.environment
        wish_for_ports(self.folder)
        with (self.folder / "supervisor.out").open("ab") as output:
            self.supervisor = subprocess.Popen(
                [sys.executable, "-m", "herun.stack", "up", "--data-dir", str(self.folder)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        until(lambda: self.is_ready() or self._is_dead(), READY_WITHIN_S, f"the stack in {self.folder} is ready")
        if self._is_dead():
            raise AssertionError(f"the stack died:\n{(self.folder / 'supervisor.out').read_text()[-3000:]}")

    def stop(self) -> None:
        """Takes everything down as Ctrl-C would."""
        if self.supervisor is None or self._is_dead():
            return
        self.supervisor.send_signal(signal.SIGINT)
        try:
            self.supervisor.wait(STOPPED_WITHIN_S)
        finally:
            self.supervisor.kill()

    def end(self) -> None:
        """Takes everything down at once, as when the machine is switched off: a test that is over needs no drain."""
        if self.supervisor is None or self._is_dead():
            return
        pids = self.pids()
        self.supervisor.kill()  # first, or it would start the others again
        self.supervisor.wait(STOPPED_WITHIN_S)
        for name, pid in pids.items():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT if name == "postgres" else signal.SIGKILL)  # it leaves no shared memory
        lock = self.folder / "postgres" / "postmaster.pid"
        until(lambda: not lock.exists(), STOPPED_WITHIN_S, "the database has gone")

    def is_ready(self) -> bool:
        """True if the running supervisor has said so."""
        ready = self.folder / "ready"
        pid = self.supervisor.pid if self.supervisor else None
        return ready.exists() and ready.read_text().strip() == str(pid)

    def pids(self) -> dict[str, int]:
        """The running processes by name, with the supervisor."""
        record = read_record(folder_at(self.folder))
        found = {} if record is None else {each.name: each.pid for each in record.processes if each.pid is not None}
        return found | ({"supervisor": self.supervisor.pid} if self.supervisor else {})

    def variable(self, name: str) -> str:
        """A variable of stack.env by its name without prefix; the last one known while a supervisor starts again."""
        self._known |= {key: value for key, value in dotenv_values(self.folder / "stack.env").items() if value}
        return self._known[f"HERUN_{name.upper()}"]

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.variable('api_port')}"

    @property
    def mqtt_port(self) -> int:
        return int(self.variable("mqtt_port"))

    def database(self) -> psycopg.Connection[Any]:
        """A connection of the stack's own user, which sees all sites; reads see what is committed at each statement."""
        return psycopg.connect(self.variable("database_url"), autocommit=True)

    def token(self) -> str:
        """An access token of the administrator."""
        if not self._token:
            password = (self.folder / "admin-password").read_text().strip()
            answer = self._send("POST", "/v1/sessions", {"username": "admin", "password": password})
            self._token = answer["access_token"]
        return self._token

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request to the API as administrator; the JSON of the answer. Raises AssertionError for a refusal."""
        self.token()
        return self._send(method, path, body)

    def _send(self, method: str, path: str, body: Any) -> Any:
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        answer = httpx.request(method, self.api_url + path, json=body, headers=headers, timeout=60, trust_env=False)
        if answer.is_error:
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text[:1000]}")
        return answer.json() if answer.content else None

    def _is_dead(self) -> bool:
        return self.supervisor is not None and self.supervisor.poll() is not None


def add_site(box: Box, site: str, devices: list[dict[str, Any]], rules: list[dict[str, Any]]) -> dict[str, str]:
    """A site with one building, its devices and rules; the secrets of the devices by name."""
    box.call("POST", "/v1/sites", {"site": site, "name": f"Site {site}"})
    layout = {
        "buildings": [{"building": "b01", "name": "Building 1"}],
        "zones": [{"zone": "z01", "name": "Zone 1", "building": "b01"}],
        "grids": [{"grid": "g01", "name": "Grid 1", "buildings": ["b01"]}],
    }
    box.call("PUT", f"/v1/sites/{site}/layout", layout)
    for rule in rules:
        box.call("PUT", f"/v1/sites/{site}/rules/{rule['uid']}", rule)
    if not devices:
        return {}
    added = box.call("POST", f"/v1/sites/{site}/devices", {"devices": devices})
    return {each["device"]: each["secret"] for each in added["devices"] if each["secret"]}


def lets_in(port: int, user: str, password: str) -> bool:
    """True if the broker accepts the user."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(mqtt_bytes.connect(f"knock-{uuid.uuid4().hex}", user, password, clean=True))
        answer = connection.recv(4)
        return len(answer) == 4 and answer[3] == 0
