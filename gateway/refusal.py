"""How input is refused: one exception, whose reason is one of the dead letters'."""

from __future__ import annotations

from herun.dead_letters import DeadLetterReason
from herun.errors import InvalidInputError


def refused(reason: DeadLetterReason, detail: str) -> InvalidInputError:
    """The error to raise. `detail` goes to operators: it names fields and lengths, never a personal value."""
    return InvalidInputError(reason.value, detail)
