"""Which rules an event meets: made from the state, kept until a rule or a device changes.

Rules that name devices, kinds or places are sorted by device; those that look at any are kept once for the whole site,
so that many rules and many devices do not multiply. Both are told apart by the texts that their `where` and their
conditions ask for (metric, label ...), so that an event is held against the few that can match.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Final

from herun.cel import Subject
from herun.rules import (
    RULE,
    AbsenceRule,
    AggregateRule,
    AnomalyRule,
    ChangeRule,
    CountRule,
    DistinctRule,
    EventRule,
    NegationRule,
    PlateListRule,
    Rule,
    SequenceRule,
    ThresholdRule,
    TrueForRule,
)
from processor.engine.conditions import Test
from processor.engine.kinds.absence import make_absence
from processor.engine.kinds.aggregate import make_aggregate
from processor.engine.kinds.anomaly import Anomaly
from processor.engine.kinds.change import Change
from processor.engine.kinds.compiled import CompiledRule
from processor.engine.kinds.count import Count
from processor.engine.kinds.distinct import Distinct
from processor.engine.kinds.each import Each
from processor.engine.kinds.fold import Fold
from processor.engine.kinds.folded import Folded
from processor.engine.kinds.in_order import InOrder
from processor.engine.kinds.negation import Negation
from processor.engine.kinds.plate_list import PlateList
from processor.engine.kinds.threshold import Threshold
from processor.engine.kinds.true_for import TrueFor
from processor.engine.state import Registration, RuleKey, State

# A rule's rank among its site's by uid, the rule, and what an event's data must pass to be looked at.
Entry = tuple[int, CompiledRule, tuple[Test, ...]]

Scope = tuple[str, str | None]  # device, zone, building or kind, and which

MAX_PLANS: Final = 50_000  # devices times event types; beyond it all are made anew
_UNREGISTERED: Final = Registration(kind="", zone=None, building=None, enabled=True)
_RANK: Final = itemgetter(0)


class Node:
    """Entries, each found under one text field that it asks for; those that ask for none are always candidates."""

    __slots__ = ("_by_field", "_rest", "is_empty", "reads_data")

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.is_empty = not entries
        self.reads_data = any(rule.reads_data for _, rule, _ in entries)
        common = Counter(field for _, rule, _ in entries for field in rule.texts_wanted)
        fields: dict[str, dict[str, list[Entry]]] = {}
        rest: list[Entry] = []
        for rank, rule, tests in entries:
            wanted = rule.texts_wanted
            field = min(wanted, key=lambda name: (-common[name], name), default=None)
            if field is None:
                rest.append((rank, rule, tests))
            else:
                entry = (rank, rule, rule.tests_without(field))
                fields.setdefault(field, {}).setdefault(wanted[field], []).append(entry)
        self._rest = tuple(rest)
        self._by_field = tuple(
            (field, {value: tuple(found) for value, found in values.items()}) for field, values in fields.items()
        )

    def met_by(self, data: dict[str, Any]) -> tuple[Entry, ...]:
        """The entries that this data can match, in the order of their ranks."""
        found = self._rest
        for field, values in self._by_field:
            value = data.get(field)
            more = values.get(value) if type(value) is str else None
            if more:
                found = _merged(found, more)
        return found


_NOTHING: Final = Node(())


class Plan:
    """What one device's events of one type meet: the rules that name it or its place, and those of the whole site."""

    __slots__ = ("is_empty", "keys", "met_by", "reads_data", "subject")

    def __init__(self, own: Node, of_site: Node, keys: dict[str, str | None], subject: Subject) -> None:
        self.keys = keys  # under what a rule keeps the event, by the rule's key; None where there is no such place
        self.subject = subject
        self.is_empty = own.is_empty and of_site.is_empty
        self.reads_data = own.reads_data or of_site.reads_data
        # The entries that an event's data can match, in the order of rule uids.
        self.met_by: Callable[[dict[str, Any]], tuple[Entry, ...]]
        if own.is_empty or of_site.is_empty:
            self.met_by = of_site.met_by if own.is_empty else own.met_by
        else:
            self.met_by = lambda data: _merged(own.met_by(data), of_site.met_by(data))


class RuleBook:
    """The compiled rules of a partition's sites, but for those of mode `off`.

    Derived from the state: `rebuild` makes it anew.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._compiled: dict[RuleKey, tuple[str, CompiledRule]] = {}  # with the JSON that it was made from
        self._by_site: dict[str, list[CompiledRule]] = {}
        self._any: dict[tuple[str, str], Node] = {}
        self._named: dict[tuple[str, str], dict[Scope, list[Entry]]] = {}
        self._plans: dict[tuple[str, str, str], Plan] = {}
        self.rebuild()

    def rebuild(self) -> None:
        """Brings it in line with the state: compiles what changed."""
        cells = self._state.rules
        for key in [key for key in self._compiled if key not in cells or cells[key].off]:
            del self._compiled[key]
        for key, cell in cells.items():
            if self._compiled.get(key, ("",))[0] != cell.body:
                self._compile(key)
        self._forget_index()

    def changed(self, key: RuleKey) -> None:
        """A rule was put, removed or switched off."""
        self._compile(key)
        self._forget_index()

    def _compile(self, key: RuleKey) -> None:
        self._compiled.pop(key, None)
        cell = self._state.rules.get(key)
        if cell is None or cell.off:
            return
        rule = RULE.validate_json(cell.body)
        if rule.mode != "off":
            self._compiled[key] = (cell.body, compile_rule(key[0], rule))

    def forget_plans(self) -> None:
        """A device changed: which rules it meets is found out again."""
        self._plans.clear()

    def get(self, key: RuleKey) -> CompiledRule | None:
        """The compiled rule; None if there is none or it is switched off."""
        found = self._compiled.get(key)
        return None if found is None else found[1]

    def of_site(self, site: str) -> list[CompiledRule]:
        """A site's rules in the order of their uids."""
        if not self._by_site:
            for (of, _), (_, rule) in sorted(self._compiled.items(), key=itemgetter(0)):
                self._by_site.setdefault(of, []).append(rule)
        return self._by_site.get(site, [])

    def plan(self, site: str, device: str, event_type: str) -> Plan:
        """The plan for a device's events of one type."""
        key = (site, device, event_type)
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= MAX_PLANS:
                self._plans.clear()
            plan = self._plans[key] = self._make_plan(site, device, event_type)
        return plan

    def _forget_index(self) -> None:
        self._by_site.clear()
        self._any.clear()
        self._named.clear()
        self._plans.clear()

    def _make_plan(self, site: str, device: str, event_type: str) -> Plan:
        place = self._state.registered.get((site, device), _UNREGISTERED)
        if not place.enabled:  # on the way already when it was taken out: it would hold what nothing ends
            return Plan(_NOTHING, _NOTHING, {}, subject_of(device, place, event_type))
        of_type = (site, event_type)
        if of_type not in self._any:
            entries = [
                (rank, rule, rule.tests_without(None))
                for rank, rule in enumerate(self.of_site(site))
                if event_type in rule.event_types
            ]
            self._any[of_type] = Node([entry for entry in entries if entry[1].is_open])
            self._named[of_type] = _by_scope([entry for entry in entries if not entry[1].is_open])
        named = self._named[of_type]
        scopes = (("device", device), ("zone", place.zone), ("building", place.building), ("kind", place.kind))
        meant = [entry for scope in scopes for entry in named.get(scope, ()) if entry[1].has_in_scope(device, place)]
        own = Node(sorted(meant, key=_RANK))
        keys = {"device": device, "zone": place.zone, "building": place.building, "site": site}
        return Plan(own, self._any[of_type], keys, subject_of(device, place, event_type))


def _by_scope(entries: Sequence[Entry]) -> dict[Scope, list[Entry]]:
    """Each rule under the narrowest that it names: few rules are then asked whether they mean a device."""
    found: dict[Scope, list[Entry]] = {}
    for entry in entries:
        match = entry[1].match
        names = (
            ("device", match.devices),
            ("zone", match.zones),
            ("building", match.buildings),
            ("kind", match.device_kinds),
        )
        what, values = next((what, values) for what, values in names if values)
        for value in dict.fromkeys(values):
            found.setdefault((what, value), []).append(entry)
    return found


def subject_of(device: str, place: Registration, event_type: str) -> Subject:
    """What conditions see of a device and an event type."""
    known = {"name": device, "kind": place.kind or None, "zone": place.zone, "building": place.building}
    return {
        "device": {name: value for name, value in known.items() if value is not None},
        "event": {"type": event_type},
    }


def compile_rule(site: str, rule: Rule) -> CompiledRule:
    """The compiled form of a rule."""
    if isinstance(rule, AbsenceRule):
        return make_absence(site, rule)
    if isinstance(rule, AnomalyRule):
        return Anomaly(site, rule)
    if isinstance(rule, PlateListRule):
        return PlateList(site, rule)
    if isinstance(rule, SequenceRule):
        return InOrder(site, rule)
    return Folded(site, rule, make_fold(rule))


def make_fold(rule: Rule) -> Fold[Any]:
    """The fold of a kind that needs nothing else. Raises TypeError for any other."""
    made: Fold[Any]
    match rule:
        case EventRule():
            made = Each(rule)
        case ThresholdRule():
            made = Threshold(rule)
        case TrueForRule():
            made = TrueFor(rule)
        case CountRule():
            made = Count(rule)
        case DistinctRule():
            made = Distinct(rule)
        case ChangeRule():
            made = Change(rule)
        case AggregateRule():
            made = make_aggregate(rule)
        case NegationRule():
            made = Negation(rule)
        case _:
            raise TypeError(f"{rule.kind} is no fold")
    return made


def _merged(some: tuple[Entry, ...], others: tuple[Entry, ...]) -> tuple[Entry, ...]:
    return tuple(sorted((*some, *others), key=_RANK)) if some and others else some or others
