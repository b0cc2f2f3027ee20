"""The state as bytes. What cannot be read is refused: the state is rebuilt then."""

from __future__ import annotations

import zlib
from typing import Final

import msgspec

from herun.errors import InvalidInputError
from processor.engine.state import State

FORMAT_VERSION: Final = 2
READABLE_VERSIONS: Final = frozenset(
    {2}
)  # what rules held in version 1 cannot be told from it: it is rebuilt from the events
COMPRESSION: Final = 1  # the quickest: halves the identities, which are most of it

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(State)


def pack(state: State) -> bytes:
    """The state as it is now; later changes do not show."""
    return _encoder.encode(state)


def compress(packed: bytes) -> bytes:
    """What is stored of a packed state; may run in a thread of its own."""
    return zlib.compress(packed, COMPRESSION)


def restore(stored: bytes, format_version: int) -> State:
    """The state of a stored snapshot. Raises InvalidInputError (`bad_snapshot`)."""
    if format_version not in READABLE_VERSIONS:
        raise InvalidInputError("bad_snapshot", f"version {format_version}, readable are {sorted(READABLE_VERSIONS)}")
    try:
        return _decoder.decode(zlib.decompress(stored))
    except (zlib.error, msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise InvalidInputError("bad_snapshot", repr(error)) from error
