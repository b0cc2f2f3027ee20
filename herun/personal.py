"""Personal values: the keyed hash that stands for them, and how they are masked."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from typing import Final

_SEPARATORS: Final = ".·-_"  # besides white space and combining marks
HASH_HEX_CHARS: Final = 32  # 128 bits: enough to never collide within an estate, short enough to index


def normalise_plate(plate: str) -> str:
    """One spelling for one plate: NFKC, upper case, without separators. Normalising twice changes nothing."""
    text = unicodedata.normalize("NFKC", plate).upper()
    kept = "".join(char for char in text if char not in _SEPARATORS and unicodedata.category(char)[0] not in "MZ")
    return unicodedata.normalize("NFKC", kept)


def keyed_hash(key: bytes, field: str, value: str) -> str:
    """The hash by which equal values are matched without being known; keyed, so that plates cannot be tried out."""
    return hmac.new(key, f"{field}\0{value}".encode(), hashlib.sha256).hexdigest()[:HASH_HEX_CHARS]


def mask(value: str) -> str:
    """The value as roles see it that need not know it: first two and last character, the rest as stars."""
    if len(value) <= 3:
        return "*" * len(value)
    return value[:2] + "*" * (len(value) - 3) + value[-1]
