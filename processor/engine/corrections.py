"""Corrections: what late events show to have been otherwise, told as further versions of the alerts that were raised.

An alert keeps its id. It is amended (began or ended at another time), reopened (has not ended after all), or withdrawn
(never was); what nobody knew of is raised, and cleared at once if it is over. One that people have closed is not opened
again: what shows that it goes on raises another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from herun.alerts import Alert, AlertState, Correction
from processor.engine import cooling
from processor.engine.alerting import (
    Evaluation,
    Occurrence,
    clear_alert,
    current_alert,
    raise_alert,
    raise_past,
    rewrite_alert,
)
from processor.engine.state import CellKey
from processor.engine.stretches import Mark, Stretch
from processor.engine.tracks import Edge, Episode, Track

if TYPE_CHECKING:
    from processor.engine.kinds.folded import Folded


class Told(msgspec.Struct, frozen=True, gc=False):
    """What a rule has told of a key so far. `alerts` are the newest versions by id: within a cool-down several episodes
    are one alert, and each may change it."""

    rule: Folded
    key: str
    episodes: tuple[Episode, ...]
    alerts: dict[str, Alert]
    closed: frozenset[str]  # ids of those that people have closed

    @property
    def known(self) -> set[Mark]:
        """What raised what was told."""
        return {
            (each.raised_at, each.device, each.event_id)
            for each in self.episodes
            if each.alert is not None and not each.is_withdrawn
        }

    def note(self, alert: Alert) -> Alert:
        """A version was told."""
        self.alerts[alert.alert_id] = alert
        return alert

    def told(self, episodes: Sequence[Episode]) -> tuple[Episode, ...]:
        """The episodes with their alerts as they were last told."""
        return tuple(
            episode if episode.alert is None else _with_alert(episode, self.alerts[episode.alert.alert_id])
            for episode in episodes
        )


def told_of(ev: Evaluation, rule: Folded, key: str, track: Track) -> Told:
    """What was told of the key: as the episodes have it, and its alerts by now, which others may have changed."""
    episodes = track.episodes
    kept = cooling.known(ev.state, (*rule.rule_key, key))
    found = [each.alert for each in episodes if each.alert is not None] + [each.alert for each in kept]
    closed = [each.alert.alert_id for each in episodes if each.alert is not None and each.is_closed]
    closed += [each.alert.alert_id for each in kept if each.closed]
    alerts = {alert.alert_id: alert for alert in sorted(found, key=lambda each: each.version)}
    return Told(rule, key, episodes, alerts, frozenset(closed))


def close_episodes(ev: Evaluation, cell: CellKey, alert_id: str) -> None:
    """People have closed this alert of the cell's."""
    tracks = ev.state.tracks.get(cell[:2], {})
    track = tracks.get(cell[2])
    if track is not None:
        closed = tuple(
            msgspec.structs.replace(each, is_closed=True) if each.alert and each.alert.alert_id == alert_id else each
            for each in track.episodes
        )
        ev.journal.put(tracks, cell[2], msgspec.structs.replace(track, episodes=closed))


def _with_alert(episode: Episode, alert: Alert) -> Episode:
    return episode if episode.alert is alert else msgspec.structs.replace(episode, alert=alert)


def correct(ev: Evaluation, told: Told, stretches: Sequence[Stretch]) -> tuple[Episode, ...]:
    """Tells what differs between the episodes told and the stretches that are; returns the episodes as told now."""
    matched = _matched(told, stretches)
    after = {m: stretches[n] for n, m in matched.items()}  # by the episode's place: two may begin at the same moment
    never_were = [each for each in told.episodes if each.is_withdrawn]
    anew = {n for n, m in matched.items() if _is_another(told, told.episodes[m], stretches[n])}
    final = {matched[n] for n in anew}
    by_alert: dict[str, list[int]] = {}
    for m, each in enumerate(told.episodes):
        if each.alert is not None and not each.is_withdrawn:
            by_alert.setdefault(each.alert.alert_id, []).append(m)
    for places in by_alert.values():
        own = [told.episodes[m] for m in places]
        if not final.isdisjoint(places):  # known on, so that no other gets its id
            never_were.append(msgspec.structs.replace(own[-1], is_withdrawn=True))
            continue
        left: Sequence[Stretch] = [after[m] for m in places if m in after]
        if len(left) < len(own) and not told.rule.fold.lasting:
            left = _still_one(told, own[0].alert, left)
            anew |= {n for n, m in matched.items() if m in places and stretches[n] not in left}
        _settle(ev, told, own, left)
        if not left:
            never_were.append(msgspec.structs.replace(own[0], cleared_at=own[0].raised_at, is_withdrawn=True))
    found = [
        _moved(told.episodes[matched[n]], stretch) if n in matched and n not in anew else _raised(ev, told, stretch)
        for n, stretch in enumerate(stretches)
    ]
    return told.told((*_still_withdrawn(never_were, found), *found))


def _still_one(told: Told, alert: Alert | None, left: Sequence[Stretch]) -> list[Stretch]:
    """Of what is left of an alert's occurrences those that are one within the cool-down: with what made it, if any."""
    runs: list[list[Stretch]] = []
    for stretch in sorted(left, key=lambda each: each.raised_at):
        if runs and stretch.raised_at - runs[-1][-1].raised_at < told.rule.head.cooldown_us:
            runs[-1].append(stretch)
        else:
            runs.append([stretch])

    def has_made_it(stretch: Stretch) -> bool:
        cause = told.rule.occurrence_of(stretch.edge, 0).cause
        return alert is not None and cause == alert.cause

    return next((run for run in runs if any(map(has_made_it, run))), runs[0] if runs else [])


def raised_in_order(ev: Evaluation, told: Told, edge: Edge) -> tuple[Episode, ...]:
    """Tells of what comes in order, or began earlier than was known; returns the episodes with it."""
    lasting = told.rule.fold.lasting
    stretch = Stretch((edge,), None if lasting else edge.at)
    last, others = (told.episodes[-1], told.episodes[:-1]) if told.episodes else (None, ())
    if last is not None and last.cleared_at is None and lasting:
        raised = _raised_too(ev, told, last, stretch)
    else:
        raised, others = _raised(ev, told, stretch), told.episodes
    withdrawn = [each for each in others if each.is_withdrawn]
    stay = [each for each in others if not each.is_withdrawn]
    return told.told((*_still_withdrawn(withdrawn, [raised]), *stay, raised))


def _raised_too(ev: Evaluation, told: Told, last: Episode, stretch: Stretch) -> Episode:
    """What holds, now that something raises it too: that may raise where nothing could, or raised it earlier."""
    is_earlier = stretch.raised_at < last.raised_at
    if last.alert is None:
        raised = _raised(ev, told, stretch)
        return raised if is_earlier or raised.alert is not None else last
    if is_earlier and ev.may_raise(told.rule, stretch.edge.device, stretch.raised_at + last.shift):
        _settle(ev, told, [last], [stretch])
        return _moved(last, stretch)
    return last


def cleared_in_order(ev: Evaluation, told: Told, at: int) -> tuple[Episode, ...]:
    """The last episode is over; returns the episodes as told now."""
    last = told.episodes[-1]
    alert = None if last.alert is None else clear_alert(ev, told.rule.head, told.key, at + last.shift)
    if alert is not None:
        told.note(alert)
    return told.told((*told.episodes[:-1], msgspec.structs.replace(last, cleared_at=at)))


def _still_withdrawn(never_were: Sequence[Episode], found: Sequence[Episode]) -> list[Episode]:
    """Those of which the alert was not told again."""
    again = {episode.alert.alert_id for episode in found if episode.alert is not None}
    return [each for each in never_were if each.is_withdrawn and each.alert and each.alert.alert_id not in again]


def _matched(told: Told, stretches: Sequence[Stretch]) -> dict[int, int]:
    """Which stretch is which episode: by the id that its alert has, by what raised it, else by the time they share.

    What is held back is none that was told.
    """
    episodes, rule = told.episodes, told.rule

    def has_same_id(episode: Episode, stretch: Stretch) -> bool:
        if episode.alert is None or not rule.fold.lasting:
            return False  # an occurrence is what raised it, whichever alert counts it
        return episode.alert.cause == rule.occurrence_of(stretch.edge, 0).cause

    matched: dict[int, int] = {}
    free = {n for n, episode in enumerate(episodes) if not episode.is_withdrawn}
    for is_same in (has_same_id, _has_same_cause, _overlaps):
        for n, stretch in enumerate(stretches):
            if n in matched:
                continue
            same = [m for m in free if is_same(episodes[m], stretch)]  # within a cool-down several have one alert
            may_be = [m for m in same if episodes[m].alert is None or not stretch.is_held]
            found = min(may_be, key=lambda m: (not _has_same_cause(episodes[m], stretch), m), default=None)
            if found is not None:
                matched[n] = found
                free.discard(found)
    return matched


def _has_same_cause(episode: Episode, stretch: Stretch) -> bool:
    return (episode.device, episode.event_id) == (stretch.edge.device, stretch.edge.event_id)


def _overlaps(episode: Episode, stretch: Stretch) -> bool:
    return (episode.cleared_at is None or stretch.raised_at <= episode.cleared_at) and (
        stretch.cleared_at is None or episode.raised_at <= stretch.cleared_at
    )


def _raised(ev: Evaluation, told: Told, stretch: Stretch) -> Episode:
    """Raises what a stretch is; one that was withdrawn, or told before for the same cause, is told again."""
    rule, edge = told.rule, stretch.edge
    alert: Alert | None = None
    shift = rule.shift_of(ev, edge.device)
    if not stretch.is_held and ev.may_raise(rule, edge.device, edge.at + shift):
        occurrence = rule.occurrence_of(edge, shift)
        end = _end(stretch.cleared_at, shift) if rule.fold.lasting else None
        known = _of_cause(told, occurrence)
        while known is not None and end is None and _is_final(told, known):
            occurrence = msgspec.structs.replace(occurrence, cause=occurrence.cause | {"after": known.alert_id})
            known = _of_cause(told, occurrence)
        if known is not None and not _goes_on_elsewhere(ev, told, occurrence):
            alert = _told_again(ev, told, known, occurrence.at, end)
        elif end is None and not _is_behind_another(ev, told, stretch):
            alert = _noted(ev, told, raise_alert(ev, rule.head, told.key, occurrence))
        else:
            alert = _noted(ev, told, raise_past(ev, rule.head, told.key, occurrence, end))
    return Episode(
        edge.at,
        stretch.cleared_at,
        edge.event_id,
        edge.device,
        alert,
        shift,
        value=edge.value,
        count=edge.count,
    )


def _noted(ev: Evaluation, told: Told, alert: Alert) -> Alert:
    """A version was told; what was counted in those that it shows to be one with it is counted in it."""
    for joined in cooling.joined_to(ev, (*told.rule.rule_key, told.key), alert.alert_id):
        told.alerts[joined] = alert
    return told.note(alert)


def _of_cause(told: Told, occurrence: Occurrence) -> Alert | None:
    return next((each for each in told.alerts.values() if each.cause == occurrence.cause), None)


def _is_final(told: Told, alert: Alert) -> bool:
    """True if people have closed it and it is over: nobody would see it again, so what goes on is another alert."""
    return alert.state is AlertState.CLEARED and alert.alert_id in told.closed


def _is_another(told: Told, episode: Episode, stretch: Stretch) -> bool:
    """True if nothing was told of it, or what was over and is closed has not ended after all."""
    if not told.rule.fold.lasting:
        return False
    if episode.alert is None:
        return True
    return stretch.cleared_at is None and _is_final(told, told.alerts[episode.alert.alert_id])


def _goes_on_elsewhere(ev: Evaluation, told: Told, occurrence: Occurrence) -> bool:
    """True if it is counted into another alert within its cool-down, whatever it was told as before."""
    head, at = told.rule.head, occurrence.at
    return not head.lasting and bool(cooling.near(ev, head, (*told.rule.rule_key, told.key), at, at))


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
    return told.note(rewrite_alert(ev, head, told.key, changed))


def _moved(episode: Episode, stretch: Stretch) -> Episode:
    edge = stretch.edge
    return msgspec.structs.replace(
        episode,
        raised_at=edge.at,
        cleared_at=stretch.cleared_at,
        event_id=edge.event_id,
        device=edge.device,
        value=edge.value,
        count=edge.count,
    )


def _settle(ev: Evaluation, told: Told, own: Sequence[Episode], left: Sequence[Stretch]) -> None:
    """Tells of one alert what differs, now that its episodes are these stretches.

    Within a cool-down several episodes are one alert: it begins with the first one and ends with the last one.
    """
    first, last = own[0], own[-1]
    alert = told.alerts[first.alert.alert_id] if first.alert is not None else None
    if alert is None:
        return
    lasting = told.rule.fold.lasting
    count = alert.count - (len(own) - len(left))
    raised_at, cleared_at = alert.raised_at, alert.cleared_at
    if left and alert.raised_at == first.raised_at + first.shift:
        raised_at = left[0].raised_at + first.shift
    if lasting and _is_last(alert, last):
        cleared_at = _end(left[-1].cleared_at, last.shift) if left else alert.raised_at
    if (raised_at, cleared_at, max(1, count)) == (alert.raised_at, alert.cleared_at, alert.count) and count:
        return
    updated_at = alert.updated_at
    if left and not lasting and alert.updated_at == last.raised_at + last.shift:
        updated_at = left[-1].raised_at + last.shift
    is_open = cleared_at is None if lasting else alert.state is AlertState.RAISED
    correction = Correction.REOPENED if is_open and alert.state is AlertState.CLEARED else Correction.AMENDED
    if count < 1:
        is_open, cleared_at, correction = False, alert.raised_at, Correction.WITHDRAWN
    changed = msgspec.structs.replace(
        alert,
        version=alert.version + 1,
        state=AlertState.RAISED if is_open else AlertState.CLEARED,
        raised_at=raised_at,
        updated_at=max(raised_at, cleared_at or updated_at),
        cleared_at=cleared_at,
        count=max(1, count),
        correction=correction,
    )
    told.note(rewrite_alert(ev, told.rule.head, told.key, changed))


def _is_last(alert: Alert, episode: Episode) -> bool:
    """True if the alert ended, or holds, as this episode does: it is the last that was counted into it."""
    return alert.cleared_at == _end(episode.cleared_at, episode.shift)


def _end(cleared_at: int | None, shift: int) -> int | None:
    return None if cleared_at is None else cleared_at + shift
