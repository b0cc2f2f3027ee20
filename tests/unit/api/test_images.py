"""Pictures that are taken in, and what is not."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from api.pictures.images import MAX_SIDE, NoPictureError, look_of, take_in


def picture(form: str = "JPEG", size: tuple[int, int] = (640, 480), *, mode: str = "RGB", **more: object) -> bytes:
    image = Image.linear_gradient("L").resize(size).rotate(30).convert(mode)
    out = io.BytesIO()
    image.save(out, form, **more)
    return out.getvalue()


def differing(a: int, b: int) -> int:
    return ((a ^ b) & (2**64 - 1)).bit_count()


@pytest.mark.parametrize(
    ("form", "mode"), [("JPEG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("WEBP", "RGB"), ("JPEG", "L")]
)
def test_what_is_a_picture_is_kept_as_a_jpeg_with_a_thumbnail(form: str, mode: str) -> None:
    taken = take_in(picture(form, mode=mode))
    assert (taken.width, taken.height) == (640, 480)
    for data, most in ((taken.whole, MAX_SIDE), (taken.thumbnail, 320)):
        with Image.open(io.BytesIO(data)) as kept:
            assert (kept.format, kept.mode) == ("JPEG", "RGB")
            assert max(kept.size) <= most


def test_what_the_camera_wrote_into_it_is_gone_and_it_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[2] = (31.0, 17.0, 5.0)  # where it was taken
    taken = take_in(picture(exif=exif, comment=b"flat 501"))
    assert (taken.width, taken.height) == (480, 640)
    for data in (taken.whole, taken.thumbnail):
        assert b"Exif" not in data
        assert b"SecretCamera" not in data
        assert b"flat 501" not in data
        with Image.open(io.BytesIO(data)) as kept:
            assert dict(kept.getexif()) == {}


def bomb(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 10**6))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "data",
    [
        b"", b"not a picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\xff\xd8\xff" + b"x" * 100,
        picture()[:2000], picture("GIF", mode="P"), picture("BMP"), picture("PNG", (4, 4)),
        b"RIFF\x00\x00\x00\x00WEBP" + b"\xff" * 50, bomb(60_000, 60_000), bomb(20_000, 20_000),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_picture_or_too_large_a_one_is_refused(data: bytes) -> None:
    with pytest.raises(NoPictureError):
        take_in(data)


def test_pictures_that_look_alike_have_a_like_look() -> None:
    first = take_in(picture()).look
    assert differing(first, take_in(picture("WEBP", (320, 240), quality=40)).look) <= 6
    assert differing(first, look_of(Image.radial_gradient("L").resize((640, 480)))) > 12
    assert -(2**63) <= first < 2**63
