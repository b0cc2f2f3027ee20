"""A photograph, as far as the system looks at it: a small grey PNG. Pure."""

from __future__ import annotations

import struct
import zlib
from typing import Final

_SIDE: Final = 32


def photo(shade: int) -> bytes:
    """A picture that slopes from dark to as bright as `shade`, 0 to 255."""
    row = b"\0" + bytes(shade * x // (_SIDE - 1) for x in range(_SIDE))
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 0, 0, 0, 0)
    body = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(row * _SIDE)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
