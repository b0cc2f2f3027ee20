"""Evidence packs: an archive whose manifest names every file's hash and is signed, so that it can be checked anywhere.

A pack is a ZIP: `manifest.json`, `manifest.sig` (Ed25519 over the manifest's bytes) and the files that it names.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from herun.order_chain import BEGINNING, Entry, chained

HISTORY: Final = "history.json"
_KNOWN: Final = frozenset({"site", "number", "at"})
FORMAT: Final = "herun-evidence/1"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
MAX_FILES: Final = 200
MAX_BYTES: Final = 64 * 1024 * 1024  # of all files of a pack, unpacked: a bomb is not opened
PACKED_ALREADY: Final = ".jpg"
# What reading an archive raises whose bytes were changed anywhere.
_UNREADABLE: Final = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, ValueError, OSError, EOFError,
    NotImplementedError, RuntimeError,
)  # fmt: skip
_HEADERS_LENGTH: Final = 30 + 46  # of a file, without its name
_END_LENGTH: Final = 22  # of what ends an archive
_ALWAYS_THE_SAME: Final = (1980, 1, 1, 0, 0, 0)  # the files' own time: one content has one archive


def make_pack(files: Mapping[str, bytes], about: Mapping[str, Any], key: SigningKey) -> bytes:
    """The archive of the files. `about` goes into the manifest as it is. Raises ValueError if it would be too large."""
    if len(files) > MAX_FILES or sum(map(len, files.values())) > MAX_BYTES:
        raise ValueError(f"a pack holds at most {MAX_FILES} files of together {MAX_BYTES} bytes")
    named = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in sorted(files.items())
    }
    manifest = json.dumps(
        {"format": FORMAT, **about, "key": key.verify_key.encode().hex(), "files": named}, ensure_ascii=False, indent=2
    ).encode()
    signature = key.sign(manifest).signature.hex().encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {MANIFEST: manifest, SIGNATURE: signature, **dict(sorted(files.items()))}.items():
            entry = zipfile.ZipInfo(name, _ALWAYS_THE_SAME)
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(PACKED_ALREADY) else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


def check_pack(content: bytes, key: str | None = None) -> list[str]:
    """What is wrong with a pack, one sentence each; nothing: it is as it was signed.

    `key` is the public key in hexadecimal that must have signed it; without it only that *somebody* signed is known.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
            if len(archive.infolist()) > MAX_FILES + 2 or sum(sizes.values()) > MAX_BYTES + 2**20:
                return ["it is larger than any pack"]
            if len(sizes) != len(archive.infolist()):
                return ["a file stands in it twice"]
            if len(content) != sum(map(_length, archive.infolist())) + _END_LENGTH:
                return ["something stands before, after or between its files that is not signed"]
            files = {name: _unpacked(archive, name) for name in sizes}
    except _UNREADABLE as error:
        return [f"it is no archive that can be read: {error}"]
    except _ChangedError as error:
        return [str(error)]
    return _wrong(files, key)


class _ChangedError(Exception):
    """A file of the archive is not what was packed."""


def _unpacked(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        return archive.read(name)
    except _UNREADABLE as error:
        raise _ChangedError(f"{name} was changed: {error}") from error


def _length(entry: zipfile.ZipInfo) -> int:
    """The bytes of a file in the archive: with a header before it and one in the list at the end, and no more."""
    return _HEADERS_LENGTH + 2 * len(entry.filename.encode()) + entry.compress_size


def _wrong(files: dict[str, bytes], key: str | None) -> list[str]:
    manifest, signature = files.pop(MANIFEST, b""), files.pop(SIGNATURE, b"")
    try:
        about = json.loads(manifest)
        signer = str(about["key"])
        named = {str(name): str(file["sha256"]) for name, file in about["files"].items()}
        VerifyKey(bytes.fromhex(signer)).verify(manifest, bytes.fromhex(signature.decode()))
    except BadSignatureError:
        return ["the signature is not of this manifest"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        return [f"it has no manifest with a signature: {error!r}"]
    found = []
    if key is not None and signer != key.lower():
        found.append(f"it is signed with another key: {signer}")
    found += [f"{name} is missing" for name in named.keys() - files.keys()]
    found += [f"{name} was put in" for name in files.keys() - named.keys()]
    found += [
        f"{name} was changed"
        for name in named.keys() & files.keys()
        if hashlib.sha256(files[name]).hexdigest() != named[name]
    ]
    if "order" in about and HISTORY in files:
        found += _rechained(files[HISTORY], about)
    return sorted(found)


def _rechained(history: bytes, about: dict[str, Any]) -> list[str]:
    """The entries that stand as they were written, and whose hash is nevertheless not that of their words."""
    try:
        return [
            f"{HISTORY}: the hash of entry {entry['n']} is not of its words"
            for entry in json.loads(history)
            if entry["as_written"] and entry["hash"] is not None and _made_again(entry, about) != entry["hash"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        return [f"{HISTORY} is no history: {error!r}"]


def _made_again(entry: dict[str, Any], about: dict[str, Any]) -> str:
    words = {name: entry[name] for name in Entry.__dataclass_fields__ if name not in _KNOWN}
    known = {"site": about["site"], "number": about["order"], "at": datetime.fromisoformat(entry["at"])}
    return chained(bytes.fromhex(entry["before"] or BEGINNING.hex()), Entry(**words, **known)).hex()
