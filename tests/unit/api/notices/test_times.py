"""When notices leave, and when they are tried again."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from api.notices import times
from api.notices.rules import Urgency
from api.notices.times import Habits, leaving, leaving_anew, pause_after

SHANGHAI = ZoneInfo("Asia/Shanghai")
CLOCKS = st.times().map(lambda each: each.replace(second=0, microsecond=0))
MOMENTS = st.integers(1_577_836_800, 1_893_456_000).map(lambda second: datetime.fromtimestamp(second, UTC))
HABITS = st.builds(Habits, CLOCKS, CLOCKS, st.none() | CLOCKS)
ZONES = st.sampled_from([SHANGHAI, ZoneInfo("UTC"), ZoneInfo("Asia/Urumqi")])


def is_quiet(at: datetime, habits: Habits, zone: ZoneInfo) -> bool:
    """The slow reference: walks from the beginning of the quiet hours minute by minute."""
    clock = at.astimezone(zone).time().replace(second=0, microsecond=0)
    minute, end = habits.quiet_from, habits.quiet_until
    while minute != end:
        if minute == clock:
            return True
        minute = (datetime.combine(date(2026, 1, 1), minute) + timedelta(minutes=1)).time()
    return False


@given(MOMENTS, HABITS, st.sampled_from(Urgency), ZONES)
def test_nothing_but_the_urgent_leaves_in_quiet_hours_and_nothing_waits_two_days(
    at: datetime, habits: Habits, urgency: Urgency, zone: ZoneInfo
) -> None:
    found = leaving(at, urgency, habits, zone)
    if urgency is Urgency.NOW:
        assert (found.at, found.in_digest) == (at, False)
        return
    assert not is_quiet(found.at, habits, zone)
    assert at <= found.at <= at + timedelta(hours=48)
    if found.at != at:
        assert found.in_digest


@given(MOMENTS, ZONES)
def test_without_quiet_hours_and_digest_everything_leaves_at_once(at: datetime, zone: ZoneInfo) -> None:
    for urgency in Urgency:
        assert leaving(at, urgency, Habits(time(9), time(9)), zone).at == at


def test_what_may_wait_comes_with_the_digest_and_in_the_sites_time() -> None:
    at = datetime(2026, 6, 1, 12, 0, tzinfo=SHANGHAI)
    habits = Habits(digest_at=time(8, 30))
    found = leaving(at, Urgency.LATER, habits, SHANGHAI)
    assert (found.at, found.in_digest) == (datetime(2026, 6, 2, 8, 30, tzinfo=SHANGHAI), True)
    assert leaving(at, Urgency.SOON, habits, SHANGHAI).at == at


@given(st.integers(0, 10**12))
def test_pauses_grow_to_an_hour_and_all_tries_end_within_half_a_day(seed: int) -> None:
    pauses = [pause_after(tries, seed) for tries in range(1, times.MAX_TRIES)]
    assert pauses == sorted(pauses)
    assert pauses[0] >= times.FIRST_PAUSE
    assert pauses[-1] <= times.LONGEST_PAUSE * 1.25
    assert sum(pauses, timedelta()) < timedelta(hours=12)


@given(st.integers(1, 10**6), st.integers(0, 10**12))
def test_no_number_of_tries_makes_a_pause_unbounded(tries: int, seed: int) -> None:
    assert pause_after(tries, seed) <= times.LONGEST_PAUSE * 1.25


def test_notices_that_failed_together_are_not_tried_together() -> None:
    assert len({pause_after(3, seed) for seed in range(16)}) == 16


@given(MOMENTS, MOMENTS, HABITS, st.sampled_from(Urgency), ZONES)
def test_what_waits_leaves_by_the_new_habits_and_what_is_due_only_waits_for_the_end_of_quiet_hours(
    due_at: datetime, now: datetime, habits: Habits, urgency: Urgency, zone: ZoneInfo
) -> None:
    found = leaving_anew(due_at, now, urgency, habits, zone)
    if due_at > now:
        assert found == leaving(now, urgency, habits, zone)
    elif found is None:
        assert not is_quiet(now, habits, zone)
    else:
        assert is_quiet(now, habits, zone)
        assert not is_quiet(found.at, habits, zone)
