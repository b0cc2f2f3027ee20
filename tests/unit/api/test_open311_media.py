"""A picture keeps what it shows, and loses what it tells."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.open311.media import JPEG, PNG, bare


def segment(kind: int, body: bytes) -> bytes:
    return bytes([0xFF, kind]) + (len(body) + 2).to_bytes(2, "big") + body


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


SCAN = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"scanned \xff\x00 \xff\xd0 rows"
JPEG_HEAD = b"\xff\xd8" + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
PICTURE = JPEG_HEAD + segment(0xDB, b"\0" * 65) + SCAN + b"\xff\xd9"
EXIF = segment(0xE1, b"Exif\0\0 31.3 N 120.6 E, 138 0000 1234")
PNG_HEAD = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"\0\0\0\1\0\0\0\1\x08\2\0\0\0")
PNG_TAIL = chunk(b"IDAT", zlib.compress(b"\0\0\0\0")) + chunk(b"IEND", b"")


def test_a_jpeg_loses_where_it_was_taken() -> None:
    told = JPEG_HEAD + EXIF + segment(0xFE, b"by me") + PICTURE[len(JPEG_HEAD) :] + b"a film behind it"
    assert bare(told) == (JPEG, PICTURE)
    assert bare(PICTURE) == (JPEG, PICTURE)


def test_a_png_loses_its_texts() -> None:
    told = PNG_HEAD + chunk(b"tEXt", b"Author\0me") + chunk(b"eXIf", b"31.3 N") + PNG_TAIL + b"behind"
    assert bare(told) == (PNG, PNG_HEAD + PNG_TAIL)


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"<svg onload='x'/>", b"\xff\xd8", PICTURE[:30], PNG_HEAD, PNG_HEAD + PNG_TAIL[:9]]
)
def test_what_is_no_picture_or_not_a_whole_one_is_none(content: bytes) -> None:
    assert bare(content) is None


@given(st.binary(max_size=300), st.sampled_from([b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", JPEG_HEAD, PNG_HEAD]))
def test_no_bytes_are_too_strange(content: bytes, head: bytes) -> None:
    found = bare(head + content)
    assert found is None or found[1].startswith((b"\xff\xd8", b"\x89PNG"))
