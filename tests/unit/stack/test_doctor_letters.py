"""The doctor names whose clocks are so far off that nothing of them is taken."""

from __future__ import annotations

from herun.dead_letters import DeadLetter, DeadLetterReason, from_message
from herun.stack.doctor_letters import MOST_NAMED, judge_times


def letter(topic: str, detail: str = "d: event time is 28,800 s ahead of its receipt") -> DeadLetter:
    return from_message(DeadLetterReason.BAD_TIME, detail, topic, b"{}", 0)


def test_nobody_is_named_where_nothing_was_refused() -> None:
    assert list(judge_times([])) == []


def test_who_was_refused_most_is_named_first_with_how_far_off_the_last_was() -> None:
    letters = [letter("b"), letter("a"), letter("b", "s1.b: event time is 4,000 s ahead of its receipt")]
    first, second = (found.text for found in judge_times(letters))
    assert first.startswith("b: 2 messages of the last day were refused for their time (dead letters, bad_time)")
    assert "the last: s1.b: event time is 4,000 s ahead of its receipt" in first
    assert second.startswith("a: 1 messages")


def test_many_are_counted_and_not_all_named() -> None:
    found = [each.text for each in judge_times([letter(f"t{n}") for n in range(MOST_NAMED + 3)])]
    assert len(found) == MOST_NAMED + 1
    assert found[-1].startswith("and 3 more topics")
