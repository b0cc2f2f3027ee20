"""Plays a scenario on a running stack and compares what comes out with the known answers.

python -m simulators.run fire_lane_blocked --site trial-1 --data-dir .herun
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
from collections import Counter
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from herun.clock import MINUTE_US, SECOND_US, parse_time
from herun.errors import ConfigurationError
from herun.settings import PREFIX, Settings
from simulators.answers import Seen, SeenAlert, SeenOrder, differences
from simulators.api import LiveEvent, Person, connect
from simulators.changes import Changer
from simulators.estate import HAMLET, HERUN, Estate, make_estate
from simulators.happenings import Message
from simulators.moments import local
from simulators.people import Deed, People
from simulators.provision import Keys
from simulators.scenario import Scenario, scenarios
from simulators.stage import play, speaking
from simulators.stay import ADMIN, Begins, Listeners, Stay, Target, stay_on, target_of
from simulators.steps import Step
from simulators.story import StoryError, Teller
from simulators.waiting import pause, until

# Machine's seconds between the last rule and the first happening: the rules are then in force everywhere.
LEAD_S: Final = 2.0
CHANGE_S: Final = 0.5  # the same for each rule and change of the scenario's own
PEOPLE_PACE_S: Final = 1.5  # machine's seconds between two looks of one person
LOOK_S: Final = 1.0  # machine's seconds between two looks at what came out
PATIENCE_S: Final = 30.0  # machine's seconds for the last event to come through
LATEST_S: Final = 60.0  # machine's seconds that the last answer may take on a busy machine
PAGE: Final = 100
# The estate's time after the end in which nothing more may come.
QUIET_US: Final = 5 * MINUTE_US


_NEWEST: Final = re.compile(r"\$\{newest (\S+) (\w+)\}")  # what the system has named, in a path that is shown

# An alert in words, how often it was counted, and when it was raised after the start (-1: by a timer), in microseconds.
Answer = tuple[str, int, int]


@dataclass
class Tally:
    """What was sent, shown and done while a scenario played. Events are (device, event id), counted."""

    published: set[tuple[str, str]] = field(default_factory=set)
    shown: Counter[tuple[str, str]] = field(default_factory=Counter)
    deeds: list[Deed] = field(default_factory=list)

    def on_message(self, message: Message) -> None:
        self.published.update((message.device, event) for event in message.events)

    def on_live(self, live: LiveEvent) -> None:
        if live.kind == "event":
            self.shown[live.body["device"], live.body["event_id"]] += 1

    @property
    def lost(self) -> int:
        """How many were published and never shown."""
        return len(self.published - self.shown.keys())

    @property
    def doubled(self) -> int:
        """How many were shown more than once."""
        return sum(times > 1 for times in self.shown.values())


@dataclass(frozen=True)
class Memory:
    """What the people of a story remember afterwards."""

    estate: Estate
    keys: Keys
    kept: dict[str, Any]


@dataclass(frozen=True)
class Report:
    """What came out. `answers` is the same for the same scenario and seed, whenever and wherever it is played."""

    scenario: str
    site: str
    differences: tuple[str, ...]
    lost: int
    doubled: int
    published: int
    behind_s: float
    answers: tuple[Answer, ...]
    deeds: tuple[Deed, ...]
    memory: Memory

    @property
    def is_right(self) -> bool:
        """True if the known answers hold and every event came through exactly once."""
        return not self.differences and not self.lost and not self.doubled

    def __str__(self) -> str:
        verdict = "as known" if self.is_right else "NOT AS KNOWN"
        lines = [
            (
                f"{self.scenario} on {self.site}: {verdict}; {self.published} events published, {self.lost} lost, "
                f"{self.doubled} doubled, {len(self.deeds)} deeds, at worst {self.behind_s:.2f} s behind"
            ),
            *(f"  {line}" for line in self.differences),
        ]
        return "\n".join(lines)


async def run_scenario(
    target: Target, scenario: Scenario, *, site: str, seed: int, pace_s: float, gate: asyncio.Semaphore | None = None
) -> Report:
    """Plays the scenario on a site of its own. Raises what `stay_on` raises; a wrong answer is in the report.

    Of many that are played side by side, as many set their sites up at the same time as the `gate` lets in: what a
    scenario says of times allows for no more than a few seconds between setting up and playing.
    """
    estate = estate_of(scenario, site, seed)
    tally = Tally()
    async with AsyncExitStack() as staying:
        async with gate or nullcontext():
            listeners = Listeners(tally.on_message, tally.on_live, tally.deeds.append)
            begins = Begins(speaking(estate, scenario), scenario.uses)
            stay = await staying.enter_async_context(stay_on(target, estate, listeners, scenario.title["zh"], begins))
            start_us, changer = await _set_up(stay, scenario)
        scenario = scenario.dated(start_us)
        teller = teller_of(target, site, stay.people.named | {ADMIN: stay.admin}, stay.http, {})
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            if not scenario.story:
                group.create_task(stay.people.live(over, pace_s))
            group.create_task(stay.people.report(scenario.reports(), start_us, over))
            changing = group.create_task(changer.play(scenario, over))
            telling = group.create_task(_tell(teller, scenario.story))
            # While people finish their work the day goes on: on a slow machine nothing falls silent meanwhile.
            group.create_task(stay.player.play(play(estate, scenario, start_us, goes_on=True), over))
            await until(stay.clock, start_us + scenario.lasts, over)
            await changing
            astray = await telling
            found, seen = await _settle(stay, scenario, tally, start_us)
            over.set()
        await stay.links.drained(PATIENCE_S)
        await stay.watcher.saw(lambda: not tally.lost, PATIENCE_S)
        return Report(
            scenario=scenario.name,
            site=site,
            differences=(*astray, *differences(scenario, seen)),
            lost=tally.lost,
            doubled=tally.doubled,
            published=len(tally.published),
            behind_s=stay.player.behind_us / SECOND_US / stay.clock.speed,
            answers=_answers(found, start_us),
            deeds=tuple(tally.deeds),
            memory=Memory(estate, stay.keys, teller.kept),
        )


async def _set_up(stay: Stay, scenario: Scenario) -> tuple[int, Changer]:
    """When the play begins, and who changes what in it; all that is in force before it is in force then."""
    lead_s = LEAD_S + CHANGE_S * (len(scenario.rules) + len(scenario.setup))
    start_us = _full_second(stay.clock.now_us() + int(lead_s * SECOND_US * stay.clock.speed))
    _is_its_day(scenario, start_us)
    changer = Changer(stay.estate.site, stay.helpers, stay.clock, start_us)
    await changer.set_up(scenario.dated(start_us))
    return start_us, changer


async def run_afterwards(target: Target, scenario: Scenario, memory: Memory) -> tuple[str, ...]:
    """Tells what comes afterwards to those who remember the story; in words, what is not as the scenario says."""
    async with connect(target.api_url) as http:
        people = People(http, memory.estate, memory.keys, target.clock, lambda _: None)
        named = people.named | {ADMIN: Person(http, ADMIN, target.admin_password)}
        return await _tell(teller_of(target, memory.estate.site, named, http, memory.kept), scenario.afterwards)


def estate_of(scenario: Scenario, site: str, seed: int) -> Estate:
    """The estate that the scenario is played on, with those people who have something to do in it."""
    estate = make_estate(site, seed, HERUN if scenario.plan == "herun" else HAMLET)
    if scenario.story:
        return estate.with_people(scenario.people).with_devices(speaking(estate, scenario))
    return estate if scenario.keeps_people_busy else estate.with_office_only()


def teller_of(
    target: Target, site: str, people: dict[str, Person], http: httpx.AsyncClient, kept: dict[str, Any]
) -> Teller:
    """Who tells a story; what it may name from the beginning are the site and the usernames."""
    names = {name: person.username for name, person in people.items()}
    broker = (target.mqtt_host, target.mqtt_port)
    return Teller(site, people, http, broker, target.clock, {"site": site} | names | kept)


async def _tell(teller: Teller, steps: tuple[Step, ...]) -> tuple[str, ...]:
    try:
        await teller.tell(steps)
    except StoryError as error:
        return (str(error),)
    return ()


def _full_second(at_us: int) -> int:
    """Some formats tell time in seconds: from here on every play of a scenario is cut alike."""
    return -(-at_us // SECOND_US) * SECOND_US


def _is_its_day(scenario: Scenario, start_us: int) -> None:
    if scenario.day is not None and local(start_us).date() != scenario.day:
        raise ConfigurationError(f"{scenario.name} is played on {scenario.day}: set HERUN_CLOCK to begin there")


async def _settle(stay: Stay, scenario: Scenario, tally: Tally, start_us: int) -> tuple[list[dict[str, Any]], Seen]:
    """What came out, once it is as known and quiet has passed, or when the time for it is over; the alerts as JSON."""
    never = asyncio.Event()
    await until(stay.clock, start_us + scenario.lasts + QUIET_US, never)
    by_then = set(tally.published)
    await stay.watcher.saw(lambda: by_then <= tally.shown.keys(), PATIENCE_S)
    deadline_us = stay.clock.now_us() + scenario.settle + int(LATEST_S * SECOND_US * stay.clock.speed)
    while True:
        alerts, seen = await _everything(stay.operator, stay.estate.site, scenario)
        if not differences(scenario, seen) or stay.clock.now_us() > deadline_us:
            return alerts, seen
        await pause(never, LOOK_S)


async def _everything(operator: Person, site: str, scenario: Scenario) -> tuple[list[dict[str, Any]], Seen]:
    at, answers = f"/v1/sites/{site}", scenario.answers
    alerts = await _pages(operator, f"{at}/alerts")
    orders = await _pages(operator, f"{at}/work-orders")
    events = [
        event
        for event_type in sorted({event.type for event in answers.events})
        for event in await _pages(operator, f"{at}/events", type=event_type)
    ]
    shown = {shows.get: await _shown(operator, at, shows.get) for shows in answers.shows}
    return alerts, Seen(
        alerts=[SeenAlert.read(alert) for alert in alerts],
        orders=[SeenOrder.read(order) for order in orders],
        events=events,
        shown=shown,
    )


async def _shown(operator: Person, at: str, path: str) -> Any:
    """What the API answers to a path; None as long as what it names is not there."""
    for named in list(_NEWEST.finditer(path)):
        items = (await operator.get(f"{at}/{named[1]}"))["items"]
        if not items:
            return None
        path = path.replace(named[0], str(items[0][named[2]]))
    return await operator.get(f"{at}/{path}")


async def _pages(person: Person, path: str, **query: str) -> list[dict[str, Any]]:
    page = await person.get(path, limit=PAGE, **query)
    items: list[dict[str, Any]] = page["items"]
    while page["next_cursor"] is not None:
        page = await person.get(path, limit=PAGE, cursor=page["next_cursor"], **query)
        items += page["items"]
    return items


def _answers(alerts: list[dict[str, Any]], start_us: int) -> tuple[Answer, ...]:
    """The alerts without what differs from play to play: ids, the site, and when the play began.

    A moment that a timer measured from an arrival differs with the delay on the way; one that an event told does not.
    """
    return tuple(
        sorted(
            (
                str(SeenAlert.read(alert)),
                alert["count"],
                parse_time(alert["raised_at"]) - start_us if "event_id" in alert["cause"] else -1,
            )
            for alert in alerts
        )
    )


def main() -> None:
    """The command. Exit code 0 if the answers are as known."""
    parser = argparse.ArgumentParser(prog="simulators.run", description="Play a scenario on a running stack.")
    parser.add_argument("scenario", choices=sorted(scenarios()))
    parser.add_argument("--site", help="site to play on; default the scenario's name")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--api", help="URL of the API; default that of the stack in the data folder")
    parser.add_argument("--mqtt", help="host:port of the broker; default that of the stack in the data folder")
    parser.add_argument("--data-dir", help="folder of the stack; default HERUN_DATA_DIR")
    parser.add_argument("--pace", type=float, default=PEOPLE_PACE_S, help="seconds between two looks of one person")
    given = parser.parse_args()
    if given.data_dir:
        os.environ[f"{PREFIX}DATA_DIR"] = given.data_dir
    target = target_of(Settings(), given.api, given.mqtt)
    site = given.site or given.scenario.replace("_", "-")
    scenario = scenarios()[given.scenario]
    report = asyncio.run(run_scenario(target, scenario, site=site, seed=given.seed, pace_s=given.pace))
    sys.stdout.write(f"{report}\n")
    sys.exit(0 if report.is_right else 1)


if __name__ == "__main__":
    main()
