"""The demo: an evening on the Herun estate, watched live. Started by `herun demo` in front of a running stack.

With DEMO_SECONDS it ends after that many seconds of play, prints what it saw, and exits with 0 only if it saw every
link of the chain, from a device's message to a rated work order. Without, it plays evening after evening until Ctrl-C.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Final

import httpx
from rich.console import Console
from rich.live import Live

from herun.clock import SECOND_US
from herun.errors import ConfigurationError
from herun.settings import Settings
from simulators.api import RefusedError
from simulators.board import Board
from simulators.demo_view import Facts, numbers_line, picture, summary
from simulators.estate import HERUN, make_estate
from simulators.links import LinkRefusedError
from simulators.rhythm import local_text
from simulators.scenario import Scenario, scenarios
from simulators.stage import play
from simulators.stay import ADMIN, Listeners, Stay, Target, stay_on, target_of
from simulators.waiting import pause

SITE: Final = "herun"
SEED: Final = 1
STORY: Final = "an_evening"
PEOPLE_PACE_S: Final = 1.0  # machine's seconds between two looks of one person
LEAD_S: Final = 1.0  # machine's seconds between the last rule and the first line
PICTURES_A_SECOND: Final = 4
PLAIN_EVERY_S: Final = 5.0  # machine's seconds between two lines of numbers where there is no terminal
SECONDS: Final = "DEMO_SECONDS"

MISSED: Final = 1


def demo_seconds(text: str | None) -> float | None:
    """How long to play; None: until somebody ends it. Raises ConfigurationError."""
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ConfigurationError(f"{SECONDS} is a number of seconds, not {text!r}")
    return seconds


async def run(target: Target, seconds: float | None, console: Console) -> int:
    """Plays and shows; the exit code."""
    story, loop = scenarios()[STORY], asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    on_line: Callable[[str], None] = (lambda _: None) if console.is_terminal else _plain(console)
    board = Board(story, seconds=loop.time, stamp=lambda: local_text(target.clock.now_us()), on_line=on_line)
    estate = make_estate(SITE, SEED, HERUN)
    console.print(f"Setting up {len(estate.devices)} devices and {len(estate.accounts)} people ...", highlight=False)
    listeners = Listeners(board.on_message, board.on_live, board.on_deed)
    async with stay_on(target, estate, listeners, "和润家园") as stay:
        facts = Facts(
            site=SITE,
            api_url=target.api_url,
            mqtt=f"{target.mqtt_host}:{target.mqtt_port}",
            sign_ins=(
                (ADMIN, target.admin_password),
                *((name, password) for _, name, password in stay.people.sign_ins()),
            ),
            connections=lambda: stay.links.connected,
        )
        _say_hello(console, facts)
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(stay.people.live(over, PEOPLE_PACE_S))
            group.create_task(_evenings(stay, story, over))
            group.create_task(_show(board, facts, stay, console=console, over=over))
            await pause(stop, seconds or float("inf"))
            over.set()
    summary(board, console)
    missing = [link.name for link in board.links() if not link.seen]
    if seconds is None or not missing:
        console.print("The whole chain was seen." if not missing else "Ended before the evening was over.")
        return 0
    console.print(f"Not seen within {seconds:g} seconds: {'; '.join(missing)}", style="bold red", soft_wrap=True)
    return MISSED


async def _evenings(stay: Stay, story: Scenario, over: asyncio.Event) -> None:
    """One evening after the other."""
    while not over.is_set():
        start_us = stay.clock.now_us() + int(LEAD_S * SECOND_US * stay.clock.speed)
        async with asyncio.TaskGroup() as group:
            group.create_task(stay.people.report(story.reports(), start_us, over))
            group.create_task(stay.player.play(play(stay.estate, story, start_us), over))


async def _show(board: Board, facts: Facts, stay: Stay, *, console: Console, over: asyncio.Event) -> None:
    seconds = asyncio.get_running_loop().time
    if not console.is_terminal:
        while not await pause(over, PLAIN_EVERY_S):
            console.print(numbers_line(board, facts, stay.clock, seconds()), highlight=False, soft_wrap=True)
        return
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while not await pause(over, 1 / PICTURES_A_SECOND):
            live.update(picture(board, facts, stay.clock, seconds()), refresh=True)


def _plain(console: Console) -> Callable[[str], None]:
    def say(line: str) -> None:
        console.print(line, highlight=False, markup=False, soft_wrap=True)

    return say


def _say_hello(console: Console, facts: Facts) -> None:
    say = _plain(console)
    say(f"API   {facts.api_url}/docs")
    say(f"MQTT  {facts.mqtt}, {facts.connections()} devices connected")
    say("Sign-ins:")
    for username, password in facts.sign_ins:
        say(f"  {username:20} {password}")


def main() -> None:
    """The program; its exit code is the demo's verdict."""
    console = Console()
    code = MISSED
    try:
        code = asyncio.run(run(target_of(Settings()), demo_seconds(os.environ.get(SECONDS)), console))
    except* (ConfigurationError, LinkRefusedError, RefusedError, httpx.TransportError) as group:
        for error in _leaves(group):
            console.print(f"demo: {error!r}", style="bold red", highlight=False, markup=False)
    sys.exit(code)


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


if __name__ == "__main__":
    main()
