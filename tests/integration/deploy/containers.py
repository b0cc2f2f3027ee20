"""docker-compose.yml without containers: its services as processes, with its environments, on free ports."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Self

import psycopg
import pytest
from dotenv import dotenv_values

from herun.stack import deployment
from herun.stack.broker import find_nats_server
from herun.stack.folder import folder_at
from herun.stack.ports import LOOPBACK, Ports
from tests.support.box import until
from tests.support.ports import free_port, wish_for_ports
from tests.unit.deploy.compose import read_compose

ENDS_WITHIN_S: Final = 30
_EVERYWHERE: Final = deployment.EVERYWHERE


@contextmanager
def process(command: list[str], environment: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that knows nothing but the given environment; ended, and waited for, at the end."""
    told = {"PATH": os.environ["PATH"], "HOME": str(folder), **environment}
    with subprocess.Popen(command, cwd=folder, env=told, stdin=subprocess.DEVNULL) as running:
        try:
            yield running
        finally:
            running.terminate()
            running.wait(ENDS_WITHIN_S)


class Deployment:
    """What `docker compose up` makes, in a folder."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.prepared = folder / "prepare"
        self.ports = Ports(*(free_port() for _ in range(7)))
        self._services = read_compose()["services"]
        self._running = ExitStack()
        for name, value in {"PORTS": self.ports, "EVERYWHERE": LOOPBACK, "BROKER_HOST": LOOPBACK}.items():
            monkeypatch.setattr(deployment, name, value)
        monkeypatch.setattr(deployment, "BROKER_STORE", folder / "jetstream")

    def __enter__(self) -> Self:
        with self._running as running:
            deployment.prepare(folder_at(self.prepared), durable="process")
            broker = [find_nats_server(), "--config", str(self.prepared / "nats" / "nats.conf")]
            running.enter_context(process(broker, {}, self.folder))
            self._start_database(running)
            self.run_to_its_end("migrate")
            for name in ("gateway", "processor", "api"):
                running.enter_context(process(self._command(name), self.environment(name), self._home(name)))
            self._running = running.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def environment(self, name: str) -> dict[str, str]:
        """A service's environment, with what differs outside of a container put right: paths, ports and the address."""
        home = self._home(name)
        mounted = {"/run/herun": str(self.prepared / name), "/var/lib/herun": str(home)}
        ports = {"HERUN_API_PORT": self.ports.api, "HERUN_GATEWAY_HTTP_PORT": self.ports.gateway_http}
        ports["HERUN_PROCESSOR_HTTP_PORT"] = self.ports.processor_http
        told = {}
        for variable, value in self._services[name]["environment"].items():
            text = re.sub(r"\$\{\w+:-(.*)\}", r"\1", value)
            for inside, outside in mounted.items():
                text = text.replace(inside, outside)
            told[variable] = str(ports.get(variable, text)).replace(_EVERYWHERE, LOOPBACK)
        return told

    def run_to_its_end(self, name: str) -> None:
        """Runs a service that ends by itself. Raises CalledProcessError if it fails."""
        with process(self._command(name), self.environment(name), self._home(name)) as running:
            assert running.wait(60) == 0, name

    def is_healthy(self, name: str) -> bool:
        """What the container's own health check says."""
        port = {"gateway": self.ports.gateway_http, "processor": self.ports.processor_http, "api": self.ports.api}[name]
        check = self._services[name]["healthcheck"]["test"][1:-1]
        return subprocess.run([sys.executable, *check[1:], str(port)], check=False).returncode == 0

    def database(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection of the services' login."""
        return psycopg.connect((self.prepared / "api" / "database_url").read_text().strip(), autocommit=True)

    def _home(self, name: str) -> Path:
        home = self.folder / name
        home.mkdir(exist_ok=True)
        return home

    def _command(self, name: str) -> list[str]:
        words: list[str] = self._services[name]["command"]
        return (
            [sys.executable, "-m", "herun.stack", *words[1:]] if words[0] == "herun" else [sys.executable, *words[1:]]
        )

    def _start_database(self, running: ExitStack) -> None:
        """A PostgreSQL in place of TimescaleDB, and its address in place of the one that was prepared."""
        folder = self._home("timescaledb")
        wish_for_ports(folder)
        elsewhere = {"HERUN_NATS_URL": "nats://elsewhere", "HERUN_MQTT_URL": "mqtt://elsewhere"}
        words = ["up", "--backbone-only", "--data-dir", str(folder)]
        running.enter_context(process([sys.executable, "-m", "herun.stack", *words], elsewhere, folder))
        until((folder / "ready").exists, 60, "the database is ready")
        url = str(dotenv_values(folder / "stack.env")["HERUN_DATABASE_URL"])
        for service in ("migrate", "processor", "api"):
            (self.prepared / service / "database_url").write_text(url)
