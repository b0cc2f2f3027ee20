"""Cars: whose passage a read belongs to, who is inside, and what is certain once nothing can come late any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from herun.clock import HOUR_US, MINUTE_US, SECOND_US
from herun.passages import COMPLETED, Finding, Match
from herun.personal import NEAR_HEX_CHARS
from processor.engine.alerting import Evaluation
from processor.engine.arming.lookups import is_out_of_service
from processor.engine.passages import openings, registers
from processor.engine.passages.findings import changes, flag_move, lateness_us, name_of, plate_of, settings_of
from processor.engine.passages.likeness import Plate, are_two, fold_of, match_of, plate_read, twin_of
from processor.engine.passages.pairing import IN, OUT, Step, put_in, walk
from processor.engine.passages.records import (
    CLOCK_TOLERANCE_US,
    FIRST_STANDING_US,
    LONGEST_STANDING_US,
    LONGEST_STAY_US,
    MAX_MOVES,
    MAX_VEHICLES,
    REMEMBERED_US,
    SURE,
    Move,
    Occupancy,
    Vehicle,
    VehicleKey,
)
from processor.engine.state import TimerKey

TIMER: Final = "passages.vehicle"
LOOK_AGAIN_US: Final = 10 * MINUTE_US
SAID: Final = -1  # `overstay_at` of a car whose overstay was found

_replace = msgspec.structs.replace


def joins(ev: Evaluation, key: VehicleKey, plate: Plate, device: str, when: tuple[int, int]) -> bool:
    """Whether reads of these first and last times belong to a passage that is completed already.

    Then it notes that the car stands.
    """
    vehicles, twin = ev.state.passages.vehicles, twin_of(key, plate[0])
    if twin in vehicles and _joins(ev, twin, plate, device, when):
        return True
    return key in vehicles and _joins(ev, key, plate, device, when)


def _joins(ev: Evaluation, key: VehicleKey, plate: Plate, device: str, when: tuple[int, int]) -> bool:
    vehicle = ev.state.passages.vehicles[key]
    first, last = when
    merge = round(settings_of(ev, key[0]).merge_s * SECOND_US)
    newest = vehicle.newest
    for move in reversed(_all_moves(vehicle)):
        if move.device != device:
            continue
        stands = move is newest and not are_two(ev, key[0], plate, plate_read(move))
        reach = max(merge, _standing(ev, key, move)) if stands else merge
        if first <= move.last + reach and last >= move.at - merge:
            _note_standing(ev, key, move, last)
            return True
    return False


def joins_near(ev: Evaluation, key: VehicleKey, near: str, move: Move) -> bool:
    """The same for reads that come late: also of a plate that differs in one character, which then has no session."""
    others = sorted(other for other, _ in _near(ev, key, near, move.best))
    plate = plate_read(move)
    return any(_joins(ev, other, plate, move.device, (move.at, move.last)) for other in others)


def _near(ev: Evaluation, key: VehicleKey, near: str, best: int) -> Iterator[tuple[VehicleKey, Vehicle]]:
    """The site's cars whose folded plate differs in one character, if one of the two reads was no sure one; and twins.

    It looks at each: a tenth of a microsecond a car after a sure read, else one.
    """
    fold = fold_of(key)
    hashes = [near[n : n + NEAR_HEX_CHARS] for n in range(0, len(near), NEAR_HEX_CHARS)]
    for other, vehicle in ev.state.passages.vehicles.items():
        is_near = (vehicle.doubtful or best < SURE) and any(map(vehicle.near.__contains__, hashes))
        if (is_near or fold_of(other) == fold) and other[0] == key[0] and other != key:
            yield other, vehicle


def _standing(ev: Evaluation, key: VehicleKey, move: Move) -> int:
    """How long after its last read the car may be seen again without having been away."""
    gate = openings.gate_of(ev, key[0], move.device)
    if gate is None:
        return min(max(FIRST_STANDING_US, 2 * move.pause), LONGEST_STANDING_US)
    return 0 if openings.went_through(ev, gate, fold_of(key), move.last, ev.now) else LONGEST_STANDING_US


def _note_standing(ev: Evaluation, key: VehicleKey, move: Move, last: int) -> None:
    if last <= move.last:
        return
    vehicle = ev.state.passages.vehicles[key]
    longer = _replace(move, last=last, pause=max(move.pause, last - move.last))
    base = longer if vehicle.base is move else vehicle.base
    moves = tuple(longer if each is move else each for each in vehicle.moves)
    ev.journal.put(ev.state.passages.vehicles, key, _replace(vehicle, base=base, moves=moves, seen=ev.now))


def complete(ev: Evaluation, key: VehicleKey, near: str, move: Move, said: dict[str, Any]) -> None:
    """A car's passage is complete: derives it, pairs it, and finds what does not need to wait."""
    site, _ = key
    owner, match = _owner(ev, key, near, move)
    vehicle = ev.state.passages.vehicles.get(owner) or Vehicle(near, None)
    for other in _all_moves(vehicle):
        _check_travel(ev, site, other, move)
    too_late, before = _is_too_late(ev, site, vehicle.base, move), _open_entry(vehicle)
    if not too_late:
        vehicle = _with(ev, owner, vehicle, move)
    if fold_of(owner) != key[1]:
        note_outvoted(ev, key, near, move)
    told = {"late": True} if too_late else _told(vehicle, move, match) | changes(before, _open_entry(vehicle))
    data = {"kind": "vehicle", **plate_of(move), "plate_fold": key[1], **said, **told, "inside": _inside(ev, site)}
    ev.derive(COMPLETED, (site, move.device), move.at, data, move.plate_event)
    if not too_late and move.direction == IN:
        registers.check_permit(ev, key, move)


def note_outvoted(ev: Evaluation, key: VehicleKey, near: str, move: Move) -> None:
    """Another spelling of the same passage: reads of it that come late join it."""
    vehicle = ev.state.passages.vehicles.get(key) or Vehicle(near, None)
    _with(ev, key, vehicle, _replace(move, direction=""))


def _all_moves(vehicle: Vehicle) -> tuple[Move, ...]:
    return vehicle.moves if vehicle.base is None else (vehicle.base, *vehicle.moves)


def _is_too_late(ev: Evaluation, site: str, base: Move | None, move: Move) -> bool:
    """Whether the move was before one that is settled: nothing is said any more about what was then."""
    if base is None or move.at >= base.at:
        return False
    was_late = move.recorded - move.at > lateness_us(ev, site) + CLOCK_TOLERANCE_US
    return was_late or base.at - move.at > CLOCK_TOLERANCE_US


def _owner(ev: Evaluation, key: VehicleKey, near: str, move: Move) -> tuple[VehicleKey, Match | None]:
    """Whose passage it is: the car of this plate; for an exit without one, the car inside that is nearly the same."""
    vehicles, twin = ev.state.passages.vehicles, twin_of(key, move.plate_hash)
    vehicle = vehicles.get(key)
    if twin in vehicles or (vehicle is not None and _is_another(ev, key[0], vehicle, move)):
        return twin, None
    is_known = vehicle is not None and any(each.direction for each in vehicle.moves)  # else as another's spelling
    if move.direction != OUT or is_known or (vehicle is not None and vehicle.inside):
        return key, None
    other = find_near(ev, key, near, move)
    if other is None:
        return key, None
    return other, Match.CONFUSABLE if fold_of(other) == key[1] else Match.ONE_CHARACTER


def _is_another(ev: Evaluation, site: str, vehicle: Vehicle, move: Move) -> bool:
    """Whether it would enter a second time, and is another car that looks like it."""
    if all(each.plate_hash == move.plate_hash for each in _all_moves(vehicle)):
        return False
    return any(
        step.finding is Finding.CLONE
        and step.before is not None
        and move in {step.move, step.before}
        and are_two(ev, site, plate_read(step.move), plate_read(step.before))
        for step in walk(vehicle.base, put_in(vehicle.moves, move))
    )


def find_near(ev: Evaluation, key: VehicleKey, near: str, move: Move) -> VehicleKey | None:
    """The only car inside, since before then, that differs in one character; None if there is none or several."""
    found = None
    for other, vehicle in _near(ev, key, near, move.best):
        entry = _open_entry(vehicle)
        if entry is None or (
            fold_of(other) == fold_of(key) and are_two(ev, key[0], plate_read(entry), plate_read(move))
        ):
            continue
        if entry.at <= move.at + CLOCK_TOLERANCE_US:
            if found is not None:
                return None
            found = other
    return found


def _told(vehicle: Vehicle, move: Move, match: Match | None) -> dict[str, Any]:
    """What the pairing says of a passage: the stay that it ends, or that was over before the entry was known."""
    for step in walk(vehicle.base, vehicle.moves):
        pair = step.pair
        if pair is not None and move in pair:
            entry, leaving = pair
            if match is None:
                match = match_of(entry, leaving)
            stay_s = max(0, leaving.at - entry.at) // SECOND_US
            return {"stay_s": stay_s, "entry": name_of(entry), "match": match.value}
    return {}


def _with(ev: Evaluation, key: VehicleKey, vehicle: Vehicle, move: Move) -> Vehicle:
    """The car with one more move, kept; its timer set to when the first of them is settled."""
    is_new = key not in ev.state.passages.vehicles
    changed = _replace(vehicle, moves=put_in(vehicle.moves, move), seen=ev.now)
    if len(changed.moves) > MAX_MOVES:
        changed = _settle(ev, key, changed, most=1)
    if _open_entry(changed) is move:
        changed = _replace(changed, overstay_at=registers.overstay_at(ev, (key[0], fold_of(key)), move))
    return _keep(ev, key, changed, is_new=is_new)


def _keep(ev: Evaluation, key: VehicleKey, vehicle: Vehicle, *, is_new: bool = False) -> Vehicle:
    """Stores a car, counts it, and arms its timer."""
    open_entry = _open_entry(vehicle)
    is_inside = open_entry is not None
    changed = _replace(vehicle, inside=is_inside, doubtful=open_entry is not None and open_entry.best < SURE)
    before = ev.state.passages.vehicles.get(key)
    _count(ev, key[0], inside=changed.inside - (before.inside if before else False), remembered=int(is_new))
    ev.journal.put(ev.state.passages.vehicles, key, changed)
    ev.timers.arm((TIMER, *key), _due(ev, key[0], changed, open_entry))
    if is_new:
        _make_room(ev, key)
    return changed


def _open_entry(vehicle: Vehicle) -> Move | None:
    entry = vehicle.base if vehicle.base is not None and vehicle.base.direction == IN else None
    for step in walk(vehicle.base, vehicle.moves):
        entry = step.after
    return entry


def _due(ev: Evaluation, site: str, vehicle: Vehicle, entry: Move | None) -> int:
    """When there is next something to do for a car: to settle a move, to say that it overstays, to forget it."""
    due = [entry.recorded + LONGEST_STAY_US if entry else vehicle.seen + REMEMBERED_US]
    if entry is not None and vehicle.overstay_at > 0:
        due.append(vehicle.overstay_at)
    for step in walk(vehicle.base, vehicle.moves):
        due.append(_settled_at(ev, site, step.move))
        break
    return min(due)


def _settled_at(ev: Evaluation, site: str, move: Move) -> int:
    return max(move.at, move.recorded) + lateness_us(ev, site)


def _count(ev: Evaluation, site: str, *, inside: int = 0, remembered: int = 0, forgotten: int = 0) -> None:
    if inside or remembered or forgotten:
        was = ev.state.passages.occupancy[site]
        now = _replace(
            was,
            vehicles_inside=was.vehicles_inside + inside,
            remembered=was.remembered + remembered,
            forgotten=was.forgotten + forgotten,
        )
        ev.journal.put(ev.state.passages.occupancy, site, now)


def _inside(ev: Evaluation, site: str) -> int:
    return ev.state.passages.occupancy[site].vehicles_inside


def _make_room(ev: Evaluation, added: VehicleKey) -> None:
    """Beyond the limit the car that was longest unseen is forgotten."""
    site = added[0]
    if ev.state.passages.occupancy[site].remembered <= MAX_VEHICLES:
        return
    others = ((each.seen, key) for key, each in ev.state.passages.vehicles.items() if key[0] == site and key != added)
    _, oldest = min(others)
    _forget(ev, oldest)


def _forget(ev: Evaluation, key: VehicleKey) -> None:
    """Drops a car; one that was inside is counted, and its stay is said to be over."""
    vehicle = ev.state.passages.vehicles[key]
    entry = _open_entry(vehicle)
    _count(ev, key[0], inside=-int(vehicle.inside), remembered=-1, forgotten=int(vehicle.inside))
    if entry is not None:
        said = {"inside": _inside(ev, key[0]), **changes(entry, None)}
        flag_move(ev, Finding.FORGOTTEN, key[0], entry, at=ev.now, **said)
    ev.journal.remove(ev.state.passages.vehicles, key)
    ev.timers.disarm((TIMER, *key))


def on_timer(ev: Evaluation, timer: TimerKey, due: int) -> None:
    """Something of a car is due."""
    key: VehicleKey = (timer[1], timer[2])
    vehicle = ev.state.passages.vehicles.get(key)
    if vehicle is None:
        return
    ready = sum(1 for _ in _ready(ev, key[0], vehicle, due))
    vehicle = _settle(ev, key, vehicle, most=ready)
    entry = _open_entry(vehicle)
    if entry is not None and 0 < vehicle.overstay_at <= due:
        vehicle = _replace(vehicle, overstay_at=_overstays(ev, key, entry, due))
    if vehicle.moves or _due(ev, key[0], vehicle, entry) > due:
        _keep(ev, key, vehicle)
    else:
        ev.journal.put(ev.state.passages.vehicles, key, vehicle)
        _forget(ev, key)


def _overstays(ev: Evaluation, key: VehicleKey, entry: Move, due: int) -> int:
    """Says that a car has stayed too long, or when to look again: what would be of a drill is said after it."""
    if is_out_of_service(ev.state, key[0], entry.device, due):
        return due + LOOK_AGAIN_US
    if entry.in_service:
        match = registers.permit_match(ev, (key[0], fold_of(key)), entry)
        seconds = (due - entry.at) // SECOND_US
        flag_move(ev, Finding.OVERSTAY, key[0], entry, str(due), at=due, seconds=seconds, match=match)
    return SAID


def _ready(ev: Evaluation, site: str, vehicle: Vehicle, due: int) -> Sequence[Step]:
    """The first steps that nothing can change any more."""
    ready: list[Step] = []
    for step in walk(vehicle.base, vehicle.moves):
        if _settled_at(ev, site, step.move) > due:
            break
        ready.append(step)
    return ready


def _settle(ev: Evaluation, key: VehicleKey, vehicle: Vehicle, *, most: int) -> Vehicle:
    """Makes the first moves final, and says what does not fit about them."""
    base, left = vehicle.base, list(vehicle.moves)
    for step in list(walk(vehicle.base, vehicle.moves))[:most]:
        left.remove(step.move)
        may_tell = step.move.in_service and (base is None or base.in_service)
        if step.finding is Finding.CLONE and step.before is not None and may_tell:
            said: dict[str, Any] = {"match": match_of(step.before, step.move).value, "entry": name_of(step.before)}
            flag_move(ev, Finding.CLONE, key[0], step.move, other_device=step.before.device, **said)
        elif step.finding is Finding.EXIT_WITHOUT_ENTRY:
            _settle_exit(ev, key, vehicle.near, step.move, may_tell=may_tell)
        if step.move.direction or base is None:
            base = step.move
    return _replace(vehicle, base=base, moves=tuple(left))


def _settle_exit(ev: Evaluation, key: VehicleKey, near: str, move: Move, *, may_tell: bool) -> None:
    """An exit without entry: of a car whose entry was read a little otherwise and came late, or a finding."""
    other = find_near(ev, key, near, move)
    if other is not None:
        vehicle = ev.state.passages.vehicles[other]
        before = _open_entry(vehicle)
        after = _open_entry(_with(ev, other, vehicle, _replace(move, recorded=ev.now)))
        said = {"match": Match.ONE_CHARACTER.value, "inside": _inside(ev, key[0]), **changes(before, after)}
        flag_move(ev, Finding.PAIRED_LATE, key[0], move, **said)
        return
    watched = move.recorded - ev.state.passages.occupancy[key[0]].since
    if may_tell and watched >= settings_of(ev, key[0]).warm_up_hours * HOUR_US:
        flag_move(ev, Finding.EXIT_WITHOUT_ENTRY, key[0], move)


def _check_travel(ev: Evaluation, site: str, one: Move, other: Move) -> None:
    """Two gates too soon after each other, by the devices' clocks and by arrival: one of them may be wrong."""
    if not (one.direction and other.direction) or one.device == other.device:
        return
    if not (one.in_service and other.in_service):
        return
    places = [ev.registration(site, each.device).zone for each in (one, other)]
    if None in places or places[0] == places[1]:
        return
    first, second = sorted((one, other), key=lambda each: each.at)
    gap = max(0, second.at - first.last)
    least = settings_of(ev, site).gate_to_gate_s * SECOND_US
    if gap < least and abs(second.recorded - first.recorded) < least:
        seconds = gap / SECOND_US
        flag_move(
            ev, Finding.IMPOSSIBLE_GATE_TO_GATE, site, other, one.plate_event, other_device=one.device, seconds=seconds
        )


def open_site(ev: Evaluation, site: str) -> Occupancy:
    """The site's counts; they begin with its first event here."""
    occupancy = ev.state.passages.occupancy
    if site not in occupancy:
        ev.journal.put(occupancy, site, Occupancy(ev.now))
    return occupancy[site]


def arm_again(ev: Evaluation, site: str, fold: str | None = None) -> None:
    """The site's settings, or the permits of a plate, have changed: who is inside overstays at another time."""
    for key, vehicle in sorted(ev.state.passages.vehicles.items(), key=lambda item: item[0]):
        if key[0] == site and vehicle.inside and fold in {None, fold_of(key)}:
            _arm_overstay(ev, key)


def _arm_overstay(ev: Evaluation, key: VehicleKey) -> None:
    """The same for one car; what was found is found again only if it may now stay longer and then does not."""
    vehicle = ev.state.passages.vehicles[key]
    entry = _open_entry(vehicle)
    if entry is None:
        return
    at = registers.overstay_at(ev, (key[0], fold_of(key)), entry)
    if vehicle.overstay_at != SAID or at > ev.now:
        _keep(ev, key, _replace(vehicle, overstay_at=at))
