"""Which of the orders closed on a day are visited. Pure: the same seed draws the same orders, in any language.

The orders of a share are put in the order of SHA-256 of `<seed>:<number>`, and the first so many are drawn.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from api.return_visits.schemas import Share


@dataclass(frozen=True, slots=True)
class Closed:
    """An order that could be drawn."""

    number: str
    round: int
    category: str
    unit: str | None


def drawn(orders: Iterable[Closed], shares: Sequence[Share], seed: int) -> list[Closed]:
    """Of the orders of each share so many per cent, rounded up: of one order, that one."""
    groups: dict[int, list[Closed]] = defaultdict(list)
    for order in orders:
        index = _share_of(order, shares)
        if index is not None:
            groups[index].append(order)
    found = []
    for index, group in sorted(groups.items()):
        group.sort(key=partial(_lot, seed))
        found += group[: -(-len(group) * shares[index].percent // 100)]
    return found


def _lot(seed: int, order: Closed) -> bytes:
    return hashlib.sha256(f"{seed}:{order.number}".encode()).digest()


def _share_of(order: Closed, shares: Sequence[Share]) -> int | None:
    fitting = [
        (share.category is not None, share.unit is not None, index)
        for index, share in enumerate(shares)
        if share.category in {None, order.category} and share.unit in {None, order.unit}
    ]
    return max(fitting)[-1] if fitting else None
