"""Passwords: argon2id hashes, made and compared off the event loop."""

from __future__ import annotations

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.resources import Resources

# OWASP's second choice: 19 MiB, two passes; about 25 ms of one core.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Compared for people who do not exist, so that they take as long as those who do.
_NOBODY: Final = _HASHER.hash("nobody has this password")


async def hashed(resources: Resources, password: str) -> str:
    """The hash to store."""
    async with resources.hashing:
        return await asyncio.to_thread(_HASHER.hash, password)


async def matches(resources: Resources, password: str, stored: str | None) -> bool:
    """True if this is the password of the stored hash; takes equally long without one."""
    async with resources.hashing:
        same = await asyncio.to_thread(_verify, stored or _NOBODY, password)
    return same and stored is not None


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
