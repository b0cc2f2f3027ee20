"""Plates that look alike: one car that was misread, or two cars."""

from __future__ import annotations

from typing import Final

from herun.passages import Match
from processor.engine.alerting import Evaluation
from processor.engine.passages.records import SURE, Move, VehicleKey

Plate = tuple[str, int]  # its hash, and how sure the camera was of it

_TWIN: Final = "~"  # in a key, between the fold and the exact plate


def plate_read(move: Move) -> Plate:
    """The plate that a passage's reads have voted for."""
    return move.plate_hash, move.best


def are_two(ev: Evaluation, site: str, one: Plate, other: Plate) -> bool:
    """Whether plates of one fold are two cars: read differently and surely, or both stand on lists as they are."""
    if one[0] == other[0]:
        return False
    if min(one[1], other[1]) >= SURE:
        return True
    lists = ev.state.passages.lists.get(site, ())
    return all(any(each in plates.exact for plates in lists) for each in (one[0], other[0]))


def match_of(one: Move, other: Move) -> Match:
    """How the plates of two passages of one car agree."""
    return Match.EXACT if one.plate_hash == other.plate_hash else Match.CONFUSABLE


def twin_of(key: VehicleKey, plate_hash: str) -> VehicleKey:
    """The key of a car that looks like another one, which was inside when it came."""
    return key[0], f"{key[1]}{_TWIN}{plate_hash}"


def fold_of(key: VehicleKey) -> str:
    """The fold of a car's plate."""
    return key[1].partition(_TWIN)[0]
