"""Drawing return visits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from api.return_visits.drawing import Closed, drawn
from api.return_visits.schemas import Share

ORDERS = [Closed(f"WO{n:03}", 0, ("water", "noise")[n % 2], ("east", None)[n % 3 == 0]) for n in range(60)]
DRAWN = ["WO003", "WO001"]
PERCENTS = st.integers(0, 100)


@given(seed=st.integers(0, 2**63 - 1), of_all=PERCENTS, of_water=PERCENTS, count=st.integers(0, 60))
def test_each_share_is_drawn_from_its_own_orders_rounded_up(seed: int, of_all: int, of_water: int, count: int) -> None:
    shares = [Share(percent=of_all), Share(category="water", percent=of_water)]
    found = drawn(ORDERS[:count], shares, seed)
    assert found == drawn(reversed(ORDERS[:count]), shares, seed)
    assert len(set(found)) == len(found)
    for category, percent in (("water", of_water), ("noise", of_all)):
        group = [order for order in ORDERS[:count] if order.category == category]
        assert sum(order.category == category for order in found) == -(-len(group) * percent // 100)


def test_it_is_drawn_as_the_guide_says() -> None:
    # echo -n 42:WO001 | sha256sum
    assert [each.number for each in drawn(ORDERS[:4], [Share(percent=50)], 42)] == DRAWN


def test_what_no_share_speaks_of_is_not_drawn() -> None:
    assert drawn(ORDERS, [Share(unit="west", percent=100)], 1) == []


def test_the_share_that_says_most_counts() -> None:
    shares = [Share(percent=100), Share(category="water", unit="east", percent=0), Share(category="water", percent=100)]
    assert {order.unit for order in drawn(ORDERS, shares, 1) if order.category == "water"} == {None}
