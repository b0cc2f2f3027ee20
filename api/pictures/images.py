"""From what somebody sent to a picture that can be kept: decoded, drawn anew, without anything but what is to be seen.

Drawing it anew strips what the camera wrote into it (place, time, device) and whatever else hid in the file.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import structlog
from PIL import ExifTags, Image

log = structlog.get_logger(__name__)

MAX_PIXELS: Final = 40_000_000  # a phone's best camera; decoded it takes 120 MB, one at a time
MAX_SIDE: Final = 2048  # of what is kept: enough to read a sign
THUMBNAIL_SIDE: Final = 320
_MIN_SIDE: Final = 16
_QUALITY: Final = 85
_LOOK_SIDE: Final = 8  # 64 comparisons
_SIGN_BIT: Final = 1 << 63

_FORMATS: Final = ("JPEG", "PNG", "WEBP")
_WHITE: Final = (255, 255, 255)
_TURNS: Final[Mapping[object, Image.Transpose]] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # from how the camera was held to how it is to be seen


class NoPictureError(ValueError):
    """What was sent is no picture that is taken in; the text says why."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A picture as it is kept: JPEG, upright, with its thumbnail. `look` is alike in pictures that look alike, `sha256`
    of the whole picture, in hexadecimal.
    """

    whole: bytes
    thumbnail: bytes
    width: int
    height: int
    look: int
    sha256: str


def take_in(data: bytes) -> Taken:
    """Raises NoPictureError, and nothing else, for what is no JPEG, PNG or WebP, cannot be decoded, or is too large or
    too small.
    """
    if format_of(data) is None:
        raise NoPictureError("not a JPEG, PNG or WebP picture")
    try:
        upright = _decoded(data)
    except NoPictureError:
        raise
    except Exception as error:  # decoders raise all there is, also struct.error and IndexError
        raise NoPictureError("it cannot be decoded") from error
    small = upright.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    whole = _jpeg(upright)
    digest = hashlib.sha256(whole).hexdigest()
    return Taken(whole, _jpeg(small), upright.width, upright.height, look_of(upright), digest)


def format_of(data: bytes) -> str | None:
    """What the first bytes say that it is."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    return "WEBP" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def look_of(image: Image.Image) -> int:
    """Which of two neighbours in a small grey picture is the brighter, as the bits of a signed 64-bit number."""
    grey = image.convert("L").resize((_LOOK_SIDE + 1, _LOOK_SIDE), Image.Resampling.BILINEAR).tobytes()
    bits = 0
    for row in range(_LOOK_SIDE):
        begin = row * (_LOOK_SIDE + 1)
        for at in range(begin, begin + _LOOK_SIDE):
            bits = bits << 1 | (grey[at] > grey[at + 1])
    return bits - (1 << 64) if bits & _SIGN_BIT else bits


def _decoded(data: bytes) -> Image.Image:
    """As it is to be seen, and no larger than what is kept."""
    with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        # The header alone is read so far: a bomb is refused before it is unpacked.
        if image.width * image.height > MAX_PIXELS:
            raise NoPictureError(f"a picture has at most {MAX_PIXELS} pixels")
        if min(image.size) < _MIN_SIDE:
            raise NoPictureError(f"a picture has at least {_MIN_SIDE} pixels each way")
        image.draft("RGB", (MAX_SIDE, MAX_SIDE))
        image.load()
        turn = _turn(image)
        seen = _on_white(image if turn is None else image.transpose(turn))
    seen.info = {}  # comments and profiles would be written along
    seen.thumbnail((MAX_SIDE, MAX_SIDE))
    return seen


def _turn(image: Image.Image) -> Image.Transpose | None:
    """How to put it upright. This is read alone: writing the rest anew fails on what is wrong in it."""
    try:
        return _TURNS.get(image.getexif().get(ExifTags.Base.Orientation))
    except Exception as error:  # noqa: BLE001 - what the camera wrote is not to be read; the picture is all there
        log.info("exif_unreadable", error=type(error).__name__)
        return None


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    seen = image.convert("RGBA")
    ground = Image.new("RGB", seen.size, _WHITE)
    ground.paste(seen, mask=seen)
    return ground


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()
