"""The grammar of names that end up in topics, subjects and keys."""

from __future__ import annotations

import re
from typing import Final

# One MQTT level and one NATS token: no dot, slash, wildcard or space can smuggle a name into another's topic.
NAME_PATTERN: Final = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
_NAME = re.compile(NAME_PATTERN)


def is_name(text: str) -> bool:
    """True if `text` may name a site, device, zone, building or rule: 1 to 64 of A-Z a-z 0-9 _ -, no leading sign."""
    return _NAME.fullmatch(text) is not None
