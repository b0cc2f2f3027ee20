"""Pictures that are taken in, and what is not."""

from __future__ import annotations

import io
import random
import struct
import zlib

import pytest
from PIL import Image, ImageOps

from api.pictures.images import MAX_SIDE, NoPictureError, look_of, take_in

FORMATS = ("JPEG", "PNG", "WEBP")
ASCII, SHORT, LONG, RATIONAL = 2, 3, 4, 5  # types of EXIF


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


def exif(*entries: tuple[int, int, int, bytes]) -> bytes:
    """EXIF of entries (tag, type, count, four bytes: the value, or where it stands) and of orientation 6."""
    lies = (0x0112, SHORT, 1, b"\x06\0\0\0")
    every = [struct.pack("<HHI4s", *each) for each in sorted({lies, *entries})]
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(every)) + b"".join(every) + b"\0\0\0\0"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_however_the_camera_was_held_it_stands_upright(orientation: int) -> None:
    held = Image.Exif()
    held[0x0112] = orientation
    sent = picture(exif=held)
    with Image.open(io.BytesIO(sent)) as image:
        upright = ImageOps.exif_transpose(image)
        taken = take_in(sent)
        assert (taken.width, taken.height) == upright.size
        assert differing(taken.look, look_of(upright)) <= 4


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow warns of what is wrong in EXIF
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "wrong",
    [
        (0x011A, ASCII, 3, b"72\0\0"),  # a resolution in words
        (0x0100, ASCII, 3, b"64\0\0"),  # so a width
        (0x00FE, ASCII, 2, b"1\0\0\0"),
        (0x8769, ASCII, 3, b"ab\0\0"),  # where more stands
        (0xA005, ASCII, 3, b"ab\0\0"),
        (0x8825, LONG, 1, b"\xff\xff\xff\x7f"),  # place far behind the end
        (0x011B, RATIONAL, 2**31, b"\x08\0\0\0"),
    ],
    ids=lambda wrong: f"{wrong[0]:#06x}",
)
def test_whatever_else_the_camera_wrote_the_picture_is_taken_upright(
    form: str, wrong: tuple[int, int, int, bytes]
) -> None:
    taken = take_in(picture(form, exif=exif(wrong)))
    assert (taken.width, taken.height) == (480, 640)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "written",
    [
        b"", b"Exif\0\0", b"Exif\0\0II*\0", b"no EXIF at all", exif()[:20],
        exif().replace(b"\x06\0\0\0\0\0\0\0", b"\x09\0\0\0\0\0\0\0"),  # there is no such way to hold it
        exif().replace(struct.pack("<HI", SHORT, 1), struct.pack("<HI", ASCII, 2)),
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_say_how_the_camera_was_held_is_passed_over(form: str, written: bytes) -> None:
    taken = take_in(picture(form, exif=written))
    assert (taken.width, taken.height) == (640, 480)


def damaged(sent: bytes, chance: random.Random, where: range) -> bytes:
    data = bytearray(sent)
    for _ in range(chance.randint(1, 4)):
        data[chance.choice(where)] = chance.randrange(256)
    return bytes(data)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_words_of_the_camera_never_cost_the_picture() -> None:
    chance, written = random.Random(6), exif((0x011A, RATIONAL, 1, b"\x26\0\0\0"), (0xA005, LONG, 1, b"\x08\0\0\0"))
    sent = picture(size=(64, 48), exif=written)
    begin = sent.index(written)
    for _ in range(400):
        taken = take_in(damaged(sent, chance, range(begin, begin + len(written))))
        assert {taken.width, taken.height} == {64, 48}


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("form", FORMATS)
def test_a_damaged_file_is_a_picture_or_refused_and_nothing_else(form: str) -> None:
    chance, sent = random.Random(6), picture(form, (64, 48), exif=exif((0x011A, ASCII, 3, b"72\0\0")))
    refused = 0
    for _ in range(400):
        try:
            take_in(damaged(sent, chance, range(min(400, len(sent)))))
        except NoPictureError:
            refused += 1
    assert refused > 0


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
