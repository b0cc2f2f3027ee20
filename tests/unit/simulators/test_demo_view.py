"""The picture holds what the board holds, in any size of terminal."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from herun.clock import ManualClock, parse_time
from simulators.api import LiveEvent
from simulators.board import Board
from simulators.demo import STORY
from simulators.demo_view import Facts, numbers_line, picture, summary
from simulators.happenings import Message
from simulators.people import Deed
from simulators.scenario import scenarios

CLOCK = ManualClock(parse_time("2026-05-11T22:30:00+08:00"))
FACTS = Facts("herun", "http://127.0.0.1:8000", "127.0.0.1:1883", (("herun-operator-1", "secret"),), lambda: 279)

ALERT = {
    "alert_id": "1",
    "rule_uid": "smoke",
    "state": "raised",
    "severity": "critical",
    "device": "smoke-b03-1",
    "zone": None,
    "building": "b03",
    "title": {"zh": "烟雾报警", "en": "Smoke [at] night"},
}


@pytest.fixture
def board() -> Board:
    board = Board(scenarios()[STORY], seconds=lambda: 0.0, stamp=lambda: "20:00:00", on_line=lambda _: None)
    board.on_message(Message(0, "smoke-b03-1", "t", b"", "state.reported", "smoke-b03-1", ("1",)))
    board.on_live(LiveEvent("c", "event", {"device": "smoke-b03-1", "event_id": "1", "event_type": "state.reported"}))
    board.on_live(LiveEvent("c", "alert", ALERT))
    board.on_live(LiveEvent("c", "alert", {"alert_id": "1", "action": "acknowledged", "actor": "x"}))
    board.on_deed(Deed(0, "worker-g1", "handle", "WO1"))
    return board


def drawn(board: Board, width: int, height: int) -> str:
    console = Console(file=StringIO(), width=width, height=height, force_terminal=True)
    console.print(picture(board, FACTS, CLOCK, 0.0))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_picture_tells_the_time_the_alert_and_the_deed(board: Board) -> None:
    text = drawn(board, 160, 50)
    for part in (
        "22:30:00",
        "烟雾报警",
        "Smoke [at] night",
        "worker-g1 is at work on WO1",
        "herun-operator-1 secret",
        "127.0.0.1:1883",
    ):
        assert part in text


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 10), (250, 80)])
def test_the_picture_fits_any_terminal(board: Board, width: int, height: int) -> None:
    assert drawn(board, width, height)


def test_the_line_and_the_summary_are_plain(board: Board) -> None:
    assert "alerts 1" in numbers_line(board, FACTS, CLOCK, 0.0)
    console = Console(file=StringIO(), width=80)
    summary(board, console)
    assert isinstance(console.file, StringIO)
    text = console.file.getvalue()
    assert "seen     alert: smoke at smoke-b03-1" in text
    assert "MISSING  order of an alert: rated" in text
