"""What anybody can see of a text: one of which nothing can be seen is none."""

from __future__ import annotations

import unicodedata
from typing import Final

TITLE_CHARS: Final = 60  # of the words that something is listed by
UNSEEN: Final = "the text has nothing that can be seen"

# Controls and formats (a space of no width), separators, and marks without a letter; letters and signs that are blank.
_CATEGORIES: Final = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Mc", "Me"})
_BLANKS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def is_seen(text: str) -> bool:
    """True if anybody can see anything of it."""
    return not all(_is_unseen(char) for char in text)


def title_of(text: str) -> str:
    """What a text is listed by: its beginning, from the first that can be seen on. Empty if nothing can."""
    begin = next((n for n, char in enumerate(text) if not _is_unseen(char)), len(text))
    return text[begin : begin + TITLE_CHARS].rstrip()


def _is_unseen(char: str) -> bool:
    return unicodedata.category(char) in _CATEGORIES or char in _BLANKS
