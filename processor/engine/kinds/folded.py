"""Runs a fold over the samples of each key, and takes back what a late one shows to be wrong.

The newest samples of a key are kept with what was known before them (a track). One that comes in order is stepped over
at once. One that comes late is put in its place, the track is stepped over again, and the episodes that come out are
held against those that were told: what differs is corrected.
"""

from __future__ import annotations

from bisect import bisect_right
from operator import attrgetter
from typing import Any, Final

import msgspec

from herun.cel import Data, Subject
from herun.events import FLAG_OUT_OF_SERVICE, Event
from herun.rules import Rule
from processor.engine import corrections
from processor.engine.alerting import Evaluation, Occurrence, value_text
from processor.engine.corrections import Told, told_of
from processor.engine.kinds.compiled import MAX_KEYS, CompiledRule
from processor.engine.kinds.fold import Fold
from processor.engine.state import Registration, TimerKey
from processor.engine.stretches import Stretch, as_it_may_be_told, left_untold, mark_of, read_stretches
from processor.engine.tracks import LAPSED, LEFT, OPENED, Edge, Edges, Episode, Sample, Track

TIMER: Final = "rule"  # (TIMER, site, uid, key, whom it is about)
REST: Final = "rest"  # looks whether a key that only events know is still of use
# Samples of a key that can be corrected; half of them leave at a time, so that leaving costs little.
MAX_TAIL: Final = 32
MIN_TAIL: Final = 4
MAX_EPISODES: Final = 8  # of a track; those before them are not corrected any more

_PLACE: Final = attrgetter("place")


class Folded(CompiledRule):
    """A rule whose kind is a fold."""

    def __init__(self, site: str, rule: Rule, fold: Fold[Any]) -> None:
        super().__init__(site, rule, lasting=fold.lasting, duration_us=fold.span or None)
        self.head = msgspec.structs.replace(self.head, lateness_us=self.lateness_us)  # without cool-down too
        self.fold = fold
        self._kind = rule.kind
        self._is_shared = rule.key != "device"
        self._has_alarms = type(fold).alarms is not Fold.alarms

    def on_event(self, ev: Evaluation, key: str, event: Event, data: Data, subject: Subject) -> None:
        value = self.fold.read(event, data, subject)
        if value is None or (event.flags & FLAG_OUT_OF_SERVICE and not self.fold.calms(value)):
            return
        cells = ev.state.tracks.get(self.rule_key)
        if cells is None:
            cells = self._cells(ev)
        track = cells.get(key)
        if track is None:
            track = self._begun(ev, cells, key)
            if track is None:
                return
        at = ev.shared_time if self._is_shared else ev.own_time
        self._take(ev, key, track, Sample(at, event.device, event.event_id, value), ev.now)

    def on_timer(self, ev: Evaluation, timer: TimerKey, due: int) -> None:
        key = timer[3]
        track = ev.state.tracks.get(self.rule_key, {}).get(key)
        if track is None:
            return
        if timer[0] == REST:
            self._rest(ev, key, track, due)
            return
        # Never too late to be taken: that so much time has passed stays true.
        earliest = self._earliest(track)
        for whom, at in self.fold.alarms(track.head):
            if whom == timer[4]:
                self._take(ev, key, track, Sample(max(at, earliest), whom, "", None, LAPSED), due)

    def _earliest(self, track: Track) -> int:
        """Where a sample is not too late."""
        return max(track.since, track.tail[-1].at - self.lateness_us) if track.tail else track.since

    def wake(self, ev: Evaluation, key: str, at: int) -> None:
        """Raises what holds and was not raised, about the first device by which it holds that may raise by now."""
        track = ev.state.tracks.get(self.rule_key, {}).get(key)
        last = track.episodes[-1] if track is not None and track.episodes else None
        if track is None or last is None or not last.is_muted:
            return
        if not self._is_shared and not ev.may_raise(self, last.device, at):
            return
        edge = next((each for each in self._held(track, last) if ev.may_raise(self, each.device, at)), None)
        if edge is None:
            return
        when = max(at - self.shift_of(ev, edge.device), self._earliest(track))
        opened = Sample(when, edge.device, edge.event_id, edge.value, OPENED)
        woken = self._corrected(ev, key, track, opened)
        ev.journal.put(ev.state.tracks[self.rule_key], key, woken)
        ev.mute((*self.rule_key, key), is_muted=woken.episodes[-1].is_muted)

    def _held(self, track: Track, last: Episode) -> list[Edge]:
        """Of each device by which it holds, what raises it."""
        own = Edge(True, last.raised_at, last.device, last.event_id, last.value, last.count)
        _, edges = self._stepped(track, track.tail)
        raising = [own, *(edge for edge in edges if edge.raises and edge.at >= last.raised_at)]
        newest = {edge.device: edge for edge in raising if edge.device}
        holders = self.fold.holders(track.head)
        for device in holders:
            newest.setdefault(device, msgspec.structs.replace(own, device=device, event_id=""))
        return [edge for device, edge in newest.items() if not holders or device in holders]

    def hold_back(self, ev: Evaluation) -> None:
        for key, track in sorted(ev.state.tracks.get(self.rule_key, {}).items()):
            last = track.episodes[-1] if track.episodes else None
            if last is not None and last.alert is not None and last.cleared_at is None:
                held = (*track.episodes[:-1], msgspec.structs.replace(last, alert=None))
                muted = msgspec.structs.replace(track, episodes=held)
                ev.journal.put(ev.state.tracks[self.rule_key], key, muted)
                ev.mute((*self.rule_key, key), is_muted=True)

    def forget_device(self, ev: Evaluation, device: str, place: Registration | None) -> None:
        stays = place is not None and place.enabled and self.has_in_scope(device, place)
        kept = self.key_of(device, place) if place is not None and stays else None
        tracks = ev.state.tracks.get(self.rule_key, {})
        if not self._is_shared:
            if kept is None and device in tracks:
                self._end(ev, device, tracks[device])
            return
        for key, track in sorted(tracks.items()):
            if kept not in {key, ""} and any(sample.device == device for sample in track.tail) | self._knows(
                track, device
            ):
                at = max(ev.now, track.since, *(sample.at for sample in track.tail))
                self._take(ev, key, track, Sample(at, device, "", None, LEFT), ev.now)
                if self.fold.is_raised(tracks[key].head) and self._is_empty(ev, key):
                    self._end(ev, key, tracks[key])

    def _is_empty(self, ev: Evaluation, key: str) -> bool:
        """True if no device is left that could say anything under this key."""
        return self.key_field is None and not any(
            site == self.head.site
            and place.enabled
            and self.has_in_scope(device, place)
            and self.key_of(device, place) == key
            for (site, device), place in ev.state.registered.items()
        )

    def _end(self, ev: Evaluation, key: str, track: Track) -> None:
        """Nobody says anything under this key any more: what is raised is over now, and nothing of it is kept."""
        if self.fold.is_raised(track.head) and track.episodes:
            told = told_of(ev, self, key, track)
            corrections.cleared_in_order(ev, told, ev.now - track.episodes[-1].shift)
        self._drop(ev, key, track)

    def _drop(self, ev: Evaluation, key: str, track: Track) -> None:
        for whom, _ in self.fold.alarms(track.head):
            ev.timers.disarm((TIMER, *self.rule_key, key, whom))
        ev.timers.disarm((REST, *self.rule_key, key))
        ev.mute((*self.rule_key, key), is_muted=False)
        ev.journal.remove(ev.state.tracks[self.rule_key], key)

    def forget(self, ev: Evaluation) -> None:
        for key, track in sorted(ev.state.tracks.get(self.rule_key, {}).items()):
            self._drop(ev, key, track)
        ev.journal.remove(ev.state.tracks, self.rule_key)

    def _knows(self, track: Track, device: str) -> bool:
        return self.fold.step(track.head, Sample(2**62, device, "", None, LEFT))[0] is not track.head

    def _cells(self, ev: Evaluation) -> dict[str, Track]:
        cells: dict[str, Track] = {}
        ev.journal.put(ev.state.tracks, self.rule_key, cells)
        return cells

    def _begun(self, ev: Evaluation, cells: dict[str, Track], key: str) -> Track | None:
        """The track of a key that is new; None where there are too many, which is counted."""
        if self.key_field is not None:
            if len(cells) >= MAX_KEYS:
                ev.keys_refused += 1
                return None
            self._arm_rest(ev, key)
        start = self.fold.start()
        track = Track(start, -(2**62), [], start)
        ev.journal.put(cells, key, track)
        return track

    def _take(self, ev: Evaluation, key: str, track: Track, sample: Sample, now: int) -> None:
        """Steps over a sample that arrived at `now`, in engine time. Most samples change nothing."""
        tail, newest = track.tail, sample.at
        if not tail or newest > tail[-1].at or sample.place >= tail[-1].place:
            head, edges = self.fold.step(track.head, sample)
            if edges and self._reaches_back(track.episodes, edges):
                taken = self._corrected(ev, key, track, sample)
                tail = taken.tail
            else:
                episodes = self._told(ev, key, track, edges) if edges else track.episodes
                ev.journal.append(tail, sample)
                is_same = head is track.head and episodes is track.episodes
                taken = track if is_same else Track(track.base, track.since, tail, head, episodes)
        elif newest < track.since or newest < tail[-1].at - self.lateness_us:
            ev.too_late += 1
            return
        else:
            taken = self._corrected(ev, key, track, sample)
            tail, newest = taken.tail, tail[-1].at
        size = len(tail)
        if size > MIN_TAIL and (size >= MAX_TAIL or tail[size // 2].at < newest - self.lateness_us):
            taken = self._halved(taken)
        if taken is track:
            return
        ev.journal.put(ev.state.tracks[self.rule_key], key, taken)
        if self._has_alarms and taken.head is not track.head:
            self._set_alarms(ev, key, (track, taken), now - newest)
        if taken.episodes is not track.episodes:
            is_muted = bool(taken.episodes) and taken.episodes[-1].is_muted
            ev.mute((*self.rule_key, key), is_muted=is_muted)
            if is_muted:  # what began outside the rule's time is told now if it arrived within it
                self.wake(ev, key, ev.now)

    def _halved(self, track: Track) -> Track:
        """Steps the base over the older half of the tail: there are too many, or they are too old to be corrected."""
        tail, head, half, base = track.tail, track.head, len(track.tail) // 2, track.base
        if head is not base:  # else none of them has changed anything
            for sample in tail[:half]:
                base = self.fold.step(base, sample)[0] if sample.what != OPENED else base
            if head == base:  # made anew, or the other half has changed nothing: next time that is seen at once
                state = base
                for sample in tail[half:]:
                    state = self.fold.step(state, sample)[0] if sample.what != OPENED else state
                head = state
        since, episodes = tail[half - 1].at, track.episodes
        if episodes:
            open_since = [each for each in episodes if each.cleared_at is None or each.cleared_at > since]
            episodes = tuple(open_since[-MAX_EPISODES:])
        return Track(base, since, tail[half:], head, episodes)

    def _told(self, ev: Evaluation, key: str, track: Track, edges: Edges) -> tuple[Episode, ...]:
        """Raises and clears what came in order."""
        for edge in edges:
            if edge.raises and not self._is_known(ev, track.episodes, edge):
                episodes = corrections.raised_in_order(ev, told_of(ev, self, key, track), edge)
            elif not edge.raises and track.episodes:
                episodes = corrections.cleared_in_order(ev, told_of(ev, self, key, track), edge.at)
            else:
                continue
            track = msgspec.structs.replace(track, episodes=episodes)
        return track.episodes

    def _reaches_back(self, episodes: tuple[Episode, ...], edges: Edges) -> bool:
        """True if what is raised began before the end of what was told: one device's words tell of the time before
        another's that came first."""
        if not self.fold.lasting:
            return False
        over = max((each.cleared_at for each in episodes if each.cleared_at is not None), default=None)
        return over is not None and any(edge.raises and edge.at < over + edge.timed for edge in edges)

    def _is_known(self, ev: Evaluation, episodes: tuple[Episode, ...], edge: Edge) -> bool:
        """True if what it raises holds already, and is told or may not be told by this either."""
        last = episodes[-1] if episodes and self.fold.lasting else None
        if last is None or last.cleared_at is not None or edge.at < last.raised_at:
            return False
        return last.alert is not None or not ev.may_raise(self, edge.device, edge.at + last.shift)

    def shift_of(self, ev: Evaluation, device: str) -> int:
        """By how much an alert's times are later than those of the device's own clock, in which its samples are."""
        return 0 if self._is_shared else ev.behind(self.head.site, device)

    def _corrected(self, ev: Evaluation, key: str, track: Track, sample: Sample) -> Track:
        where = bisect_right(track.tail, sample.place, key=_PLACE)
        tail = [*track.tail[:where], sample, *track.tail[where:]]
        head, edges = self._stepped(track, tail)
        told = told_of(ev, self, key, track)
        stretches = self._as_they_may_be_told(ev, told, track, self._stretches(track, edges))
        return Track(track.base, track.since, tail, head, corrections.correct(ev, told, stretches))

    def _stretches(self, track: Track, edges: list[Edge]) -> list[Stretch]:
        return read_stretches(self._opened(track), edges, lasting=self.fold.lasting)

    def _as_they_may_be_told(self, ev: Evaluation, told: Told, track: Track, stretches: list[Stretch]) -> list[Stretch]:
        """What has raised before and was not told is not told now: it was judged by the rule and zones of its time."""
        known = told.known
        if all(mark_of(stretch.edge) in known for stretch in stretches):
            return stretches
        untold = left_untold(self._stretches(track, self._stepped(track, track.tail)[1]), known)

        def may_tell(edge: Edge) -> bool:
            at = edge.at + self.shift_of(ev, edge.device)
            return mark_of(edge) not in untold and ev.gate(self, edge.device, at) is None

        return [as_it_may_be_told(stretch, known, may_tell) for stretch in stretches]

    def _opened(self, track: Track) -> Edge | None:
        """What raised what is open where the tail begins."""
        first = next((each for each in track.episodes if not each.is_withdrawn), None)
        if first is None or not self.fold.is_raised(track.base):
            return None
        if first.raised_at <= track.since:
            return Edge(True, first.raised_at, first.device, first.event_id, first.value, first.count, timed=True)
        # It is told by something in the tail; what raised it before that could not, and is not remembered.
        holders = self.fold.holders(track.base)
        device = holders[0] if holders else "" if self._is_shared else first.device
        return Edge(True, track.since, device, "", first.value, first.count, timed=True)

    def _stepped(self, track: Track, tail: list[Sample]) -> tuple[Any, list[Edge]]:
        """The state after these samples, and what they raise and clear."""
        state: Any = track.base
        edges: list[Edge] = []
        for sample in tail:
            if sample.what != OPENED:
                state, found = self.fold.step(state, sample)
                edges += found
            elif self.fold.is_raised(state) and sample.device in (self.fold.holders(state) or (sample.device,)):
                told = track.episodes[-1].count if track.episodes else None
                count = next((edge.count for edge in reversed(edges) if edge.raises), told)
                edges.append(Edge(True, sample.at, sample.device, sample.event_id, sample.value, count, timed=True))
        return state, edges

    def _set_alarms(self, ev: Evaluation, key: str, tracks: tuple[Track, Track], arrived_after: int) -> None:
        """Sets the timers to what the head now waits for, counted from the arrival: a wrong clock hastens nothing.

        They stand still while no gateway listens: what would have ended the wait may lie at the broker.
        """
        old, new = (dict(self.fold.alarms(track.head)) for track in tracks)
        for whom, at in new.items():
            if old.pop(whom, None) != at:
                due = at + arrived_after - ev.state.outage
                ev.timers.arm_without_outage((TIMER, *self.rule_key, key, whom), due)
        for whom in old:
            ev.timers.disarm((TIMER, *self.rule_key, key, whom))

    def _arm_rest(self, ev: Evaluation, key: str) -> None:
        ev.timers.arm((REST, *self.rule_key, key), ev.now + self._idle_after)

    @property
    def _idle_after(self) -> int:
        return 2 * max(self.fold.span, self.lateness_us) + 1

    def _rest(self, ev: Evaluation, key: str, track: Track, due: int) -> None:
        """Forgets the key if nothing came for so long that nothing of it matters; looks again later otherwise."""
        newest = track.tail[-1].at if track.tail else track.since
        if newest > due - self._idle_after or self.fold.is_raised(track.head):
            self._arm_rest(ev, key)
            return
        self._drop(ev, key, track)

    def occurrence_of(self, edge: Edge, shift: int) -> Occurrence:
        """What raises by this edge."""
        if edge.timed:
            cause = {"timer": self._kind, "device": edge.device, "armed_by": edge.event_id, "due": edge.at}
        else:
            cause = {"device": edge.device, "event_id": edge.event_id}
        value = "" if edge.value is None else value_text(edge.value)
        return Occurrence(at=edge.at + shift, device=edge.device, cause=cause, value=value, count=edge.count)
