"""The grammar of names that end up in topics, subjects and keys."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

MAX_TOLD: Final = 10  # names in one sentence

# One MQTT level and one NATS token: no dot, slash, wildcard or space can smuggle a name into another's topic.
NAME_PATTERN: Final = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
_NAME = re.compile(NAME_PATTERN)


def is_name(text: str) -> bool:
    """True if `text` may name a site, device, zone, building or rule: 1 to 64 of A-Z a-z 0-9 _ -, no leading sign."""
    return _NAME.fullmatch(text) is not None


def meant(name: str, known: Iterable[str]) -> str:
    """Of a name that nothing has, which one may be meant, or which ones there are."""
    there = sorted(known)
    if close := get_close_matches(name, there, 1):
        return f"did you mean {close[0]}?"
    more = ", ..." if len(there) > MAX_TOLD else ""
    return f"known are {', '.join(there[:MAX_TOLD]) or 'none'}{more}"
