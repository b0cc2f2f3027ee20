"""What people have told the engine: settings, plate lists and visitors' permits. Hashes only."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from herun.clock import HOUR_US
from herun.frames import Control
from herun.passages import MAX_PERMITS, Finding, Match, PassageSettings, Permit, PermitPut
from herun.personal import NEAR_HEX_CHARS
from processor.engine.alerting import Evaluation
from processor.engine.passages.findings import flag_move, settings_of
from processor.engine.passages.records import MAX_PERMITS_A_CAR, PERMIT_KEPT_US, Move, PlateList, VehicleKey
from processor.engine.state import TimerKey

TIMER: Final = "passages.permit"

# How sure it is that a plate that agrees so is the listed one, beyond how sure the camera is of its read.
LIKELIHOOD: Final = {Match.EXACT: 1.0, Match.CONFUSABLE: 0.9, Match.ONE_CHARACTER: 0.5}


class _Removed(msgspec.Struct, frozen=True):
    visitor: str
    plate_fold: str


class _ListBody(msgspec.Struct, frozen=True):
    name: str
    hashes: frozenset[str]
    folds: frozenset[str] = frozenset()
    nears: tuple[str, ...] = ()


def put_settings(ev: Evaluation, control: Control) -> None:
    """`passages.put`."""
    ev.journal.put(ev.state.passages.settings, control.site, msgspec.convert(control.body, PassageSettings))


def put_list(ev: Evaluation, control: Control) -> str:
    """`list.put`: the list replaces the one of its name, which is returned; in the order of names."""
    body = msgspec.convert(control.body, _ListBody)
    nears = frozenset(text[n : n + NEAR_HEX_CHARS] for text in body.nears for n in range(0, len(text), NEAR_HEX_CHARS))
    lists = ev.state.passages.lists
    others = (each for each in lists.get(control.site, ()) if each.name != body.name)
    new = PlateList(body.name, body.hashes, body.folds, nears)
    ev.journal.put(lists, control.site, tuple(sorted((*others, new), key=lambda each: each.name)))
    return body.name


def put_permit(ev: Evaluation, control: Control) -> VehicleKey:
    """`visitor.put`: one more announced visit, or the same one changed. Raises ValueError if the register is full."""
    body = msgspec.convert(control.body, PermitPut)
    key = (control.site, body.plate_fold)
    permits = ev.state.passages.permits
    if key not in permits and sum(each[0] == control.site for each in permits) >= MAX_PERMITS:
        raise ValueError(f"{control.site} has {MAX_PERMITS} permits")
    others = [each for each in permits.get(key, ()) if each.visitor != body.visitor]
    new = Permit(body.visitor, body.valid_from, body.valid_until, body.plate_hash or "")
    _keep(ev, key, sorted((*others, new), key=lambda each: (each.valid_until, each.visitor))[-MAX_PERMITS_A_CAR:])
    return key


def remove_permit(ev: Evaluation, control: Control) -> VehicleKey:
    """`visitor.removed`: the visit is off."""
    body = msgspec.convert(control.body, _Removed)
    key = (control.site, body.plate_fold)
    _keep(ev, key, [each for each in ev.state.passages.permits.get(key, ()) if each.visitor != body.visitor])
    return key


def _keep(ev: Evaluation, key: VehicleKey, permits: list[Permit]) -> None:
    if permits:
        ev.journal.put(ev.state.passages.permits, key, tuple(permits))
        ev.timers.arm((TIMER, *key), permits[0].valid_until + PERMIT_KEPT_US)
    else:
        ev.journal.remove(ev.state.passages.permits, key)
        ev.timers.disarm((TIMER, *key))


def on_timer(ev: Evaluation, timer: TimerKey, due: int) -> None:
    """A permit has been over for long: it is forgotten."""
    key: VehicleKey = (timer[1], timer[2])
    permits = ev.state.passages.permits.get(key, ())
    _keep(ev, key, [each for each in permits if each.valid_until + PERMIT_KEPT_US > due])


def check_permit(ev: Evaluation, key: VehicleKey, move: Move) -> None:
    """A visitor who enters outside of all announced times is found."""
    permits = _permits_of(ev, key, move)
    if permits and not any(each.valid_from <= move.at <= each.valid_until for each in permits):
        nearest = min(permits, key=lambda each: (abs(each.valid_until - move.at), each.visitor))
        match = permit_match(ev, key, move)
        flag_move(ev, Finding.EXPIRED_VISITOR, key[0], move, visitor=nearest.visitor, match=match)


def permit_match(ev: Evaluation, key: VehicleKey, move: Move) -> Match | None:
    """How the plate agrees with that of the visits it is judged by; None if there is none, or none says its plate."""
    hashes = {each.plate_hash for each in _permits_of(ev, key, move)} - {""}
    if not hashes:
        return None
    return Match.EXACT if move.plate_hash in hashes else Match.CONFUSABLE


def _permits_of(ev: Evaluation, key: VehicleKey, move: Move) -> list[Permit]:
    """The announced visits of this car, which is no resident's: of its very plate, else of one that looks like it."""
    if _is_listed(ev, key[0], move, settings_of(ev, key[0]).residents_list):
        return []
    permits = ev.state.passages.permits.get(key, ())
    is_known = any(each.plate_hash == move.plate_hash for each in permits)
    return [each for each in permits if not is_known or each.plate_hash in {"", move.plate_hash}]


def overstay_at(ev: Evaluation, key: VehicleKey, entry: Move) -> int:
    """Engine time at which a visitor who entered so has stayed too long; 0 for who may stay.

    Of one who came before all announced times the stay counts from the first of them.
    """
    settings = settings_of(ev, key[0])
    permits = _permits_of(ev, key, entry)
    is_stranger = _is_listed(ev, key[0], entry, settings.residents_list) is False
    if not permits and not is_stranger:
        return 0
    begun = [each for each in permits if each.valid_from <= entry.at]
    valid = [each.valid_until for each in begun if each.valid_until >= entry.at]
    since = entry.at
    if permits and not begun:
        first = min(permits, key=lambda each: (each.valid_from, each.valid_until))
        valid = [first.valid_until]
        since = entry.at if is_stranger else first.valid_from
    until = since + round(settings.overstay_hours * HOUR_US)
    return max(ev.now, min([until, *([max(valid)] if valid else [])]))


def _is_listed(ev: Evaluation, site: str, move: Move, residents: str | None) -> bool | None:
    """Whether the very plate is on the list of residents; None if there is no such list."""
    found = [each for each in ev.state.passages.lists.get(site, ()) if each.name == residents]
    return move.plate_hash in found[0].exact if found else None


def check_lists(ev: Evaluation, key: VehicleKey, near: str, move: Move, confidence: float) -> None:
    """Each list that the plate is on, or nearly on, is found; the residents' own is none to look for."""
    residents = settings_of(ev, key[0]).residents_list
    for each in ev.state.passages.lists.get(key[0], ()):
        match = None if each.name == residents else _match(each, key[1], near, move.plate_hash)
        if match is not None:
            sure = round(confidence * LIKELIHOOD[match], 3)
            more: dict[str, Any] = {"list": each.name, "match": match.value, "confidence": sure}
            flag_move(ev, Finding.LISTED_PLATE, key[0], move, each.name, **more)


def _match(plates: PlateList, fold: str, near: str, plate_hash: str) -> Match | None:
    """How the plate agrees with the most alike one of the list."""
    if plate_hash in plates.exact:
        return Match.EXACT
    if fold in plates.folds:
        return Match.CONFUSABLE
    hashes = (near[n : n + NEAR_HEX_CHARS] for n in range(0, len(near), NEAR_HEX_CHARS))
    return Match.ONE_CHARACTER if any(each in plates.nears for each in hashes) else None
