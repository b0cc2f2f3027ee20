"""Whether anybody can see anything of a text: one of which nothing can be seen is none."""

from __future__ import annotations

import unicodedata
from typing import Final

UNSEEN: Final = "the text has nothing that can be seen"

# Controls and formats (a space of no width), separators, and marks without a letter; letters and signs that are blank.
_CATEGORIES: Final = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Mc", "Me"})
_BLANKS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def is_seen(text: str) -> bool:
    """True if anybody can see anything of it."""
    return not all(unicodedata.category(char) in _CATEGORIES or char in _BLANKS for char in text)
