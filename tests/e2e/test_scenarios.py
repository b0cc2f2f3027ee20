"""The known answers hold over MQTT and HTTP: each scenario on a site of its own, all side by side on one stack."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from simulators.run import Report, run_afterwards, run_scenario
from simulators.scenario import scenarios
from simulators.stay import Target
from tests.e2e.conftest import target
from tests.support.box import Box

# The Saturday that is worked for the days off in May: one scenario is about it.
SATURDAY = "2026-05-09T08:00:00+08:00@240"
# The week of the Saturday is over, and so is the time to rate what was answered in it.
TEN_DAYS_LATER = "2026-05-19T10:00:00+08:00@240"
LONG = {"an_evening", "quiet_day"}  # the demo's, and one that has a test of its own
# First those whose whole estate connects, the longest before the others: nothing else waits behind all that.
NAMES = tuple(
    scenario.name
    for scenario in sorted(scenarios().values(), key=lambda each: (not each.ordinary_day, -(each.lasts + each.settle)))
    if scenario.name not in LONG
)
ORDINARY = tuple(name for name in NAMES if scenarios()[name].ordinary_day)
LATER = tuple(name for name in NAMES if scenarios()[name].afterwards)
SEED = 7
PEOPLE_PACE_S = 1.0  # seconds between two looks of one person who has a reason to look
AT_ONCE = 4  # scenarios that set their sites up at the same time


@dataclass(frozen=True)
class Played:
    """What came out: of each scenario, of those with an ordinary day once more, and of what came ten days later."""

    once: dict[str, Report]
    again: dict[str, Report]
    afterwards: dict[str, tuple[str, ...]]

    def of(self, name: str) -> list[Report]:
        """All plays of a scenario."""
        return [reports[name] for reports in (self.once, self.again) if name in reports]


async def play_all(target: Target) -> Played:
    """Each scenario on a site of its own."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def play(name: str, part: str) -> Report:
        site = f"{name.replace('_', '-')}{part}"
        return await run_scenario(target, scenarios()[name], site=site, seed=SEED, pace_s=PEOPLE_PACE_S, gate=gate)

    plays = [(name, part) for name in NAMES for part in (("", "-b") if name in ORDINARY else ("",))]
    reports = dict(zip(plays, await asyncio.gather(*(play(*each) for each in plays)), strict=True))
    return Played(
        once={name: report for (name, part), report in reports.items() if not part},
        again={name: report for (name, part), report in reports.items() if part},
        afterwards={},
    )


async def tell_all(target: Target, once: dict[str, Report]) -> dict[str, tuple[str, ...]]:
    """What came afterwards."""
    told = [run_afterwards(target, scenarios()[name], once[name].memory) for name in LATER]
    return dict(zip(LATER, await asyncio.gather(*told), strict=True))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder: Path = tmp_path_factory.mktemp("saturday")
    with Box(folder, {"clock": SATURDAY}) as box:
        played = asyncio.run(play_all(target(box)))
    with Box(folder, {"clock": TEN_DAYS_LATER}) as box:
        yield replace(played, afterwards=asyncio.run(tell_all(target(box), played.once)))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", NAMES)
def test_what_comes_out_is_known(played: Played, name: str) -> None:
    for report in played.of(name):
        assert report.differences == (), str(report)


@pytest.mark.parametrize("name", NAMES)
def test_every_event_is_shown_exactly_once(played: Played, name: str) -> None:
    for report in played.of(name):
        assert report.published > 0 or name not in ORDINARY
        assert (report.lost, report.doubled) == (0, 0), str(report)


@pytest.mark.parametrize("name", ORDINARY)
def test_the_same_seed_gives_the_same_answers(played: Played, name: str) -> None:
    assert played.once[name].answers == played.again[name].answers


@pytest.mark.parametrize("name", ORDINARY)
def test_people_did_the_work(played: Played, name: str) -> None:
    for report in played.of(name):
        assert {"acknowledge", "handle", "resolve", "answer"} <= {deed.what for deed in report.deeds}


@pytest.mark.parametrize("name", LATER)
def test_what_comes_afterwards_is_known(played: Played, name: str) -> None:
    assert played.afterwards[name] == ()


def test_the_clocks_of_an_order_on_hold_add_up_to_the_second(played: Played) -> None:
    kept = played.once["put_on_hold"].memory.kept
    for clocks in (kept["during"], kept["after"], kept["end"]):
        assert sum(segment["seconds"] for segment in clocks["segments"]) == clocks["seconds"]
    assert kept["end"]["seconds"] >= 30 * 60  # the hold alone


def test_an_extension_moves_the_promise_by_what_was_asked_for(played: Played) -> None:
    kept = played.once["more_time"].memory.kept
    assert datetime.fromisoformat(kept["moved"]) - datetime.fromisoformat(kept["promised"]) == timedelta(minutes=600)
