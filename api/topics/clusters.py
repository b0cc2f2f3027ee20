"""Sorts reports into topics. Pure: reports and topics in, who joined what and what was founded out.

Each report goes, oldest first, to the topic that it is most like, if it is like it enough; else it begins a cluster. A
cluster that enough different people speak of is founded as a topic. Nothing that is sorted in is ever sorted again: a
topic grows and keeps its id, and what is said of it on a page does not change under the reader.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from api.topics.text import NOBODY, Centre, Frequencies

ALIKE: Final = 0.3  # from here on a report is of a topic: by the examples of tests/unit/api/test_topics.py
MIN_REPORTERS: Final = 3  # different people, of a topic: two neighbours may have talked to each other
KEYS: Final = 12  # grams of a report by which topics are looked for: those that say most
CANDIDATES: Final = 20  # topics that a report is held against


class Report(NamedTuple):
    """What of a report decides on its topic; `reporter` tells people apart."""

    number: str
    reporter: str
    text: frozenset[str]


class Joined(NamedTuple):
    """A report that is of a topic now."""

    number: str
    topic: str
    likeness: float


@dataclass(slots=True)
class _Cluster:
    topic: str | None
    centre: Centre
    size: float
    members: list[tuple[Report, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Founded:
    """A new topic: its reports, oldest first, and which of them is most like all."""

    members: list[tuple[Report, float]]
    centre: Centre
    typical: str


@dataclass(frozen=True, slots=True)
class Sorted:
    """What came of it; `centres` are those of topics that grew."""

    joined: list[Joined]
    founded: list[Founded]
    centres: dict[str, Centre]


class _Clusters:
    """Clusters that can be found by the grams that they have."""

    def __init__(self, known: Frequencies) -> None:
        self.known = known
        self.all: list[_Cluster] = []
        self._by_gram: dict[str, set[int]] = {}

    def add(self, topic: str | None, centre: Centre) -> _Cluster:
        """A cluster more; None: one that is no topic yet."""
        self.all.append(_Cluster(topic, centre, centre.size(self.known)))
        self._index(len(self.all) - 1, centre.counts)
        return self.all[-1]

    def take(self, report: Report) -> None:
        """Puts a report where it belongs."""
        likeness, place = max(
            ((self._likeness(place, report), -place) for place in self._near(report)), default=(0.0, 0)
        )
        if likeness < ALIKE:
            self.add(None, NOBODY.joined(report.text)).members.append((report, 1.0))
            return
        cluster = self.all[-place]
        cluster.centre = cluster.centre.joined(report.text)
        cluster.size = cluster.centre.size(self.known)
        cluster.members.append((report, likeness))
        self._index(-place, report.text)

    def _likeness(self, place: int, report: Report) -> float:
        cluster = self.all[place]
        return cluster.centre.likeness(report.text, self.known, cluster.size)

    def _near(self, report: Report) -> list[int]:
        """Places of the clusters that share most with a report."""
        weights = {gram: self.known.weight(gram) for gram in report.text}
        keys = sorted(report.text, key=lambda gram: (-weights[gram], gram))[:KEYS]
        shared: Counter[int] = Counter()
        for gram in keys:
            for place in self._by_gram.get(gram, ()):
                shared[place] += round(1000 * weights[gram])
        return sorted(shared, key=lambda place: (-shared[place], place))[:CANDIDATES]

    def _index(self, place: int, grams: Iterable[str]) -> None:
        for gram in grams:
            self._by_gram.setdefault(gram, set()).add(place)


def sort_in(reports: Iterable[Report], topics: Mapping[str, Centre], known: Frequencies) -> Sorted:
    """`reports` are of no topic yet, oldest first; `topics` are the centres by id."""
    clusters = _Clusters(known)
    for topic, centre in topics.items():
        clusters.add(topic, centre)
    for report in reports:
        if report.text:
            clusters.take(report)
    grown = [(each.topic, each) for each in clusters.all if each.topic is not None and each.members]
    new = [each for each in clusters.all if each.topic is None and _reporters(each) >= MIN_REPORTERS]
    return Sorted(
        joined=[Joined(report.number, topic, like) for topic, each in grown for report, like in each.members],
        founded=[Founded(each.members, each.centre, _typical(each, known)) for each in new],
        centres={topic: each.centre for topic, each in grown},
    )


def _reporters(cluster: _Cluster) -> int:
    return len({report.reporter for report, _ in cluster.members})


def _typical(cluster: _Cluster, known: Frequencies) -> str:
    """The report that is most like the whole."""
    reports = [report for report, _ in cluster.members]
    like = {each.number: cluster.centre.likeness(each.text, known, cluster.size) for each in reports}
    return max(like, key=lambda number: (like[number], number))
