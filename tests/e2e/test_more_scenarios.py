"""The known answers of scenarios with rules and changes of their own, all of them side by side on one stack."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulators.run import Report, run_scenario
from simulators.scenario import scenarios
from simulators.stay import Target
from tests.e2e.conftest import target
from tests.support.box import Box

# The Saturday that is worked for the days off in May: one scenario is about it.
SATURDAY = "2026-05-09T08:00:00+08:00@240"
# The longest first: they end with the others.
NAMES = tuple(
    scenario.name
    for scenario in sorted(scenarios().values(), key=lambda each: -(each.lasts + each.settle))
    if not scenario.ordinary_day
)
SEED = 7
PEOPLE_PACE_S = 2.0  # seconds between two looks of one person; a hundred people share one machine
AT_ONCE = 12  # scenarios that play at the same time

Played = dict[str, Report]


@pytest.fixture(scope="module")
def saturday(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder: Path = tmp_path_factory.mktemp("saturday")
    with Box(folder, {"clock": SATURDAY}) as box:
        yield target(box)


async def play_all(target: Target) -> Played:
    """Each scenario on a site of its own, so many at a time."""
    stages = asyncio.Semaphore(AT_ONCE)

    async def play(name: str) -> Report:
        async with stages:
            return await run_scenario(
                target, scenarios()[name], site=name.replace("_", "-"), seed=SEED, pace_s=PEOPLE_PACE_S
            )

    reports = await asyncio.gather(*map(play, NAMES))
    return dict(zip(NAMES, reports, strict=True))


@pytest.fixture(scope="module")
def played(saturday: Target) -> Played:
    return asyncio.run(play_all(saturday))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NAMES)
def test_what_comes_out_is_known(played: Played, name: str) -> None:
    assert played[name].differences == (), str(played[name])


@pytest.mark.parametrize("name", NAMES)
def test_every_event_is_shown_exactly_once(played: Played, name: str) -> None:
    assert (played[name].lost, played[name].doubled) == (0, 0), str(played[name])
