"""The known answers hold over MQTT and HTTP, on many sites side by side, and again for the same seed."""

from __future__ import annotations

import asyncio

import pytest

from simulators.run import Report, run_scenario
from simulators.scenario import scenarios
from simulators.stay import Target

NAMES = ("fire_lane_blocked", "lift_ebike", "sensor_silent", "smoke_at_night", "underpass_flooded", "watched_plate")
SEED = 7
PEOPLE_PACE_S = 2.0  # seconds between two looks of one person; a hundred people share one machine

Played = dict[str, tuple[Report, Report]]


async def play_all(target: Target) -> Played:
    """Each scenario twice, at the same time, on a site of its own."""

    async def twice(name: str) -> tuple[Report, Report]:
        once, again = (
            run_scenario(
                target, scenarios()[name], site=f"{name.replace('_', '-')}-{play}", seed=SEED, pace_s=PEOPLE_PACE_S
            )
            for play in ("a", "b")
        )
        return await asyncio.gather(once, again)

    reports = await asyncio.gather(*(twice(name) for name in NAMES))
    return dict(zip(NAMES, reports, strict=True))


@pytest.fixture(scope="module")
def played(evening: Target) -> Played:
    return asyncio.run(play_all(evening))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NAMES)
def test_what_comes_out_is_known(played: Played, name: str) -> None:
    for report in played[name]:
        assert report.differences == (), str(report)


@pytest.mark.parametrize("name", NAMES)
def test_every_event_is_shown_exactly_once(played: Played, name: str) -> None:
    for report in played[name]:
        assert report.published > 0
        assert (report.lost, report.doubled) == (0, 0), str(report)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_answers(played: Played, name: str) -> None:
    once, again = played[name]
    assert once.answers == again.answers


@pytest.mark.parametrize("name", NAMES)
def test_people_did_the_work(played: Played, name: str) -> None:
    for report in played[name]:
        assert {"acknowledge", "handle", "resolve", "answer"} <= {deed.what for deed in report.deeds}
