from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herun import clock
from herun.clock import HOUR_US, SECOND_US, ManualClock, ScaledClock, SystemClock, parse_clock


def test_without_a_setting_the_machines_clock_is_used() -> None:
    assert isinstance(parse_clock(None, None), SystemClock)


def test_scaled_clock_lets_an_hour_pass_in_a_minute() -> None:
    scaled = parse_clock("2026-11-23T22:00:00+08:00@60", 5 * SECOND_US)
    start = clock.parse_time("2026-11-23T14:00:00Z")
    assert scaled.from_wall(5 * SECOND_US) == start
    assert scaled.from_wall(65 * SECOND_US) == start + HOUR_US


@pytest.mark.parametrize(
    "text", ["2026-11-23T22:00:00+08:00", "yesterday@5", "2026-11-23T22:00:00@5", "2026-11-23T22:00:00Z@0"]
)
def test_a_clock_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_clock(text, 0)


def test_a_clock_without_its_epoch_is_refused() -> None:
    with pytest.raises(ValueError, match="HERUN_CLOCK_EPOCH"):
        parse_clock("2026-11-23T22:00:00Z@5", None)


@given(st.integers(0, 253_402_300_799_999_999))
def test_text_of_a_time_reads_back_to_the_microsecond(us: int) -> None:
    assert clock.parse_time(clock.to_text(us)) == us


@given(st.integers(0, 10**15), st.integers(0, 10**12))
def test_scaled_time_never_runs_backwards(wall: int, later: int) -> None:
    scaled = ScaledClock(start_us=0, epoch_us=0, speed=3.7)
    assert scaled.from_wall(wall + later) >= scaled.from_wall(wall)


def test_manual_clock_moves_only_by_hand() -> None:
    manual = ManualClock(at_us=10)
    manual.advance(5)
    assert manual.now_us() == 15
