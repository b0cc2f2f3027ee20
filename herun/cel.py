"""Conditions in CEL (Common Expression Language), with a shorter way for the common ones.

A condition of an event rule sees `data` (the event's fields), `device` (name, kind, zone, building; what is not known
is not there) and `event` (type); others see other variables. It is true, false, or says nothing: a field that is
missing, or of a type that cannot be compared, is an error in CEL, and an event that lacks what is asked for neither
holds nor ends a condition. Any other error (a division by zero, an overflow, a pattern that is none) is the
condition's own fault, and is raised; so is what it may cost (herun/cel_cost.py).

Source: https://github.com/google/cel-spec, as the library `common-expression-language` (Rust) has it. Comparisons of a
field with a literal, `in` a list of literals, `has()`, and their combinations by `&&`, `||`, `!` and parentheses become
one Python expression, some fifty times as quick; a property test holds them to the library's answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import cel

from herun.cel_cost import FIELD_ITEMS, MAX_STEPS, cost_of, has_macros, too_large
from herun.cel_refusals import in_words
from herun.cel_size import NO_SIZE, OWN_SIZE, size_of, with_own_size
from herun.errors import HerunError, InvalidInputError

Data = Mapping[str, Any]
Subject = Mapping[str, Mapping[str, Any]]  # all but `data`; `device` and `event` are the same for all events of a kind
Test = Callable[[Data, Subject], bool]

MAX_CHARS: Final = 2_000  # of a condition: what a person can read
MAX_KEPT: Final = 20_000  # compiled conditions that are remembered: those of a large site's rules
Variables = tuple[tuple[str, frozenset[str] | None], ...]  # what a condition sees, and its fields; None: any field
VARIABLES: Final[Mapping[str, frozenset[str] | None]] = {  # what a condition of an event rule sees
    "data": None,
    "device": frozenset({"name", "kind", "zone", "building"}),
    "event": frozenset({"type"}),
}
_OF_EVENTS: Final[Variables] = tuple(VARIABLES.items())
# Those of the language that ask nothing of the world outside, time included.
FUNCTIONS: Final = frozenset(
    {
        "size",
        "contains",
        "startsWith",
        "endsWith",
        "matches",
        "int",
        "uint",
        "double",
        "string",
    }
)
# Rules were put with these: they must still load. The library does not have the first three, and they fail when they
# are evaluated; of types it knows no names, so `type` can be compared with hardly anything.
_ONCE_TAKEN: Final = frozenset({"bool", "min", "max", "type"})
_BOUND: Final = re.compile(r"\.(?:all|exists|exists_one|filter|map)\(\s*(\w+)\s*,")  # names that a macro makes
# Beyond it the library compares numbers of different types as floats, Python exactly.
_EXACT: Final = 2**53

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>\d+\.\d+|\d+)(?![\w.])|(?P<text>\"[^\"\\\n]*\"|'[^'\\\n]*')|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>&&|\|\||==|!=|<=|>=|[<>!().,\[\]-]))"
)
_KEYWORDS: Final = frozenset({"true", "false", "null", "in"})
_COMPARISONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">="})
# Each sign as it reads from the other side.
MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_MISSING: Final = object()
_NUMBERS: Final = frozenset({int, float})


_UNDEFINED: Final = re.compile(r"Undefined variable or function: '(\w+)'")


class ConditionFailedError(HerunError):
    """A condition could not be evaluated, for a reason that lies in the condition."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled condition. `is_true` and `is_false` are both false where it says nothing.

    They raise ConditionFailedError where it cannot be evaluated; a quick one always can.

    `equalities` are the comparisons of a field with a text that must hold for it to be true: what an index can use.
    `is_quick`: it does not need the library.
    """

    text: str
    is_true: Test
    is_false: Test
    equalities: tuple[tuple[str, str], ...] = ()
    is_quick: bool = False


@lru_cache(maxsize=MAX_KEPT)
def compile_expression(text: str, variables: Variables = _OF_EVENTS) -> Expression:
    """The condition of a text over these variables.

    Raises InvalidInputError (`bad_condition`) that says what is wrong with it.
    """
    if len(text) > MAX_CHARS:
        raise InvalidInputError("bad_condition", f"{len(text)} characters, at most {MAX_CHARS}")
    try:
        program = cel.compile(text)
    except (ValueError, TypeError, RuntimeError) as error:
        raise InvalidInputError("bad_condition", in_words(error)) from error
    seen = dict(variables)
    unknown = sorted(set(program.variables()) - set(seen) - set(_BOUND.findall(text)))
    if unknown:
        raise InvalidInputError("bad_condition", f"unknown {unknown}; a condition sees {', '.join(seen)}")
    unknown = sorted(
        name for name in program.functions() if name.isidentifier() and name not in FUNCTIONS | _ONCE_TAKEN
    )
    unknown = [name for name in unknown if not name.startswith("_")]
    if unknown:
        raise InvalidInputError("bad_condition", f"unknown functions {unknown}; known are {sorted(FUNCTIONS)}")
    try:
        found = _Parser(text, seen).parse()
    except (_OutsideSubsetError, RecursionError):
        return Expression(text, *(_too_dear(text) if cost_of(text).steps > MAX_STEPS else by_library(text)))
    _check_paths(found, seen)
    return Expression(text, _python(found.true), _python(found.false), tuple(found.equalities), is_quick=True)


def by_library(text: str) -> tuple[Test, Test]:
    """The same tests made by the library alone: what the quick ones are held to."""
    return _by_library(cel.compile(with_own_size(text)))


def _too_dear(text: str) -> tuple[Test, Test]:
    """It is refused where it is put; what was put before is never evaluated, and fails."""

    def answer(data: Data, subject: Subject) -> bool:
        del data, subject
        raise ConditionFailedError(cost_of(text).faults[0])

    return answer, answer


def _by_library(program: Any) -> tuple[Test, Test]:
    goes_over_lists = has_macros(program.source)

    def answer(data: Data, subject: Subject) -> Any:
        if goes_over_lists and too_large(data):
            raise ConditionFailedError(f"a list of more than {FIELD_ITEMS} items, over which a macro would go")
        try:
            return program.execute({"data": data, **subject, OWN_SIZE: size_of})
        except (LookupError, TypeError):
            return None  # what is asked for is not there, or of a type that this cannot be asked of
        except (ValueError, RuntimeError, ArithmeticError) as error:
            if _is_of_another_type(error):
                return None
            raise ConditionFailedError(_first_line(error)) from error

    return (lambda data, subject: answer(data, subject) is True), (lambda data, subject: answer(data, subject) is False)


def _is_of_another_type(error: Exception) -> bool:
    """The library tells a text's function that is called on a number as one that does not exist."""
    if str(error).startswith(NO_SIZE):
        return True
    missing = _UNDEFINED.match(str(error))
    return missing is not None and missing[1] in FUNCTIONS


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


class _OutsideSubsetError(Exception):
    """Something that only the library understands."""


@dataclass(frozen=True, slots=True)
class _Node:
    """Python source for "it is true" and "it is false"; paths it looks at; equalities that must hold."""

    true: str
    false: str
    paths: frozenset[tuple[str, str]] = frozenset()
    equalities: tuple[tuple[str, str], ...] = ()


class _Parser:
    """Recursive descent over CEL's grammar, as far as the subset goes; each step gives Python source."""

    def __init__(self, text: str, variables: Mapping[str, frozenset[str] | None]) -> None:
        self._variables = variables
        self._tokens = list(_tokens(text))
        self._at = 0
        self._names = 0

    def parse(self) -> _Node:
        node = self._either()
        if self._at != len(self._tokens):
            raise _OutsideSubsetError
        return node

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._at += 1
        return token

    def _accept(self, sign: str) -> bool:
        if self._peek()[1] == sign and self._peek()[0] in {"sign", "keyword"}:
            self._at += 1
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._accept(sign):
            raise _OutsideSubsetError

    def _either(self) -> _Node:
        node = self._both()
        while self._accept("||"):
            other = self._both()
            node = _Node(
                f"({node.true} or {other.true})", f"({node.false} and {other.false})", node.paths | other.paths
            )
        return node

    def _both(self) -> _Node:
        node = self._relation()
        while self._accept("&&"):
            other = self._relation()
            node = _Node(
                f"({node.true} and {other.true})",
                f"({node.false} or {other.false})",
                node.paths | other.paths,
                (*node.equalities, *other.equalities),
            )
        return node

    def _relation(self) -> _Node:
        if self._accept("!"):
            node = self._unary()
            return _Node(node.false, node.true, node.paths)
        kind, text = self._peek()
        if text == "(":
            return self._unary()
        if kind == "name" and text == "has":
            return self._has()
        if kind == "name":
            return self._of_path(self._path())
        literal = self._literal()
        sign = self._next()[1]
        if sign not in _COMPARISONS:
            raise _OutsideSubsetError
        return self._compared(self._path(), MIRRORED[sign], literal)

    def _unary(self) -> _Node:
        """What `!` or an open parenthesis may stand before."""
        if self._accept("("):
            node = self._either()
            self._expect(")")
            if self._peek()[1] in {*_COMPARISONS, "in", ".", "["}:
                raise _OutsideSubsetError
            return node
        if self._peek() == ("name", "has"):
            return self._has()
        return self._truth(self._path())

    def _has(self) -> _Node:
        self._next()
        self._expect("(")
        path = self._path()
        self._expect(")")
        if self._peek()[1] in {*_COMPARISONS, "in"}:
            raise _OutsideSubsetError
        known = f"{_map_of(path)}"
        return _Node(f"({path[1]!r} in {known})", f"({path[1]!r} not in {known})", frozenset({path}))

    def _of_path(self, path: tuple[str, str]) -> _Node:
        if self._accept("in"):
            return self._among(path)
        if self._peek()[1] in _COMPARISONS:
            sign = self._next()[1]
            return self._compared(path, sign, self._literal())
        if self._peek()[1] in {"(", "[", "."}:
            raise _OutsideSubsetError
        return self._truth(path)

    def _path(self) -> tuple[str, str]:
        kind, root = self._next()
        if kind != "name" or root not in self._variables:
            raise _OutsideSubsetError
        self._expect(".")
        kind, field = self._next()
        if kind != "name" or self._peek()[1] in {".", "[", "("}:
            raise _OutsideSubsetError
        return root, field

    def _literal(self) -> Any:
        is_negative = self._accept("-")
        kind, text = self._next()
        if kind == "number":
            number = float(text) if "." in text else int(text)
            if abs(number) >= _EXACT:
                raise _OutsideSubsetError
            return -number if is_negative else number
        if is_negative:
            raise _OutsideSubsetError
        if kind == "text":
            return text[1:-1]
        if kind == "keyword" and text in {"true", "false"}:
            return text == "true"
        raise _OutsideSubsetError

    def _among(self, path: tuple[str, str]) -> _Node:
        self._expect("[")
        values = [self._literal()]
        while self._accept(","):
            values.append(self._literal())
        self._expect("]")
        name, found = self._look(path)
        equal = " or ".join(_equal(name, value) for value in values)
        known = f"({found}) is not MISSING"
        return _Node(f"({known} and ({equal}))", f"({known} and not ({equal}))", frozenset({path}))

    def _compared(self, path: tuple[str, str], sign: str, literal: Any) -> _Node:
        name, found = self._look(path)
        if sign in {"==", "!="}:
            known, equal = f"({found}) is not MISSING", _equal(name, literal)
            true, false = f"({known} and {equal})", f"({known} and not {equal})"
            if sign == "!=":
                return _Node(false, true, frozenset({path}))
            is_text = isinstance(literal, str) and path[0] == "data"
            return _Node(true, false, frozenset({path}), ((path[1], literal),) if is_text else ())
        types = {str: "(STR)", bool: "(BOOL)"}.get(type(literal), "NUMBERS")
        fits = f"type({found}) in {types}"
        return _Node(
            f"({fits} and {name} {sign} {literal!r})", f"({fits} and not {name} {sign} {literal!r})", frozenset({path})
        )

    def _truth(self, path: tuple[str, str]) -> _Node:
        _, found = self._look(path)
        return _Node(f"(({found}) is True)", f"(({found}) is False)", frozenset({path}))

    def _look(self, path: tuple[str, str]) -> tuple[str, str]:
        """A name for the field's value, and the source that looks it up."""
        self._names += 1
        name = f"v{self._names}"
        return name, f"{name} := {_map_of(path)}.get({path[1]!r}, MISSING)"


def _tokens(text: str) -> Any:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise _OutsideSubsetError
        at, kind, token = match.end(), match.lastgroup, match.group(match.lastgroup)
        yield ("keyword", token) if kind == "name" and token in _KEYWORDS else (kind, token)


def _map_of(path: tuple[str, str]) -> str:
    return "data" if path[0] == "data" else f"subject[{path[0]!r}]"


def _equal(name: str, literal: Any) -> str:
    """CEL's equality: 1 is 1.0, true is not 1, and values of other types are unequal."""
    if isinstance(literal, bool):
        return f"({name} is {literal})"
    if isinstance(literal, str):
        return f"({name} == {literal!r})"
    return f"({name} == {literal!r} and type({name}) is not bool)"


def _check_paths(node: _Node, variables: Mapping[str, frozenset[str] | None]) -> None:
    for root, field in sorted(node.paths):
        known = variables[root]
        if known is not None and field not in known:
            raise InvalidInputError("bad_condition", f"unknown {root}.{field}; known are {sorted(known)}")


def _python(source: str) -> Test:
    names = {"MISSING": _MISSING, "NUMBERS": _NUMBERS, "STR": frozenset({str}), "BOOL": frozenset({bool})}
    # The source is made above of names, signs and literals' repr only; nothing of the condition's text is in it.
    made: Test = eval(f"lambda data, subject: {source}", names)  # noqa: S307
    return made
