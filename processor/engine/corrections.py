"""Corrections: what late events show to have been otherwise, told as further versions of the alerts that were raised.

An alert keeps its id. It is amended (began or ended at another time), reopened (has not ended after all), or withdrawn
(never was); what nobody knew of is raised, and cleared at once if it is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from herun.alerts import Alert, AlertState, Correction
from processor.engine.alerting import (
    Evaluation,
    current_alert,
    new_alert_id,
    raise_alert,
    raise_past,
    rewrite_alert,
)
from processor.engine.tracks import Edge, Episode

if TYPE_CHECKING:
    from processor.engine.kinds.folded import Folded


class Stretch(msgspec.Struct, frozen=True):
    """A stretch that a fold raises. `edge` is what raises it; None for the one that was open before."""

    raised_at: int
    cleared_at: int | None
    event_id: str
    device: str
    edge: Edge | None


class Told(msgspec.Struct, frozen=True):
    """What a rule has told of a key so far."""

    rule: Folded
    key: str
    episodes: tuple[Episode, ...]


def read_episodes(opened: Episode | None, edges: Sequence[Edge], *, lasting: bool) -> list[Stretch]:
    """The stretches that the edges make; `opened` is open at their beginning."""
    found: list[Stretch] = []
    if opened is not None:
        found.append(Stretch(opened.raised_at, None, opened.event_id, opened.device, None))
    for edge in edges:
        if edge.raises and lasting and found and found[-1].cleared_at is None:
            found[-1] = Stretch(edge.at, None, edge.event_id, edge.device, edge)
        elif edge.raises:
            found.append(Stretch(edge.at, None if lasting else edge.at, edge.event_id, edge.device, edge))
        elif found:
            found[-1] = msgspec.structs.replace(found[-1], cleared_at=edge.at)
    return _joined(found) if lasting else found


def _joined(stretches: Sequence[Stretch]) -> list[Stretch]:
    """What one device's events tell may lie within what another's told before: together they are one stretch.

    What time raises is raised before what happens in the same moment.
    """
    found: list[Stretch] = []
    for stretch in sorted(stretches, key=lambda each: each.raised_at):
        last = found[-1] if found else None
        is_timed = stretch.edge is not None and stretch.edge.timed
        if last is None or (last.cleared_at is not None and stretch.raised_at >= last.cleared_at + is_timed):
            found.append(stretch)
        elif last.cleared_at is not None and (stretch.cleared_at is None or stretch.cleared_at > last.cleared_at):
            found[-1] = msgspec.structs.replace(last, cleared_at=stretch.cleared_at)
    return found


def correct(ev: Evaluation, told: Told, stretches: Sequence[Stretch]) -> tuple[Episode, ...]:
    """Tells what differs between the episodes told and the stretches that are; returns the episodes as told now."""
    before = told.episodes
    matched = _matched(told, stretches)
    kept = set(matched.values())
    others = [
        episode if episode.is_withdrawn else _withdrawn(ev, told, episode)
        for n, episode in enumerate(before)
        if n not in kept and episode.alert is not None
    ]
    told = Told(told.rule, told.key, (*others, *(before[n] for n in sorted(kept))))
    found = [
        _amended(ev, told, before[matched[n]], stretch) if n in matched else _raised(ev, told, stretch)
        for n, stretch in enumerate(stretches)
    ]
    again = {episode.alert.alert_id for episode in found if episode.alert is not None}
    return (*(each for each in others if each.alert is not None and each.alert.alert_id not in again), *found)


def told_anew(ev: Evaluation, told: Told, stretch: Stretch) -> tuple[Episode, ...]:
    """Tells of a stretch that came in order, or began earlier than was known; returns the episodes with it."""
    last = told.episodes[-1] if told.episodes else None
    if last is not None and last.cleared_at is None and told.rule.fold.lasting:
        return (*told.episodes[:-1], _amended(ev, told, last, stretch))
    raised = _raised(ev, told, stretch)
    if raised.alert is None:
        return (*told.episodes, raised)
    return (*(each for each in told.episodes if not _is_of(each, raised.alert.alert_id)), raised)


def _matched(told: Told, stretches: Sequence[Stretch]) -> dict[int, int]:
    """Which stretch is which episode: by the id that its alert has, by what raised it, else by the time they share."""
    episodes, rule = told.episodes, told.rule

    def has_same_id(episode: Episode, stretch: Stretch) -> bool:
        if stretch.edge is None or episode.alert is None:
            return False
        return _is_of(episode, new_alert_id(rule.head, told.key, rule.occurrence_of(stretch.edge, 0)))

    matched: dict[int, int] = {}
    free = {n for n, episode in enumerate(episodes) if not episode.is_withdrawn}
    for is_same in (has_same_id, _has_same_cause, _overlaps):
        for n, stretch in enumerate(stretches):
            if n in matched:
                continue
            found = min((m for m in free if is_same(episodes[m], stretch)), default=None)
            if found is not None:
                matched[n] = found
                free.discard(found)
    return matched


def _has_same_cause(episode: Episode, stretch: Stretch) -> bool:
    return (episode.device, episode.event_id) == (stretch.device, stretch.event_id)


def _overlaps(episode: Episode, stretch: Stretch) -> bool:
    return (episode.cleared_at is None or stretch.raised_at <= episode.cleared_at) and (
        stretch.cleared_at is None or episode.raised_at <= stretch.cleared_at
    )


def _raised(ev: Evaluation, told: Told, stretch: Stretch) -> Episode:
    """Raises what a stretch is; one that was withdrawn, or told before for the same cause, is told again."""
    rule, edge = told.rule, stretch.edge
    alert: Alert | None = None
    shift = rule.shift_of(ev, stretch.device)
    if edge is not None and ev.may_raise(rule, edge.device, edge.at + shift):
        occurrence = rule.occurrence_of(edge, shift)
        known = _known(ev, told, new_alert_id(rule.head, told.key, occurrence))
        end = _end(stretch.cleared_at, shift) if rule.fold.lasting else None
        if known is not None:
            alert = _told_again(ev, told, known, occurrence.at, end)
        elif end is None and not _is_behind_another(ev, told, stretch):
            raise_alert(ev, rule.head, told.key, occurrence)
            alert = current_alert(ev, rule.head, told.key)
        else:
            alert = raise_past(ev, rule.head, told.key, occurrence, end)
    return Episode(stretch.raised_at, stretch.cleared_at, stretch.event_id, stretch.device, alert, shift)


def _known(ev: Evaluation, told: Told, alert_id: str) -> Alert | None:
    """The newest version of an alert that was told for the same cause."""
    found = next((each.alert for each in told.episodes if each.alert and _is_of(each, alert_id)), None)
    current = current_alert(ev, told.rule.head, told.key)
    if found is None:
        return current if current is not None and current.alert_id == alert_id else None
    return _newest(ev, told, found)


def _is_of(episode: Episode, alert_id: str) -> bool:
    return episode.alert is not None and episode.alert.alert_id == alert_id


def _is_behind_another(ev: Evaluation, told: Told, stretch: Stretch) -> bool:
    """True for an occurrence that came late: the key has a newer one, which stays the current alert."""
    current = current_alert(ev, told.rule.head, told.key)
    return not told.rule.fold.lasting and current is not None and current.updated_at > stretch.raised_at


def _told_again(ev: Evaluation, told: Told, alert: Alert, raised_at: int, cleared_at: int | None) -> Alert:
    head = told.rule.head
    changed = msgspec.structs.replace(
        alert,
        version=alert.version + 1,
        state=AlertState.RAISED if cleared_at is None else AlertState.CLEARED,
        raised_at=raised_at,
        updated_at=cleared_at or raised_at,
        cleared_at=cleared_at,
        correction=Correction.REOPENED,
    )
    return rewrite_alert(ev, head, told.key, changed)


def _amended(ev: Evaluation, told: Told, episode: Episode, stretch: Stretch) -> Episode:
    alert = episode.alert
    if alert is not None and (episode.raised_at, episode.cleared_at) != (stretch.raised_at, stretch.cleared_at):
        alert = _rewritten(ev, told, episode, stretch, _newest(ev, told, alert))
    return Episode(stretch.raised_at, stretch.cleared_at, stretch.event_id, stretch.device, alert, episode.shift)


def _rewritten(ev: Evaluation, told: Told, episode: Episode, stretch: Stretch, alert: Alert) -> Alert:
    """Within a cool-down several episodes are one alert: its beginning is the first one's, its end the last one's."""
    shift = episode.shift
    is_first = alert.raised_at == episode.raised_at + shift
    raised_at = stretch.raised_at + shift if is_first else alert.raised_at
    cleared_at = _end(stretch.cleared_at, shift) if _is_last(alert, episode) else alert.cleared_at
    if (raised_at, cleared_at) == (alert.raised_at, alert.cleared_at):
        return alert
    if not told.rule.fold.lasting:
        cleared_at = None
    is_open = cleared_at is None and told.rule.fold.lasting
    reopened = is_open and alert.state is AlertState.CLEARED
    changed = msgspec.structs.replace(
        alert,
        version=alert.version + 1,
        state=alert.state if not told.rule.fold.lasting else AlertState.RAISED if is_open else AlertState.CLEARED,
        raised_at=raised_at,
        updated_at=max(raised_at, cleared_at or raised_at),
        cleared_at=cleared_at,
        correction=Correction.REOPENED if reopened else Correction.AMENDED,
    )
    return rewrite_alert(ev, told.rule.head, told.key, changed)


def _withdrawn(ev: Evaluation, told: Told, episode: Episode) -> Episode:
    """Takes back what never was; of several episodes that are one alert, only this one's count."""
    if episode.alert is None:
        return episode
    alert = _newest(ev, told, episode.alert)
    is_only = alert.count == 1
    changed = msgspec.structs.replace(
        alert,
        version=alert.version + 1,
        count=max(1, alert.count - 1),
        correction=Correction.WITHDRAWN if is_only else Correction.AMENDED,
    )
    if is_only or _is_last(alert, episode):
        changed = msgspec.structs.replace(changed, state=AlertState.CLEARED, cleared_at=alert.raised_at)
    changed = rewrite_alert(ev, told.rule.head, told.key, changed)
    return msgspec.structs.replace(episode, cleared_at=episode.raised_at, alert=changed, is_withdrawn=is_only)


def _is_last(alert: Alert, episode: Episode) -> bool:
    """True if the alert ended, or holds, as this episode does: it is the last that was counted into it."""
    return alert.cleared_at == _end(episode.cleared_at, episode.shift)


def _end(cleared_at: int | None, shift: int) -> int | None:
    return None if cleared_at is None else cleared_at + shift


def _newest(ev: Evaluation, told: Told, alert: Alert) -> Alert:
    """The newest version of an alert: the key's current one, or as it was last told."""
    current = current_alert(ev, told.rule.head, told.key)
    return current if current is not None and current.alert_id == alert.alert_id else alert
