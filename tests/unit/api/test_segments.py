"""Whose time it was: segments add up to the time since the order was opened, to the microsecond."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from api.clocks.hours import Span
from api.clocks.segments import TIMED, Hand, Kind, Segment, Turn, goes_on, hand_of, segments, used, used_up_at
from api.work_orders.states import State
from tests.unit.api.test_order import AT, LATER, REPORT

HANDS: Final = [
    Hand(kind, unit, worker)
    for kind in Kind
    if kind is not Kind.HOLD
    for unit, worker in [(None, None), ("u1", None), ("u1", "gwen"), ("u1", "greg"), (None, "gwen")]
]
times = st.integers(0, 1000)
spans = st.tuples(times, times).map(lambda pair: Span(*sorted(pair)))
turn_lists = st.lists(st.builds(Turn, st.integers(0, 2), st.sampled_from(HANDS), times), min_size=1, max_size=8)


@given(turn_lists, st.lists(spans, max_size=4), times)
def test_segments_add_up_to_the_time_since_opening(turns: list[Turn], pauses: list[Span], until: int) -> None:
    found = segments(turns, pauses, until)
    began = turns[0].at
    end = max(until, *(turn.at for turn in turns))
    assert sum(each.span.end - each.span.begin for each in found) == end - began
    if found:
        assert (found[0].span.begin, found[-1].span.end) == (began, end)
    assert all(before.span.end == after.span.begin for before, after in pairwise(found))
    assert all(each.span.begin < each.span.end for each in found)


@given(turn_lists, st.lists(spans, max_size=4), times)
def test_every_microsecond_is_of_the_hand_that_had_it(turns: list[Turn], pauses: list[Span], until: int) -> None:
    found = segments(turns, pauses, until)
    for at in range(turns[0].at, max(until, *(turn.at for turn in turns)), 7):
        # Of the turns that began by then, the last; a clock that was set back begins nothing earlier.
        latest = turns[0].at
        hand = turns[0].hand
        for turn in turns:
            latest = max(latest, turn.at)
            if latest <= at:
                hand = turn.hand
        if hand.kind in TIMED and any(pause.begin <= at < pause.end for pause in pauses):
            hand = replace(hand, kind=Kind.HOLD)
        assert [each.hand for each in found if each.span.begin <= at < each.span.end] == [hand]


@given(turn_lists, st.lists(spans, max_size=4), times, st.integers(1, 400))
def test_what_is_used_up_was_so_from_the_first_moment_at_which_so_much_was_used(
    turns: list[Turn], pauses: list[Span], until: int, limit: int
) -> None:
    last, end = turns[-1], max(until, *(turn.at for turn in turns))
    begin = turns[0].at
    moments = [
        at for at in range(begin, end + 1) if used(_up_to(segments(turns, pauses, end), at), last, None) >= limit
    ]
    assert used_up_at(segments(turns, pauses, end), last, None, limit) == min(moments, default=None)


def _up_to(found: list[Segment], at: int) -> list[Segment]:
    return [replace(each, span=Span(each.span.begin, min(each.span.end, at))) for each in found if each.span.begin < at]


def test_no_turns_are_no_segments() -> None:
    assert segments([], [], 5) == []


def worker(name: str, unit: str | None = None, kind: Kind = Kind.ARRIVE) -> Hand:
    return Hand(kind, unit, name)


def test_bouncing_gives_nobody_a_fresh_clock() -> None:
    turns = [Turn(0, worker("gwen"), 0), Turn(0, Hand(Kind.ACCEPT), 10), Turn(0, worker("gwen"), 50)]
    assert used(segments(turns, [], 55), turns[-1], None) == 15


def test_handing_on_within_a_unit_gains_nothing() -> None:
    turns = [Turn(0, worker("gwen", "u1"), 0), Turn(0, worker("greg", "u1"), 10)]
    assert used(segments(turns, [], 12), turns[-1], None) == 12


def test_what_another_used_is_not_ones_own() -> None:
    turns = [Turn(0, worker("gwen"), 0), Turn(0, worker("greg"), 10)]
    assert used(segments(turns, [], 12), turns[-1], None) == 2


def test_a_new_round_begins_with_nothing_used() -> None:
    turns = [Turn(0, worker("gwen"), 0), Turn(1, worker("gwen"), 10)]
    assert used(segments(turns, [], 12), turns[-1], None) == 2


def test_an_approved_pause_is_nobodys_use_and_time_all_the_same() -> None:
    turns = [Turn(0, worker("gwen"), 0)]
    found = segments(turns, [Span(10, 30)], 40)
    assert [(each.hand.kind, each.span) for each in found] == [
        (Kind.ARRIVE, Span(0, 10)), (Kind.HOLD, Span(10, 30)), (Kind.ARRIVE, Span(30, 40)),
    ]  # fmt: skip
    assert used(found, turns[-1], None) == 20


def test_each_state_has_somebody_whose_time_it_is() -> None:
    order = replace(REPORT, worker="gwen", unit="u1")
    hands = {state: hand_of(replace(order, state=state)) for state in State}
    assert hands[State.SUBMITTED] == Hand(Kind.ACCEPT)
    assert hands[State.ACCEPTED] == Hand(Kind.ACCEPT)
    assert hands[State.DISPATCHED] == Hand(Kind.ACCEPT, "u1", "gwen")
    assert hands[State.HANDLING] == Hand(Kind.ARRIVE, "u1", "gwen")
    there = replace(order, state=State.HANDLING, handled_at=AT, arrived_at=LATER)
    assert hand_of(there).kind is Kind.SOLVE
    assert hand_of(replace(there, arrived_at=AT, handled_at=LATER)).kind is Kind.ARRIVE  # somebody else's arrival
    assert hand_of(replace(there, state=State.ON_HOLD, state_before=State.HANDLING)) == hand_of(there)
    assert hands[State.RESOLVED] == Hand(Kind.ANSWER)
    assert hands[State.RETURNED] == hands[State.ARBITRATION] == Hand(Kind.ACCEPT)
    over = (State.ANSWERED, State.RATED, State.CLOSED, State.CANCELLED, State.MERGED)
    assert {hands[state].owner for state in over} == {None}
    assert {hands[State.RESOLVED].owner, hands[State.SUBMITTED].owner} == {"desk"}
    assert (hands[State.HANDLING].owner, worker("gwen").owner) == ("unit:u1", "worker:gwen")


def test_taking_up_and_arriving_is_no_other_hand_but_another_worker_or_unit_is() -> None:
    had = Hand(Kind.ACCEPT, "u1", "gwen")
    assert goes_on(had, worker("gwen", "u1"))
    assert goes_on(worker("gwen", "u1"), worker("gwen", "u1", Kind.SOLVE))
    for other in (worker("greg", "u1"), worker("gwen", "u2"), Hand(Kind.ACCEPT), Hand(Kind.ANSWER), Hand(Kind.REST)):
        assert not goes_on(had, other)
