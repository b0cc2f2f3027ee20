"""Rules as people write them, in YAML or JSON; everything that is wrong is told with its line and what was expected.

A file holds one rule, a list of rules, or `{rules: [...], plate_lists: {name: [plates]}}`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Annotated, Any, Final, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from herun import rule_sense
from herun.errors import InvalidInputError
from herun.marked_yaml import Complaint, Marked, Path, read_marked
from herun.refusals import in_words
from herun.rules import RULE, Name, PlacedError, Rule, body_of

MAX_BYTES: Final = 20_000_000  # ten thousand rules of two thousand bytes
MAX_RULES: Final = 10_000  # of a file, and in force at one site
MAX_COMPLAINTS: Final = 50  # told at once; whoever reads them begins with the first
MAX_LISTS: Final = 200
MAX_PLATES: Final = 10_000  # of one list: with 180 bytes of hashes each, nine tenths of what one control frame holds

Plate = Annotated[str, Field(min_length=2, max_length=20, pattern=r"[0-9A-Za-z]", examples=["苏E12345"])]

KINDS: Final[dict[str, type[BaseModel]]] = {
    get_args(kind.model_fields["kind"].annotation)[0]: kind for kind in get_args(get_args(Rule)[0])
}
NO_KIND: Final = frozenset({"union_tag_invalid", "union_tag_not_found"})  # pydantic's words for a rule of no kind
KINDS_EXPECTED: Final = f"expected one of {', '.join(KINDS)}"
_BOOK: Final = ("rules", "plate_lists")


@dataclass(frozen=True, slots=True)
class PlacedRule:
    """A rule and the lines of its parts; `line` is where it begins."""

    rule: Rule
    marked: Marked
    at: Path

    @property
    def line(self) -> int:
        return self.line_of(())

    def line_of(self, path: Path) -> int:
        """The line of a part of it, or of what is around that."""
        return self.marked.line_of((*self.at, *path))

    @property
    def body(self) -> dict[str, Any]:
        """As the API takes it, in full."""
        return body_of(self.rule)


@dataclass(frozen=True, slots=True)
class RuleFile:
    """What a file holds; only without complaints it is all that it holds. `is_single`: one rule by itself."""

    rules: tuple[PlacedRule, ...] = ()
    plate_lists: Mapping[str, Sequence[str]] = field(default_factory=dict)
    complaints: tuple[Complaint, ...] = ()
    is_single: bool = False


class _Lists(BaseModel):
    model_config = ConfigDict(strict=True)

    plate_lists: Annotated[
        dict[Name, Annotated[list[Plate], Field(max_length=MAX_PLATES)]], Field(max_length=MAX_LISTS)
    ] = {}


def read_rules(text: str) -> RuleFile:
    """The rules and plate lists of a text, or what is wrong with it; nothing is raised."""
    marked = read_marked(text)
    if marked.complaints:
        return _refused(marked)
    found, value = marked.value, marked.value
    lists: dict[str, list[str]] = {}
    is_single = isinstance(value, dict) and not any(name in value for name in _BOOK)
    if is_single:
        bodies: list[tuple[Path, Any]] = [((), value)]
    elif isinstance(value, dict):
        lists, found = _book(marked), value.get("rules", [])
        bodies = [(("rules", n), body) for n, body in enumerate(found)] if isinstance(found, list) else []
    else:
        bodies = [((n,), body) for n, body in enumerate(value)] if isinstance(value, list) else []
    if not is_single and not isinstance(found, list):
        marked.complain(("rules",) if isinstance(value, dict) else (), "expected a rule, or a list of rules")
    if len(bodies) > MAX_RULES:
        marked.complain((), f"{len(bodies)} rules, at most {MAX_RULES}")
        bodies = []
    rules = [rule for path, body in bodies if (rule := _rule(marked, path, body)) is not None]
    _refuse_repeats(marked, rules)
    if marked.complaints:
        return _refused(marked)
    return RuleFile(tuple(placed for _, placed in rules), lists, (), is_single)


def rule_of(body: Mapping[str, Any]) -> Rule:
    """The rule of a body that was read already. Raises InvalidInputError (`bad_rule`) with what was expected where."""
    marked = Marked(value=body)
    found = _rule(marked, (), body)
    if found is None or marked.complaints:
        complaints = marked.complaints[:MAX_COMPLAINTS]
        raise InvalidInputError("bad_rule", "; ".join(f"{each.where or 'rule'}: {each.what}" for each in complaints))
    return found[1].rule


def alone(rule: Rule) -> PlacedRule:
    """A rule that comes by itself, from no file."""
    return PlacedRule(rule, Marked(value=None), ())


def told(name: str, complaints: Iterable[Complaint]) -> list[str]:
    """The complaints as lines that editors find their way by."""
    return [f"{name}:{each.line}: {each.where + ': ' if each.path else ''}{each.what}" for each in complaints]


def _refused(marked: Marked) -> RuleFile:
    complaints = sorted(marked.complaints, key=lambda each: each.line)
    if len(complaints) > MAX_COMPLAINTS:
        more = Complaint(complaints[MAX_COMPLAINTS].line, (), f"and {len(complaints) - MAX_COMPLAINTS} more from here")
        complaints = [*complaints[:MAX_COMPLAINTS], more]
    return RuleFile(complaints=tuple(complaints))


def _book(marked: Marked) -> dict[str, list[str]]:
    for name in marked.value:
        if name not in _BOOK:
            marked.complain((name,), f"unknown; beside rules there are {', '.join(_BOOK)}")
    try:
        return _Lists.model_validate({"plate_lists": marked.value.get("plate_lists", {})}).plate_lists
    except ValidationError as error:
        _complain(marked, (), error, {})
        return {}


def _rule(marked: Marked, path: Path, body: Any) -> tuple[Path, PlacedRule] | None:
    if not isinstance(body, dict):
        marked.complain(path, "expected one rule, as names and values")
        return None
    try:
        rule = RULE.validate_python(body)
    except ValidationError as error:
        _complain(marked, path, error, body)
        return None
    for where, what in rule_sense.faults(rule):
        marked.complain((*path, *where), what)
    return path, PlacedRule(rule, marked, path)


def _refuse_repeats(marked: Marked, rules: Iterable[tuple[Path, PlacedRule]]) -> None:
    first: dict[str, int] = {}
    for path, placed in rules:
        line = marked.line_of((*path, "uid"))
        if placed.rule.uid in first:
            marked.complain((*path, "uid"), f"{placed.rule.uid} is the rule of line {first[placed.rule.uid]} already")
        first.setdefault(placed.rule.uid, line)


def _complain(marked: Marked, base: Path, error: ValidationError, body: Mapping[str, Any]) -> None:
    """One complaint a place: where a value may be of several types, each of them has said no."""
    found: dict[Path, list[str]] = {}
    for each in error.errors(include_url=False, include_input=False):
        loc = each["loc"][1:] if each["loc"][:1] == (body.get("kind"),) else each["loc"]
        if isinstance(wrong := each.get("ctx", {}).get("error"), PlacedError):
            loc = (*loc, *wrong.path)
        if each["type"] in NO_KIND:
            path, what = (*base, "kind"), KINDS_EXPECTED
        elif each["type"] == "extra_forbidden":
            path, what = (*base, *loc), _unknown(str(loc[-1]), loc, body)
        elif each["type"] == "missing":
            path, what = (*base, *loc), in_words(each)
        else:
            path, what = (marked.deepest((*base, *loc)) if marked.lines else loc), in_words(each)
        whats = found.setdefault(path, [])
        if what not in whats:
            whats.append(what)
    for path, whats in found.items():
        marked.complain(path, "; or ".join(whats))


def _unknown(name: str, loc: Sequence[str | int], body: Mapping[str, Any]) -> str:
    kind = KINDS.get(str(body.get("kind")))
    if kind is None or len(loc) != 1:
        return "unknown field"
    known = kind.model_fields
    close = get_close_matches(name, known, 1)
    others = f"a {body['kind']} rule knows {', '.join(known)}"
    return f"unknown field; {f'did you mean {close[0]}?' if close else others}"
