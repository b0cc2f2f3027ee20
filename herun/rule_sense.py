"""What a rule can be put with and never comes true: told before the rule is put, with what was expected.

A rule that is in force already is not asked again: what was put once still loads.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache
from typing import Final, NamedTuple

from herun.catalogue import CATALOGUE, Field, FieldType, PersonalClass, tellable
from herun.cel import VARIABLES
from herun.cel_seen import DATA, Seen, Types, Values
from herun.cel_types import ANYTHING, BOOL, LIST, NULL, NUMBER, TEXT, Findings, judge
from herun.marked_yaml import Path
from herun.passages import FLAGGED
from herun.registry import DeviceKind
from herun.rules import (
    ARE_PERSONAL,
    OWN_PREFIX,
    PERSONAL_KEYS,
    AggregateRule,
    AnomalyRule,
    ChangeRule,
    DistinctRule,
    EventRule,
    Rule,
    SequenceRule,
    ThresholdRule,
    personal_fields,
)
from herun.visible import UNSEEN, is_seen

# Kinds whose texts tell a duration, and those that tell a value; of an event it is that of its field.
_WITH_SPAN: Final = frozenset(
    {"true_for", "absence", "negation", "sequence", "count", "distinct", "change", "aggregate"}
)
_WITH_VALUE: Final = frozenset({"threshold", "change", "aggregate", "anomaly"})
_OF_TIME: Final = frozenset({"true_for", "absence", "negation"})  # raised by no event whose fields could be told
# A silence of several devices is told of none of them, but of what they share.
_NOT_OF_SHARED: Final[dict[str, frozenset[str]]] = {
    "zone": frozenset({"device"}),
    "building": frozenset({"device", "zone"}),
    "site": frozenset({"device", "zone", "building"}),
}
_PLATE_FIELDS: Final = frozenset({"plate", PERSONAL_KEYS["plate"]})
_PLATED: Final = f"expected {', '.join(name for name, each in CATALOGUE.items() if _PLATE_FIELDS & each.fields.keys())}"
MAX_KEPT: Final = 1_000  # sets of event types whose fields are remembered

_TYPES: Final[dict[FieldType, Types]] = {
    FieldType.NUMBER: NUMBER,
    FieldType.STRING: TEXT,
    FieldType.BOOLEAN: BOOL,
    FieldType.SCALAR: NUMBER | TEXT | BOOL,
}


_KINDS_OF_VALUE: Final[dict[type, tuple[Types, str]]] = {
    str: (TEXT, "a text"),
    bool: (BOOL, "true or false"),
    int: (NUMBER, "a number"),
    float: (NUMBER, "a number"),
}
# What of the site a condition names by them, as `named` tells it.
_NAMES: Final = {
    "device.name": "device",
    "device.kind": "device kind",
    "device.zone": "zone",
    "device.building": "building",
}
_OF_DEVICE: Final = "device"  # as the field of a distinct rule: which devices spoke


class PlacedCondition(NamedTuple):
    """A condition, where in its rule it stands, and of which events it is asked."""

    path: Path
    text: str
    event_types: tuple[str, ...]

    @property
    def findings(self) -> Findings:
        """What is wrong with it, or may be."""
        return judge(self.text, seen_of(frozenset(self.event_types)))


class _Asked(NamedTuple):
    """A field of the events that a rule cannot do without, where in the rule it stands, and what it must be."""

    path: Path
    name: str
    types: Types
    expected: str


def faults(rule: Rule) -> list[tuple[Path, str]]:
    """What never comes true in a rule, or may not be put, and where: it is refused."""
    found: list[tuple[Path, str]] = []
    if rule.uid.startswith(OWN_PREFIX):
        found.append((("uid",), f"names that begin with {OWN_PREFIX} are those of the engine's own alerts"))
    if rule.schedule is not None and not rule.schedule.windows:
        found.append((("schedule", "windows"), "without a window it never raises; leave schedule out for always"))
    texts = {"title": rule.title, "text": rule.text}
    found += [
        ((name, lang), UNSEEN) for name, each in texts.items() for lang, said in each.items() if not is_seen(said)
    ]
    found += [
        (("match", "device_kinds", n), f'no device is ever a "{name}": {_KINDS.told(name)}')
        for n, name in enumerate(rule.match.device_kinds)
        if name not in _KINDS.known
    ]
    if rule.kind == "plate_list":
        found += [
            (("match", "event_types", n), f"a plate_list looks at plates, and {name} has none: {_PLATED}")
            for n, name in enumerate(rule.match.event_types)
            if not _PLATE_FIELDS & CATALOGUE[name].fields.keys()
        ]
        if found:
            return found
    seen = seen_of(frozenset(rule.match.event_types))
    if seen.is_all:
        found += _missing(rule, seen)
    found += [
        (each.path, f"{each.name} of {seen.of_what} is never {each.expected}")
        for each in _asked(rule)
        if each.name in seen.roots[DATA] and not seen.roots[DATA][each.name] & each.types
    ]
    found += _never_said(rule, seen)
    return found + [(each.path, what) for each in conditions_of(rule) for what in each.findings.faults]


def doubts(rule: Rule) -> list[tuple[Path, str]]:
    """What in a rule may not be meant so, and where: it is told."""
    seen = seen_of(frozenset(rule.match.event_types))
    found = [] if seen.is_all else _missing(rule, seen)
    return found + [(each.path, what) for each in conditions_of(rule) for what in each.findings.doubts]


def named(rule: Rule) -> list[tuple[Path, str, str]]:
    """What of its site a rule names: where in it, what that is (as `_NAMES` says, or a plate list), and its name."""
    match = rule.match
    scopes = (
        ("devices", "device", match.devices),
        ("device_kinds", "device kind", match.device_kinds),
        ("zones", "zone", match.zones),
        ("buildings", "building", match.buildings),
    )
    found: list[tuple[Path, str, str]] = [
        (("match", scope, n), what, name) for scope, what, names in scopes for n, name in enumerate(names)
    ]
    found += [
        (each.path, _NAMES[path], name)
        for each in conditions_of(rule)
        for path, name in dict.fromkeys(each.findings.named)
        if path in _NAMES and name
    ]
    return [*found, (("plate_list",), "plate list", rule.plate_list)] if rule.kind == "plate_list" else found


def placeholders(rule: Rule) -> frozenset[str]:
    """What stands in braces in the texts of this rule and is filled in: nothing that its kind always leaves empty."""
    is_silence = rule.kind == "anomaly" and rule.detector == "rhythm"  # nobody has spoken
    known = frozenset({"count"} if is_silence and rule.key != "device" else {"count", "device", "zone", "building"})
    if rule.kind == "absence":
        known -= _NOT_OF_SHARED.get(rule.key, frozenset())
    if rule.kind in _WITH_SPAN:
        known |= {"duration"}
    if rule.kind in _WITH_VALUE or (isinstance(rule, EventRule) and _has_value(rule)):
        known |= {"value"}
    if rule.kind == "anomaly":
        known |= {"finding", "probability"}
    if is_silence or rule.kind in _OF_TIME or (rule.kind == "aggregate" and rule.window == "tumbling"):
        return known
    raising = rule.steps[-1].event_types if isinstance(rule, SequenceRule) else rule.match.event_types
    if FLAGGED in raising:
        known |= {"finding"}
    fields = (pair for name in raising for pair in CATALOGUE[name].fields.items())
    return known | {f"{DATA}.{name}" for name, field in fields if tellable(name, field)}


def _has_value(rule: EventRule) -> bool:
    """False if no event that it looks at has the field that its text would tell."""
    seen = seen_of(frozenset(rule.match.event_types))
    return rule.field in seen.roots[DATA] or not seen.is_all


def _missing(rule: Rule, seen: Seen) -> list[tuple[Path, str]]:
    personal = personal_fields(rule.match.event_types)
    return [
        (each.path, f"{[each.name]} {ARE_PERSONAL}" if each.name in personal else seen.has_no(each.name))
        for each in _asked(rule)
        if each.name not in seen.roots[DATA]
    ]


def _never_said(rule: Rule, seen: Seen) -> list[tuple[Path, str]]:
    """Words of `where` that the field is never."""
    return [
        (("match", "where", name), f'{name} is never "{value}": {words.told(value)}')
        for name, value in rule.match.where.items()
        if (words := seen.values.get(f"{DATA}.{name}")) and isinstance(value, str) and value not in words.known
    ]


def _asked(rule: Rule) -> Iterator[_Asked]:
    for name, value in rule.match.where.items():
        yield _Asked(("match", "where", name), name, *_KINDS_OF_VALUE[type(value)])
    match rule:
        case ThresholdRule() | ChangeRule():
            yield _Asked(("field",), rule.field, NUMBER, "a number")
        case AggregateRule() if rule.function not in {"count", "duration"}:
            yield _Asked(("field",), rule.field, NUMBER, "a number")
        case AnomalyRule() if rule.detector not in {"count", "rhythm"}:
            yield _Asked(("field",), rule.field, NUMBER, "a number")
        case DistinctRule() if rule.field != _OF_DEVICE:
            yield _Asked(("field",), rule.field, ANYTHING, "anything")
    if rule.key in PERSONAL_KEYS:
        yield _Asked(("key",), PERSONAL_KEYS[rule.key], TEXT, "a text")


def conditions_of(rule: Rule) -> Iterator[PlacedCondition]:
    """Every condition of a rule with its place."""
    steps = rule.steps_by_place()
    for path, text in rule.conditions():
        step = steps.get(path[:-1])
        yield PlacedCondition(path, text, tuple(rule.match.event_types if step is None else step.event_types))


@lru_cache(maxsize=MAX_KEPT)
def seen_of(event_types: frozenset[str]) -> Seen:
    """What a condition sees of events of these types; what the engine derives may hold more than the catalogue says."""
    fields: dict[str, Types] = {}
    for event_type in (CATALOGUE[name] for name in sorted(event_types)):
        for name, field in event_type.fields.items():
            for seen, types in _as_seen(name, field):
                may_be = types | NULL if event_type.derived else types
                fields[seen] = fields.get(seen, frozenset()) | may_be
    of_what = ", ".join(sorted(event_types))
    values = {"event.type": Values(event_types, lambda _: f"the rule looks at {of_what}"), "device.kind": _KINDS}
    values |= {f"{DATA}.{name}": _words(known) for name, known in _words_of(event_types).items()}
    of_others = {root: dict.fromkeys(names, TEXT) for root, names in VARIABLES.items() if names is not None}
    return Seen(
        roots={"data": fields, **of_others},
        values=values,
        of_what=of_what,
        is_all=not any(CATALOGUE[name].derived for name in event_types),
    )


def _words_of(event_types: frozenset[str]) -> dict[str, frozenset[str]]:
    """The only texts of those fields that can be some texts only, whichever of the events they are of."""
    found: dict[str, frozenset[str]] = {}
    of_any: set[str] = set()
    for field_name, field in (pair for name in event_types for pair in CATALOGUE[name].fields.items()):
        found[field_name] = found.get(field_name, frozenset()) | frozenset(field.words)
        if not field.words:
            of_any.add(field_name)
    return {name: words for name, words in found.items() if name not in of_any}


def _words(known: frozenset[str]) -> Values:
    def told(word: str) -> str:
        close = get_close_matches(word.lower(), sorted(known), 1)
        return f"did you mean {close[0]}?" if close else f"it is one of {', '.join(sorted(known))}"

    return Values(known, told)


_KINDS: Final = _words(frozenset(each.value for each in DeviceKind))


def _as_seen(name: str, field: Field) -> Iterator[tuple[str, Types]]:
    """What stands in an event's data for a field: hashes for what is personal."""
    if field.personal is PersonalClass.NONE:
        yield name, _TYPES[field.type]
        return
    yield f"{name}_hash", TEXT
    if field.personal is PersonalClass.PLATE:
        yield f"{name}_fold", TEXT
        yield f"{name}_near", LIST
