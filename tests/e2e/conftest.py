"""The doors of a running stack: simulators and people reach it over MQTT and HTTP."""

from __future__ import annotations

from herun.clock import SystemClock, parse_clock
from simulators.stay import Target
from tests.support.box import Box


def target(box: Box) -> Target:
    """A stack's doors, and its clock."""
    fast = "clock" in box.settings
    return Target(
        api_url=box.api_url,
        mqtt_host="127.0.0.1",
        mqtt_port=box.mqtt_port,
        admin_password=(box.folder / "admin-password").read_text().strip(),
        clock=parse_clock(box.variable("clock"), int(box.variable("clock_epoch"))) if fast else SystemClock(),
    )
