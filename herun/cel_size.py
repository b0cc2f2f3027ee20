"""The function `size` of conditions, as CEL has it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

from herun.cel_tokens import NotUnderstoodError, split

# The library's own `size` counts a text's bytes, CEL asks for its characters; a function of that name is not taken.
_SIZE: Final = "size"
OWN_SIZE: Final = "size__"
NO_SIZE: Final = f"Function '{OWN_SIZE}' error"


def with_own_size(text: str) -> str:
    """The text with our function where it calls `size`."""
    try:
        tokens = split(text)
    except NotUnderstoodError:
        return text
    parts, at = [], 0
    for token, follows in pairwise(tokens):
        if (token.kind, token.text, follows.text) == ("name", _SIZE, "("):
            parts += [text[at : token.begin], OWN_SIZE]
            at = token.end
    return "".join([*parts, text[at:]])


def size_of(value: Any) -> int:
    """The number of characters, bytes, items or entries. Raises TypeError for what has none."""
    if not isinstance(value, str | bytes | list | dict):
        raise TypeError(type(value).__name__)
    return len(value)
