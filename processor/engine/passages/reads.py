"""Reads of plates: those of one car at one camera are one passage, whose plate they vote for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from herun.clock import SECOND_US
from herun.events import Event
from herun.passages import COMPLETED
from herun.personal import NEAR_HEX_CHARS
from processor.engine.alerting import Evaluation
from processor.engine.arming.lookups import is_out_of_service
from processor.engine.conditions import Data, number
from processor.engine.passages import openings, registers, vehicles
from processor.engine.passages.findings import settings_of
from processor.engine.passages.pairing import IN, OUT
from processor.engine.passages.records import (
    LONGEST_SESSION_US,
    MAX_SESSIONS,
    MAX_VOTES,
    SURE,
    Move,
    Session,
    SiteDevice,
    VehicleKey,
    Vote,
)
from processor.engine.state import TimerKey

TIMER: Final = "passages.close"

FULL_WEIGHT: Final = 1_000  # of a read of whose plate the camera is sure
UNSAID_WEIGHT: Final = 500  # of a read without confidence
LATE_MERGES: Final = 3  # merge windows after its last read: a passage that comes later was held up on its way

_replace = msgspec.structs.replace


class Read(NamedTuple):
    """What one event says. `fold` is empty where no plate could be read; `event_time`, by its clock, only names it."""

    event_id: str
    event_time: int
    at: int
    fold: str
    near: str
    plate_hash: str
    weight: int
    direction: str


def take(ev: Evaluation, event: Event, data: Data, at: int) -> None:
    """Takes in one read of that time: it joins a passage that is complete or still coming, or begins one."""
    vehicles.open_site(ev, event.site)
    read, place = _read(event, data, at), (event.site, event.device)
    plate = (read.plate_hash, read.weight)
    if read.fold and vehicles.joins(ev, (event.site, read.fold), plate, event.device, (at, at)):
        return
    merge = round(settings_of(ev, event.site).merge_s * SECOND_US)
    sessions = list(ev.state.passages.sessions.get(place, ()))
    for n, session in enumerate(sessions):
        if session.fold == read.fold and session.first - merge <= read.at <= session.last + merge:
            sessions[n] = _extended(session, read, min(ev.now + merge, session.begun + LONGEST_SESSION_US))
            break
    else:
        sessions.append(_begun(read, ev.now, ev.now + merge))
    _keep(ev, place, sessions)
    if (TIMER, *place) not in ev.state.due:  # else it looks when it is due, and is set on then
        ev.timers.arm((TIMER, *place), ev.now + merge)
    if len(sessions) > MAX_SESSIONS:
        _complete(ev, place, _clusters(sessions, merge)[0])


def on_timer(ev: Evaluation, timer: TimerKey, due: int) -> None:
    """A camera may have passages that are complete: no read for the merge window, of this car or nearly the same."""
    place = (timer[1], timer[2])
    merge = round(settings_of(ev, place[0]).merge_s * SECOND_US)
    clusters = _clusters(ev.state.passages.sessions.get(place, ()), merge)
    for cluster in clusters:
        if _due(cluster) <= due:
            _complete(ev, place, cluster)
    if place in ev.state.passages.sessions:
        ev.timers.arm(timer, min(_due(each) for each in clusters if _due(each) > due))


def _read(event: Event, data: Data, at: int) -> Read:
    """Events of older gateways have an exact hash only: it then is the fold as well."""
    plate_hash = data.get("plate_hash", "")
    return Read(
        event_id=event.event_id,
        event_time=event.event_time,
        at=at,
        fold=data.get("plate_fold", plate_hash),
        near="".join(data.get("plate_near", ())),
        plate_hash=plate_hash,
        weight=_weight(data),
        direction=direction if (direction := data.get("direction")) in {IN, OUT} else "",
    )


def _weight(data: Data) -> int:
    """Cameras say 0 to 100, or 0 to 1."""
    confidence = number(data, "confidence")
    if confidence is None:
        return UNSAID_WEIGHT
    share = confidence if confidence <= 1 else confidence / 100
    return min(FULL_WEIGHT, max(1, round(share * FULL_WEIGHT)))


def _keep(ev: Evaluation, place: SiteDevice, sessions: list[Session]) -> None:
    if sessions:
        ev.journal.put(ev.state.passages.sessions, place, tuple(sessions))
    else:
        ev.journal.remove(ev.state.passages.sessions, place)
        ev.timers.disarm((TIMER, *place))


def _begun(read: Read, now: int, due: int) -> Session:
    vote = Vote(read.plate_hash, read.weight, read.weight, read.event_id, read.event_time)
    return Session(
        read.fold, read.near, read.direction, now, due, read.at, read.at, read.event_id, read.event_id, 1, (vote,)
    )


def _extended(session: Session, read: Read, due: int) -> Session:
    """The session with one more read, whichever comes first."""
    is_first = (read.at, read.event_id) < (session.first, session.first_id)
    is_last = (read.at, read.event_id) > (session.last, session.last_id)
    return _replace(
        session,
        due=due,
        first=read.at if is_first else session.first,
        first_id=read.event_id if is_first else session.first_id,
        last=read.at if is_last else session.last,
        last_id=read.event_id if is_last else session.last_id,
        reads=session.reads + 1,
        votes=_voted(session.votes, read),
    )


def _voted(votes: tuple[Vote, ...], read: Read) -> tuple[Vote, ...]:
    new = Vote(read.plate_hash, read.weight, read.weight, read.event_id, read.event_time)
    for n, vote in enumerate(votes):
        if vote.plate_hash == read.plate_hash:
            better = new if (new.best, -new.event_time, new.event_id) > _rank(vote) else vote
            return (*votes[:n], _replace(better, weight=vote.weight + read.weight), *votes[n + 1 :])
    return (*votes, new) if len(votes) < MAX_VOTES else votes


def _rank(vote: Vote) -> tuple[int, int, str]:
    return (vote.best, -vote.event_time, vote.event_id)


def _clusters(sessions: Sequence[Session], merge: int) -> list[list[Session]]:
    """The sessions by car: nearly the same plate, or none, at nearly the same time. What has no plate joins last."""
    if len(sessions) == 1:
        return [list(sessions)]
    clusters: list[list[Session]] = []
    rest = sorted(sessions, key=lambda each: not each.fold)
    while rest:
        cluster, rest = [rest[0]], rest[1:]
        for member in cluster:  # grows while it is walked
            joining = [each for each in rest if member.fold and _are_one(member, each, merge)]
            cluster += joining
            rest = [each for each in rest if each not in joining]
        clusters.append(cluster)
    return clusters


def _due(cluster: list[Session]) -> int:
    return max(each.due for each in cluster)


def _are_one(one: Session, other: Session, merge: int) -> bool:
    if one.first > other.last + merge or other.first > one.last + merge:
        return False
    if not (one.fold and other.fold):
        return True
    return min(_best(one), _best(other)) < SURE and _share_near(one.near, other.near)


def _best(session: Session) -> int:
    return max(vote.best for vote in session.votes)


def _share_near(one: str, other: str) -> bool:
    return any(
        one[n : n + NEAR_HEX_CHARS] == other[n : n + NEAR_HEX_CHARS]
        for n in range(0, min(len(one), len(other)), NEAR_HEX_CHARS)
    )


def _complete(ev: Evaluation, place: SiteDevice, cluster: list[Session]) -> None:
    """Makes one passage of sessions, and lets the reads vote for its plate."""
    left = [each for each in ev.state.passages.sessions.get(place, ()) if each not in cluster]
    _keep(ev, place, left)
    first = min(cluster, key=lambda each: (each.first, each.first_id))
    last = max(cluster, key=lambda each: (each.last, each.last_id))
    said: dict[str, Any] = {
        "reads": sum(each.reads for each in cluster),
        "first_read": first.first_id,
        "last_read": last.last_id,
    }
    plated = sorted((each for each in cluster if each.fold), key=lambda each: (-_weight_of(each), each.fold))
    if plated:
        _complete_car(ev, place, plated, (first.first, last.last), said)
    else:
        data = {"kind": "vehicle", "direction": first.direction or None, "confidence": 0, **said}
        ev.derive(COMPLETED, place, first.first, data, first.first_id)


def _weight_of(session: Session) -> int:
    return sum(vote.weight for vote in session.votes)


def _complete_car(
    ev: Evaluation, place: SiteDevice, plated: list[Session], when: tuple[int, int], said: dict[str, Any]
) -> None:
    """The passage of a car whose spellings are given, the winning fold first."""
    winner, (site, device), (first, last) = plated[0], place, when
    key: VehicleKey = (site, winner.fold)
    vote = max(winner.votes, key=lambda each: (each.weight, _rank(each)))
    share = round(vote.weight / sum(map(_weight_of, plated)), 3)
    move = Move(
        first,
        last,
        ev.now,
        device,
        winner.direction,
        vote.plate_hash,
        vote.event_id,
        vote.event_time,
        vote.best,
        in_service=not is_out_of_service(ev.state, site, device, first),
    )
    for outvoted in plated[1:]:
        vehicles.note_outvoted(ev, (site, outvoted.fold), outvoted.near, move)
    merge = round(settings_of(ev, site).merge_s * SECOND_US)
    if vehicles.joins(ev, key, (vote.plate_hash, vote.best), device, when):
        return
    if ev.now - last > LATE_MERGES * merge and vehicles.joins_near(ev, key, winner.near, move):
        vehicles.note_outvoted(ev, key, winner.near, move)
        return
    vehicles.complete(ev, key, winner.near, move, {"confidence": share, **said})
    registers.check_lists(ev, key, winner.near, move, share * vote.best / FULL_WEIGHT)
    plate = {"plate_hash": vote.plate_hash, "plate_event": vote.event_id, "plate_device": device}
    openings.car_through(ev, place, winner.fold, first, plate_time=vote.event_time, **plate)
