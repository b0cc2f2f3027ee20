"""Tables of numbers as immutable bytes: a quarter of the memory of a tuple of floats, and cheap to copy.

Single precision: seven digits of what is usual are more than any sensor has.
"""

from __future__ import annotations

from math import nan
from struct import Struct
from typing import Final

_NUMBER: Final = Struct("<f")
_SIZE: Final = _NUMBER.size
_pack: Final = _NUMBER.pack
_unpack: Final = _NUMBER.unpack_from
LARGEST: Final = 3e38  # beyond it single precision knows infinity only


def unknown(size: int) -> bytes:
    """A table of which nothing is known: every number is NaN, which is not equal to itself."""
    return _pack(nan) * size


def number_at(table: bytes, index: int) -> float:
    """The number at this place."""
    found: float = _unpack(table, index * _SIZE)[0]
    return found


def with_number(table: bytes, index: int, value: float) -> bytes:
    """The table with another number at this place."""
    at = index * _SIZE
    return table[:at] + _pack(max(-LARGEST, min(LARGEST, value))) + table[at + _SIZE :]


def moved(table: bytes, index: int, value: float, rate: float) -> bytes:
    """The table with the number at this place moved by this share of the way to a value; unknown, it is the value."""
    known = number_at(table, index)
    return with_number(table, index, known + rate * (value - known) if known == known else value)  # noqa: PLR0124 - NaN
