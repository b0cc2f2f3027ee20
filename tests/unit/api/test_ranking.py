"""The bulletin's ranking."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from api.bulletins.classes import OTHER, TopClass
from api.bulletins.ranking import RANKS, ranked
from api.bulletins.schemas import Rest

CLASSES: Final = {f"c{n:02d}": TopClass(f"类{n:02d}", f"class {n}") for n in range(15)}
COUNTS: Final = st.dictionaries(st.sampled_from([*CLASSES, "odd", "odder"]), st.integers(0, 5000), max_size=17)


@given(COUNTS)
def test_every_report_is_in_one_row_and_every_share_is_of_all(counts: dict[str, int]) -> None:
    ranking = ranked(counts, CLASSES)
    rows: list[Rest] = [*ranking.items, ranking.rest]
    assert sum(row.count for row in rows) == ranking.total == sum(counts.values())
    for row in rows:
        exact = Decimal(100 * row.count) / Decimal(ranking.total or 1)
        assert row.share == str(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))
    assert Decimal(ranking.shares_sum) == sum(Decimal(row.share) for row in rows)
    # Each share is off by half a hundredth at most.
    assert not ranking.total or abs(Decimal(ranking.shares_sum) - 100) <= Decimal("0.005") * len(rows)


@given(COUNTS)
def test_a_rank_is_one_more_than_how_many_have_more(counts: dict[str, int]) -> None:
    ranking = ranked(counts, CLASSES)
    of_classes = [count for name, count in counts.items() if name in CLASSES and count]
    expected = {top.zh: 1 + sum(other > counts[name] for other in of_classes)
                for name, top in CLASSES.items() if counts.get(name)}  # fmt: skip
    shown = {item.top_class["zh"]: item.rank for item in ranking.items}
    assert shown == {name: rank for name, rank in expected.items() if rank <= RANKS}
    assert [item.rank for item in ranking.items] == sorted(item.rank for item in ranking.items)


@given(COUNTS, st.randoms())
def test_the_order_in_which_counts_come_changes_nothing(counts: dict[str, int], draw: object) -> None:
    items = list(counts.items())
    draw.shuffle(items)  # type: ignore[attr-defined]
    assert ranked(dict(items), CLASSES) == ranked(counts, CLASSES)


def test_who_ties_with_the_tenth_is_printed_too() -> None:
    counts = {f"c{n:02d}": 100 - n for n in range(9)} | {"c09": 5, "c10": 5, "c11": 4}
    assert [item.rank for item in ranked(counts, CLASSES).items] == [*range(1, 10), 10, 10]


def test_categories_of_one_class_are_one_and_those_without_are_never_ranked() -> None:
    one = TopClass("民生服务", "public services")
    ranking = ranked({"water": 3, "heating": 4, "odd": 50}, {"water": one, "heating": one, "moved": OTHER})
    assert [(item.top_class["zh"], item.count) for item in ranking.items] == [("民生服务", 7)]
    assert ranking.rest.count == 50


def test_an_empty_week_has_nothing_to_divide_by() -> None:
    ranking = ranked({}, CLASSES)
    assert (ranking.total, ranking.items, ranking.rest.share, ranking.shares_sum) == (0, [], "0.00", "0.00")
