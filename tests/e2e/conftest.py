"""One running stack for all scenarios, each on a site of its own: simulators and people reach it over MQTT and HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from herun.clock import parse_clock
from simulators.stay import Target
from tests.support.box import Box

# Four hours of the estate pass in a minute, from the late evening on.
EVENING = "2026-05-11T22:00:00+08:00@240"


def target(box: Box) -> Target:
    """The doors of a running stack."""
    return Target(
        api_url=box.api_url,
        mqtt_host="127.0.0.1",
        mqtt_port=box.mqtt_port,
        admin_password=(box.folder / "admin-password").read_text().strip(),
        clock=parse_clock(box.variable("clock"), int(box.variable("clock_epoch"))),
    )


@pytest.fixture(scope="session")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder: Path = tmp_path_factory.mktemp("evening")
    with Box(folder, {"clock": EVENING}) as box:
        yield target(box)
