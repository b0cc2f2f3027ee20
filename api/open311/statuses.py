"""What a state of an order is to an Open311 client. Pure."""

from __future__ import annotations

from typing import Final

# The specification's own two: a request is closed when whoever sent it in has an answer, not when a worker says "done".
# A merged one stands as the other does (`open311_orders`), and is merged only if it may not be told how that stands.
CLOSED: Final = ("answered", "rated", "closed", "cancelled")

# The finer ones that FixMyStreet and its relatives know; whatever is not named here is "open".
_DETAILED: Final = {
    "dispatched": "action_scheduled",
    "handling": "in_progress",
    "on_hold": "action_scheduled",
    "returned": "internal_referral",
    "arbitration": "internal_referral",
    "resolved": "in_progress",
    "answered": "fixed",
    "rated": "closed",  # whether it was fixed is what the rating says
    "closed": "closed",
    "merged": "duplicate",
    "cancelled": "cancelled",
}
OPEN_STATUS: Final = "open"
CLOSED_STATUS: Final = "closed"


def status(state: str) -> str:
    """open or closed."""
    return CLOSED_STATUS if state in CLOSED else OPEN_STATUS


def detailed(state: str) -> str:
    """The finer status."""
    return _DETAILED.get(state, OPEN_STATUS)
