"""The doctor tells of clocks that are off and of parts that throw, as the processor says."""

from __future__ import annotations

from typing import Any

import pytest

from herun.http_status import serve_status
from herun.stack.doctor_engine import check_engine, judge_clocks
from herun.stack.status import PartStatus


async def nothing_missing() -> list[str]:
    return []


async def found(clocks: dict[str, Any], errors: dict[str, int]) -> list[str]:
    """What is found of a processor that answers so."""

    async def say_clocks() -> dict[str, Any]:
        return clocks

    async def say_errors() -> dict[str, int]:
        return errors

    routes = {"/clocks": say_clocks, "/part-errors": say_errors}
    async with serve_status(0, nothing_missing, routes) as port:
        return await told(port)


async def told(port: int, *, ready: bool = True) -> list[str]:
    findings = await check_engine(PartStatus("processor", 1, 1.0, 0, {"http": port}, ready))
    return [f"{one.level} {one.check}: {one.text}" for one in findings]


async def test_devices_whose_clocks_are_off_are_named_the_worst_first() -> None:
    off = {f"d{n}": -10.0 - n for n in range(6)} | {"camera": 1800.2}
    first, second = await found({"s1": off, "s0": {"door": 6.0}}, {})
    assert first == "warning clock: site s0: the clock of a device is off: door 6 s behind: set them, best by NTP"
    assert second == (
        "warning clock: site s1: the clocks of 7 devices are off: camera 1800 s behind, d5 15 s ahead, d4 14 s ahead,"
        " d3 13 s ahead, d2 12 s ahead, and 2 more: set them, best by NTP"
    )


def test_where_time_is_made_to_pass_quickly_a_delay_is_no_wrong_clock() -> None:
    clocks = {"s1": {"slow": 30.0, "wrong": 1800.0}}
    assert [one.text for one in judge_clocks(clocks, speed=60)] == [
        "site s1: the clock of a device is off: wrong 1800 s behind: set them, best by NTP"
    ]


async def test_ten_thousand_clocks_are_no_trouble() -> None:
    (line,) = await found({"s1": {f"a-device-with-a-long-name-{n:05}": 3600.123456 for n in range(10_000)}}, {})
    assert "the clocks of 10000 devices are off" in line


async def test_a_part_that_threw_is_a_problem() -> None:
    lines = await found({}, {"Arming": 3})
    assert lines[0] == "ok clock: no clock of a device whose events are taken is known to be off"
    assert lines[1].startswith("problem engine: Arming failed 3 times since the processor's start")


@pytest.mark.parametrize(("ready", "lines"), [(True, 1), (False, 0)])
async def test_a_processor_that_does_not_answer_is_told_once(ready: bool, lines: int) -> None:
    assert len(await told(1, ready=ready)) == lines
