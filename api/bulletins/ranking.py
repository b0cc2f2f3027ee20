"""The ranking of a bulletin: classes by count, with their shares to two digits. Pure.

A share is the exact fraction of the whole, rounded half up, each by itself. Nothing is moved from one to another so
that they add up: the sum of the printed shares is printed too, and may be a few hundredths beside 100.00.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from api.bulletins.classes import OTHER, TopClass
from api.bulletins.schemas import Ranked, Ranking, Rest
from api.figures.shares import percent

RANKS: Final = 10  # as the hotline's; whoever ties with the tenth stands in it too
ROUNDING: Final = {
    "zh": "占比为该类诉求量占诉求总量的百分比,逐项四舍五入保留两位小数,不作调平;诉求量相同者名次并列。"
    "统计居民诉求,含合并件,不含取消件、子工单和系统开立的工单。",
    "en": "A share is the class's part of all reports in percent, each rounded half up to two digits and none adjusted;"
    " equal counts share a rank. Reports of people are counted, merged ones too; cancelled ones, sub-orders and what"
    " the system opened are not.",
}


def ranked(by_category: Mapping[str, int], classes: Mapping[str, TopClass]) -> Ranking:
    """Most first; equal counts have one rank, in the order of their Chinese names, and the next rank is left out."""
    by_class: Counter[TopClass] = Counter()
    for category, count in by_category.items():
        by_class[classes.get(category, OTHER)] += count
    total = by_class.total()
    unclassed = by_class.pop(OTHER, 0)
    in_order = sorted(((top, count) for top, count in by_class.items() if count), key=lambda item: (-item[1], item[0]))
    items: list[Ranked] = []
    for place, (top, count) in enumerate(in_order, start=1):
        rank = items[-1].rank if items and items[-1].count == count else place
        if rank > RANKS:
            break
        share = str(percent(count, total))
        items.append(Ranked(rank=rank, top_class=top._asdict(), count=count, share=share))
    left = sum(count for _, count in in_order[len(items) :]) + unclassed
    rest = Rest(count=left, share=str(percent(left, total)) if total else "0.00")
    rows: list[Rest] = [*items, rest]
    printed = sum((Decimal(row.share) for row in rows), Decimal("0.00"))
    return Ranking(total=total, items=items, rest=rest, shares_sum=str(printed))
