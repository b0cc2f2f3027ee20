"""Number plates as cameras write them: plain, base64, or a word for "none"."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from gateway.refusal import refused
from herun.dead_letters import DeadLetterReason
from herun.personal import NO_PLATE, normalise_plate

MAX_LICENSE_CHARS: Final = 120  # a double plate in base64 has 44; more is no plate

# A province or special word, letters and digits, and the last word of a special plate; two joined by "|" at the border.
# Foreign and misread plates have no province: any four to ten letters and digits will do.
_ONE: Final = r"(?:[一-鿿]{0,2}[A-Z0-9]{4,10}[一-鿿]?)"
_PLATE: Final = re.compile(rf"{_ONE}(?:\|{_ONE})?")


def plate_of(license_text: str | None) -> str | None:
    """The plate in a camera's `license`, in its one spelling; None for a passage without a plate.

    Raises InvalidInputError (`bad_shape`) for what is neither a plate, nor base64 of one, nor a word for none.
    """
    if license_text is None:
        return None
    if len(license_text) > MAX_LICENSE_CHARS:
        raise refused(DeadLetterReason.BAD_SHAPE, f"license has {len(license_text)} characters")
    for text in (*_decoded(license_text), license_text.strip()):
        plate = normalise_plate(text)
        if plate in NO_PLATE:
            return None
        if _PLATE.fullmatch(plate):
            return plate
    raise refused(DeadLetterReason.BAD_SHAPE, "license is no plate, neither plain nor in base64")


def _decoded(text: str) -> list[str]:
    """The texts that the base64 may stand for: UTF-8, and what older firmware writes."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return []
    found = []
    for encoding in ("utf-8", "gb18030"):
        try:
            found.append(raw.decode(encoding).strip("\0 "))
        except UnicodeDecodeError:
            continue
    return found
