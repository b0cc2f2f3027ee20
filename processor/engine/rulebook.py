"""Which rules an event meets: made from the state, kept until a rule or a device changes."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from herun.rules import RULE, AbsenceRule, CountRule, PlateListRule, Rule, ThresholdRule
from processor.engine.conditions import Test
from processor.engine.kinds.absence import Absence
from processor.engine.kinds.compiled import CompiledRule
from processor.engine.kinds.count import Count
from processor.engine.kinds.plate_list import PlateList
from processor.engine.kinds.threshold import Threshold
from processor.engine.kinds.true_for import TrueFor
from processor.engine.state import CellKey, Registration, RuleKey, State

# A rule, the cell in which it keeps this device's events (None: known from the event only), and what an event's data
# must pass to be looked at.
Entry = tuple[CompiledRule, CellKey | None, tuple[Test, ...]]

MAX_PLANS: Final = 50_000  # devices times event types; beyond it all are made anew
INDEXED_FROM: Final = 4  # rules; fewer are quicker to ask one after the other
_UNREGISTERED: Final = Registration(kind="", zone=None, building=None, enabled=True)


class Plan:
    """The rules that one device's events of one type meet, told apart by the text field that most of them ask for."""

    __slots__ = ("by_value", "entries", "field", "reads_data", "rest")

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self.entries = entries
        self.reads_data = any(rule.reads_data for rule, _, _ in entries)
        self.field = _best_field(entries) if len(entries) >= INDEXED_FROM else None
        self.rest: tuple[Entry, ...] = entries
        self.by_value: dict[str, tuple[Entry, ...]] = {}
        if self.field is not None:
            self._index(self.field)

    def _index(self, field: str) -> None:
        """Sorts the entries by the value they want; the test of the field itself is then done."""
        wanted = [rule.match.where.get(field) for rule, _, _ in self.entries]
        pairs = list(zip(self.entries, wanted, strict=True))
        self.rest = tuple(entry for entry, want in pairs if not isinstance(want, str))
        for value in {want for want in wanted if isinstance(want, str)}:
            self.by_value[value] = tuple(
                (entry[0], entry[1], entry[0].tests_without(field)) if want == value else entry
                for entry, want in pairs
                if want == value or not isinstance(want, str)
            )

    def met_by(self, data: dict[str, Any]) -> tuple[Entry, ...]:
        """The entries that this data can match, in the order of rule uids."""
        if self.field is None:
            return self.entries
        value = data.get(self.field)
        return self.by_value.get(value, self.rest) if type(value) is str else self.rest


class RuleBook:
    """The compiled rules of a partition's sites, but for those of mode `off`.

    Derived from the state: `rebuild` makes it anew.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._compiled: dict[RuleKey, CompiledRule] = {}
        self._plans: dict[tuple[str, str, str], Plan] = {}
        self.rebuild()

    def rebuild(self) -> None:
        """Compiles every rule that is not switched off, again."""
        self._plans.clear()
        self._compiled = {}
        for key in sorted(self._state.rules):
            self._compile(key)

    def changed(self, key: RuleKey) -> None:
        """A rule was put, removed or switched off."""
        self._compiled.pop(key, None)
        self._compile(key)
        self._plans.clear()

    def _compile(self, key: RuleKey) -> None:
        cell = self._state.rules.get(key)
        if cell is None or cell.off:
            return
        rule = RULE.validate_json(cell.body)
        if rule.mode != "off":
            self._compiled[key] = compile_rule(key[0], rule)

    def forget_plans(self) -> None:
        """A device changed: which rules it meets is found out again."""
        self._plans.clear()

    def get(self, key: RuleKey) -> CompiledRule | None:
        """The compiled rule; None if there is none or it is switched off."""
        return self._compiled.get(key)

    def of_site(self, site: str) -> list[CompiledRule]:
        """A site's rules in the order of their uids."""
        return [rule for (of, _), rule in sorted(self._compiled.items(), key=lambda item: item[0]) if of == site]

    def plan(self, site: str, device: str, event_type: str) -> Plan:
        """The plan for a device's events of one type."""
        key = (site, device, event_type)
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= MAX_PLANS:
                self._plans.clear()
            plan = self._plans[key] = Plan(tuple(self._entries(site, device, event_type)))
        return plan

    def _entries(self, site: str, device: str, event_type: str) -> list[Entry]:
        place = self._state.registered.get((site, device), _UNREGISTERED)
        found: list[Entry] = []
        for rule in self.of_site(site):
            key = rule.key_of(device, place)
            if key is not None and event_type in rule.event_types and rule.has_in_scope(device, place):
                cell = (site, rule.head.uid, key) if key else None
                found.append((rule, cell, rule.tests_without(None)))
        return found


def compile_rule(site: str, rule: Rule) -> CompiledRule:
    """The compiled form of a rule."""
    if isinstance(rule, ThresholdRule):
        return Threshold(site, rule)
    if isinstance(rule, AbsenceRule):
        return Absence(site, rule)
    if isinstance(rule, PlateListRule):
        return PlateList(site, rule)
    if isinstance(rule, CountRule):
        return Count(site, rule)
    return TrueFor(site, rule)


def _best_field(entries: tuple[Entry, ...]) -> str | None:
    """The field that most rules compare with a text; the first by name among equals."""
    counts = Counter(
        field for rule, _, _ in entries for field, value in sorted(rule.match.where.items()) if isinstance(value, str)
    )
    return min(counts, key=lambda field: (-counts[field], field), default=None)
