"""Access tokens: signed, short-lived, and about nothing but who. Times are the machine's, not the estate's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import jwt

from api.resources import Resources
from herun.clock import MINUTE_US, SECOND_US

ALGORITHM: Final = "HS256"
MAX_TOKEN_CHARS: Final = 2000


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says."""

    username: str
    expires_wall_us: int


def issue(resources: Resources, username: str) -> tuple[str, int]:
    """A token for this person and when it ends, in microseconds of wall time."""
    issued = resources.wall.now_us() // SECOND_US
    expires = issued + resources.settings.token_minutes * (MINUTE_US // SECOND_US)
    claims = {"sub": username, "iat": issued, "exp": expires}
    return jwt.encode(claims, resources.token_key, ALGORITHM), expires * SECOND_US


def read(resources: Resources, token: str) -> Claims | None:
    """The claims of a token that we signed and that has not ended; None for every other."""
    if len(token) > MAX_TOKEN_CHARS:
        return None
    try:
        # The ends are compared here, with the clock that was injected.
        claims = jwt.decode(
            token,
            resources.token_key,
            [ALGORITHM],
            options={"require": ["sub", "exp"], "verify_exp": False, "verify_iat": False},
        )
        expires = int(claims["exp"]) * SECOND_US
    except (jwt.InvalidTokenError, ValueError, TypeError):
        return None
    return Claims(str(claims["sub"]), expires) if resources.wall.now_us() < expires else None
