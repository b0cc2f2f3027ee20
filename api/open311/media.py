"""Pictures that come with a request: what they are, and without what they need not say. Pure.

A phone writes into a picture where and when it was taken, and with which device. Only the picture itself is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

MAX_PICTURE_BYTES: Final = 5 * 1024 * 1024  # what a phone makes; larger ones tell a worker nothing more
JPEG: Final = "image/jpeg"
PNG: Final = "image/png"

_JPEG_START: Final = b"\xff\xd8"
_PNG_START: Final = b"\x89PNG\r\n\x1a\n"
_SCAN: Final = 0xDA  # from here on there is nothing but the picture
_END: Final = 0xD9
# Segments that say something about the picture: APP1 to APP13, APP15, and comments. APP0 and APP14 say how to read it.
_ABOUT_JPEG: Final = frozenset({*range(0xE1, 0xEE), 0xEF, 0xFE})
# Chunks without which a picture cannot be shown rightly.
_OF_PNG: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT"})


def bare(picture: bytes) -> tuple[str, bytes] | None:
    """The type of a picture, and the picture without what is said about it; None for what is neither JPEG nor PNG."""
    parts = _jpeg(picture) if picture.startswith(_JPEG_START) else _png(picture)
    try:
        kept = b"".join(parts)
    except _NotAPictureError:
        return None
    return (JPEG if picture.startswith(_JPEG_START) else PNG), kept


class _NotAPictureError(ValueError):
    """It ends, or changes its mind, in the middle."""


def _jpeg(picture: bytes) -> Iterator[bytes]:
    yield _JPEG_START
    at = len(_JPEG_START)
    while True:
        head = picture[at : at + 4]
        if len(head) < 4 or head[0] != 0xFF:
            raise _NotAPictureError
        kind, length = head[1], int.from_bytes(head[2:4], "big")
        if kind == _SCAN:
            # What follows the end is no picture: some phones put a film there.
            end = picture.rfind(bytes([0xFF, _END]))
            if end < at:
                raise _NotAPictureError
            yield picture[at : end + 2]
            return
        segment = picture[at : at + 2 + length]
        if len(segment) < 2 + length or length < 2:
            raise _NotAPictureError
        if kind not in _ABOUT_JPEG:
            yield segment
        at += 2 + length


def _png(picture: bytes) -> Iterator[bytes]:
    if not picture.startswith(_PNG_START):
        raise _NotAPictureError
    yield _PNG_START
    at = len(_PNG_START)
    while True:
        length, kind = int.from_bytes(picture[at : at + 4], "big"), picture[at + 4 : at + 8]
        chunk = picture[at : at + 12 + length]
        if len(chunk) < 12 + length:
            raise _NotAPictureError
        if kind in _OF_PNG:
            yield chunk
        if kind == b"IEND":
            return
        at += 12 + length
