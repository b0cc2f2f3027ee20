"""What topics are called by."""

from __future__ import annotations

import secrets
from typing import Final

_BYTES: Final = 6
_OLD: Final = "[0-9]{8}-[0-9]{6}"
PATTERN: Final = f"^T({_OLD}|[0-9a-f]{{{2 * _BYTES}}})$"


def new_id() -> str:
    """The id of a new topic. Drawn: of whom a topic is of, it says nothing."""
    return f"T{secrets.token_hex(_BYTES)}"


def names_an_order(topic: str) -> bool:
    """True for an id from before ids were drawn: it has the number of an order, which is not for everybody."""
    return "-" in topic
