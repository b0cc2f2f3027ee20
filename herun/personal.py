"""Personal values: the keyed hash that stands for them, and how they are masked."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from typing import Final, NamedTuple

MASK: Final = "*"  # stands for each character that is not shown
_SEPARATORS: Final = ".·-_"  # besides white space and combining marks
HASH_HEX_CHARS: Final = 32  # 128 bits: enough to never collide within an estate, short enough to index
FOLD_HEX_CHARS: Final = 16  # 64 bits: a million folded plates collide with a chance of 1 in 10^7
NEAR_HEX_CHARS: Final = 12  # 48 bits: a read meets one of 100,000 others by chance once in 10^8 times
MAX_NEAR: Final = 10  # characters of a plate that has near hashes; longer ones are two plates in one

# Characters that plate cameras take for one another, each class under its first. Letters and digits are the equivalence
# classes that recognition vendors publish for plates. A province's word folds only onto a look-alike that is no
# province: two provinces under one fold would make one car of two. Whatever else is misread, `near` finds.
CONFUSABLE: Final = ("0DOQ", "1I", "2Z", "5S", "6G", "8B", "京宗", "沪泸", "冀翼", "粤奥")
_FOLD: Final = str.maketrans({char: each[0] for each in CONFUSABLE for char in each[1:]})

# What cameras write where there is no plate to be read, normalised.
NO_PLATE: Final = frozenset({"", "无", "无牌", "无牌车", "未识别", "UNKNOWN", "UNLICENSED", "NULL", "NONE", "NOPLATE"})
MIN_PLATE_CHARS: Final = 4  # letters and digits; with fewer it is a piece of a plate, which many cars share


class PlateHashes(NamedTuple):
    """What stands for a plate: `exact` for the plate, `fold` for all that look like it, `near` for one more misread.

    `near` has one hash a position of the folded plate with that character left open: two plates of one length that
    differ in one character share exactly one of them.
    """

    exact: str
    fold: str
    near: tuple[str, ...]


def normalise_plate(plate: str) -> str:
    """One spelling for one plate: NFKC, upper case, without separators. Normalising twice changes nothing."""
    text = unicodedata.normalize("NFKC", plate).upper()
    kept = "".join(char for char in text if char not in _SEPARATORS and unicodedata.category(char)[0] not in "MZ")
    return unicodedata.normalize("NFKC", kept)


def is_readable(plate: str) -> bool:
    """Whether a normalised plate is one: not a word for none, and not a piece with characters missing or masked."""
    characters = sum(char.isascii() and char.isalnum() for char in plate)
    return (
        plate not in NO_PLATE and characters >= MIN_PLATE_CHARS and all(char.isalnum() or char == "|" for char in plate)
    )


def fold_plate(plate: str) -> str:
    """A normalised plate with each confusable character replaced by the first of its class."""
    return plate.translate(_FOLD)


def plate_hashes(key: bytes, plate: str) -> PlateHashes | None:
    """The hashes of a normalised plate; None for what is no plate: it must be like no other."""
    if not is_readable(plate):
        return None
    folded = fold_plate(plate)
    near = (
        tuple(
            _short_hash(key, "plate_near", f"{folded[:n]}\0{folded[n + 1 :]}", NEAR_HEX_CHARS)
            for n in range(len(folded))
        )
        if len(folded) <= MAX_NEAR
        else ()
    )
    return PlateHashes(keyed_hash(key, "plate", plate), _short_hash(key, "plate_fold", folded, FOLD_HEX_CHARS), near)


def _short_hash(key: bytes, field: str, value: str, hex_chars: int) -> str:
    """As `keyed_hash`, at a third of its cost: a plate has nine of them."""
    keyed = hashlib.sha256(key).digest() if len(key) > hashlib.blake2b.MAX_KEY_SIZE else key
    return hashlib.blake2b(f"{field}\0{value}".encode(), key=keyed, digest_size=hex_chars // 2).hexdigest()


def keyed_hash(key: bytes, field: str, value: str) -> str:
    """The hash by which equal values are matched without being known; keyed, so that plates cannot be tried out."""
    return hmac.new(key, f"{field}\0{value}".encode(), hashlib.sha256).hexdigest()[:HASH_HEX_CHARS]


def mask(value: str) -> str:
    """The value as roles see it that need not know it: first two and last character, the rest as stars."""
    if len(value) <= 3:
        return MASK * len(value)
    return value[:2] + MASK * (len(value) - 3) + value[-1]
