"""The services as processes: each is a program that says at /readyz whether it does its work."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

from herun.stack.child import ChildSpec
from herun.stack.ports import LOOPBACK, Ports
from herun.stack.web import answers_itself

SERVICES: Final = ("gateway", "processor", "api")
_DRAIN_S: Final = 15.0  # to finish what is in hand; all of it survives SIGKILL


def service_spec(name: str, host: str, ports: Ports, environment: Mapping[str, str]) -> ChildSpec:
    """One service as a process of the stack."""
    port = {"gateway": ports.gateway_http, "processor": ports.processor_http, "api": ports.api}[name]
    address = host if name == "api" and host != "0.0.0.0" else LOOPBACK

    async def is_ready(pid: int) -> bool:
        return await answers_itself(pid, address, port, "/readyz")

    return ChildSpec(
        name=name,
        command=(sys.executable, "-m", name),
        environment=environment,
        is_ready=is_ready,
        ports={"http": port},
        drain_s=_DRAIN_S,
    )
