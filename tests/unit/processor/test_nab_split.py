"""The halves of the benchmark's files."""

from __future__ import annotations

from tests.nab.split import is_for_tuning


def test_the_halves_are_fixed_by_the_name_alone() -> None:
    names = ("realKnownCause/nyc_taxi.csv", "realTraffic/occupancy_6005.csv", "realTweets/Twitter_volume_IBM.csv")
    assert [is_for_tuning(name) for name in names] == [is_for_tuning(name.split("/")[1]) for name in names]
    assert {is_for_tuning(f"file-{n}.csv") for n in range(9)} == {True, False}
