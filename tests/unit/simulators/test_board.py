"""The demo's board proves a link only when the feed has shown it."""

from __future__ import annotations

from typing import Any

from simulators.api import LiveEvent
from simulators.board import WHOLE_WAY, Board
from simulators.demo import STORY
from simulators.happenings import Message
from simulators.scenario import scenarios


class Hand:
    """A clock that is moved by hand, in seconds."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def make_board(hand: Hand) -> Board:
    return Board(scenarios()[STORY], seconds=hand, stamp=lambda: "20:00:00", on_line=lambda _: None)


def event(device: str, event_id: str, event_type: str) -> LiveEvent:
    return LiveEvent("c", "event", {"device": device, "event_id": event_id, "event_type": event_type})


def order(number: str, state: str, **more: Any) -> LiveEvent:
    body = {"number": number, "state": state, "category": "fire-safety", "origin": "alert", "building": "b02"}
    return LiveEvent("c", "order", {**body, "title": {"en": "x"}, **more})


def seen(board: Board) -> set[str]:
    return {link.name for link in board.links() if link.seen}


def test_nothing_is_proven_at_first() -> None:
    board = make_board(Hand())
    assert seen(board) == set()
    assert len(board.links()) > 20


def test_the_delay_is_from_publish_to_feed() -> None:
    hand = Hand()
    board = make_board(hand)
    board.on_message(Message(0, "x", "t", b"", "door.opened", "x", ("1",)))
    hand.at = 0.25
    board.on_live(event("x", "1", "door.opened"))
    assert board.delay_ms(0.5) == 250


def test_a_passage_on_the_feed_proves_the_gates() -> None:
    board = make_board(Hand())
    board.on_message(Message(0, "gate-north-in", "t", b"", "vehicle.passed", "gate-north-in"))
    assert seen(board) == set()
    board.on_live(event("gate-north-in", "1", "vehicle.passed"))
    assert seen(board) == {"cars pass the gates"}


def test_the_whole_way_has_to_be_gone_by_one_order() -> None:
    board = make_board(Hand())
    for state in WHOLE_WAY[:3]:
        board.on_live(order("1", state))
    for state in WHOLE_WAY[3:]:
        board.on_live(order("2", state))
    assert len([name for name in seen(board) if name.startswith("order of an alert")]) == 3
    for state in WHOLE_WAY[3:]:
        board.on_live(order("1", state))
    assert len([name for name in seen(board) if name.startswith("order of an alert")]) == len(WHOLE_WAY)


def test_a_merge_is_proven_by_the_feed() -> None:
    board = make_board(Hand())
    board.on_live(order("1", "dispatched"))
    assert "a second report of one thing is merged into the first" not in seen(board)
    board.on_live(order("1", "merged"))
    assert "a second report of one thing is merged into the first" in seen(board)


def test_an_order_stands_where_it_was_seen_last() -> None:
    board = make_board(Hand())
    for state in ("accepted", "dispatched", "dispatched"):
        board.on_live(order("1", state))
    board.on_live(order("2", "accepted"))
    assert board.orders_by_state() == {"dispatched": 1, "accepted": 1}


def test_rates_forget_what_is_long_ago() -> None:
    hand = Hand()
    board = make_board(hand)
    for _ in range(10):
        board.on_message(Message(0, "x", "t", b"", "door.opened", "x"))
    assert board.sent.per_second(hand.at) == 2
    hand.at = 60
    assert board.sent.per_second(hand.at) == 0
    assert board.sent.total == 10
