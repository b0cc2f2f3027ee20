"""Evidence packs: whatever is done to one after it was signed is found."""

from __future__ import annotations

import io
import zipfile
from typing import Final

import pytest
from nacl.signing import SigningKey

from herun.evidence import MANIFEST, MAX_FILES, SIGNATURE, check_pack, make_pack

KEY: Final = SigningKey(b"k" * 32)
OTHER: Final = SigningKey(b"o" * 32)
FILES: Final = {"order.json": '{"text": "水"}'.encode(), "history.json": b"[]"}
PACK: Final = make_pack(FILES, {"order": "WO20260601-000001"}, KEY)
PUBLIC: Final = KEY.verify_key.encode().hex()


def repacked(**changes: bytes | None) -> bytes:
    """The pack with files changed, or taken out."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(PACK)) as before, zipfile.ZipFile(buffer, "w") as after:
        files = {name: before.read(name) for name in before.namelist()}
        for name, content in {**files, **changes}.items():
            if content is not None:
                after.writestr(name, content)
    return buffer.getvalue()


def test_what_was_signed_is_right() -> None:
    assert check_pack(PACK) == []
    assert check_pack(PACK, PUBLIC) == []
    assert check_pack(repacked(), PUBLIC) == []


def test_one_content_has_one_archive() -> None:
    assert make_pack(dict(reversed(FILES.items())), {"order": "WO20260601-000001"}, KEY) == PACK


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"order.json": b"{}"}, "order.json was changed"),
        ({"history.json": None}, "history.json is missing"),
        ({"photo.jpg": b"x"}, "photo.jpg was put in"),
        ({MANIFEST: b"{}"}, "it has no manifest"),
        ({MANIFEST: None}, "it has no manifest"),
        ({SIGNATURE: None}, "it has no manifest"),
        ({SIGNATURE: b"00" * 64}, "the signature is not of this manifest"),
    ],
)
def test_what_was_changed_is_told(changes: dict[str, bytes | None], told: str) -> None:
    (wrong,) = check_pack(repacked(**changes), PUBLIC)
    assert told in wrong


def test_a_pack_that_somebody_else_signed_is_told_apart() -> None:
    forged = make_pack(FILES, {"order": "WO20260601-000001"}, OTHER)
    assert check_pack(forged) == []
    (wrong,) = check_pack(forged, PUBLIC)
    assert "another key" in wrong


def test_wherever_a_byte_is_changed_it_is_told_in_words() -> None:
    pack = make_pack({"order.json": '{"text": "水管漏水，已修好！"}'.encode() * 20}, {}, KEY)
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        entry = archive.getinfo("order.json")
    begin = entry.header_offset + 30 + len(entry.filename)
    inside = range(begin + 1, begin + entry.compress_size - 4)  # in its first and last there are bits that say nothing
    for place in range(len(pack)):
        for bits in (0x80, 0xFF):
            wrong = check_pack(pack[:place] + bytes([pack[place] ^ bits]) + pack[place + 1 :])
            assert place not in inside or [each.partition(":")[0] for each in wrong] == ["order.json was changed"]


@pytest.mark.parametrize("history", [b"[" * 100_000, b"[{}]", b"[1]", b"{"])
def test_a_history_that_is_none_is_told(history: bytes) -> None:
    (wrong,) = check_pack(make_pack({"history.json": history}, {"order": "WO20260601-000001"}, KEY))
    assert "history.json is no history" in wrong


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", PACK[:200], b"x" * 1000])
def test_what_is_no_archive_is_told(content: bytes) -> None:
    assert check_pack(content)


def test_a_bomb_is_not_unpacked() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(70 * 1024 * 1024))
    assert check_pack(buffer.getvalue()) == ["it is larger than any pack"]


def test_a_pack_is_bounded() -> None:
    with pytest.raises(ValueError, match="at most"):
        make_pack({str(n): b"" for n in range(MAX_FILES + 1)}, {}, KEY)


def test_what_is_packed_already_is_not_packed_again() -> None:
    pack = make_pack({"pictures/1.jpg": bytes(1000), "order.json": bytes(1000)}, {}, KEY)
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        sizes = {entry.filename: entry.compress_size for entry in archive.infolist()}
    assert sizes["pictures/1.jpg"] == 1000 > sizes["order.json"]
    assert check_pack(pack, PUBLIC) == []


def commented() -> bytes:
    buffer = io.BytesIO(PACK)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = b"approved"
    return buffer.getvalue()


def with_a_gap() -> bytes:
    """The list of files after bytes that belong to none, with all places right."""
    start = PACK.index(b"PK\x01\x02")
    end = PACK[-22:-6] + (start + 4).to_bytes(4, "little") + PACK[-2:]
    return PACK[:start] + b"junk" + PACK[start:-22] + end


def with_an_extra() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(PACK)) as before, zipfile.ZipFile(buffer, "w") as after:
        for name in before.namelist():
            entry = zipfile.ZipInfo(name)
            entry.extra = b"\x99\x99\x04\x00junk"
            after.writestr(entry, before.read(name))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"junk" + PACK, PACK + b"junk", PACK + PACK, repacked() + PACK, commented(), with_a_gap(), with_an_extra()],
    ids=["before", "after", "twice", "two", "comment", "gap", "extra"],
)
def test_what_stands_beside_the_files_is_told(content: bytes) -> None:
    assert check_pack(content, PUBLIC) == ["something stands before, after or between its files that is not signed"]
