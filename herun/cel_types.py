"""What the parts of a condition can be (a number, a text ...), and what therefore never comes true.

The library knows no types before it evaluates. This reads the expression once more, with the types of what a condition
can see, and says what is wrong in any case (`faults`) and what may be meant otherwise (`doubts`). It never refuses what
could come true, but for names that whoever asks is strict about: what it does not understand may be anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

import cel

from herun.cel import FUNCTIONS, MIRRORED
from herun.cel_cost import cost_of
from herun.cel_seen import DATA, Seen, Types, Where, both, either
from herun.cel_tokens import Cursor, NotUnderstoodError, Token

BOOL: Final = frozenset({"true or false"})
TEXT: Final = frozenset({"a text"})
INT: Final = frozenset({"a whole number"})
DOUBLE: Final = frozenset({"a number with a point"})
UINT: Final = frozenset({"a number with u"})
NULL: Final = frozenset({"null"})
LIST: Final = frozenset({"a list"})
MAP: Final = frozenset({"a map"})
NUMBER: Final = INT | DOUBLE  # what JSON calls a number: the device decides which
_OTHER: Final = frozenset({"something else"})
_NUMBERS: Final = NUMBER | UINT
ANYTHING: Final = BOOL | TEXT | _NUMBERS | NULL | LIST | MAP | _OTHER

_EQUALITIES: Final = frozenset({"==", "!="})
_ORDERS: Final = frozenset({"<", "<=", ">", ">="})
_MACROS: Final[Mapping[str, Types]] = {"all": BOOL, "exists": BOOL, "exists_one": BOOL, "map": LIST, "filter": LIST}
# What a function is asked of, what it takes, what it gives.
_METHODS: Final[Mapping[str, tuple[Types, Types, Types]]] = {
    "startsWith": (TEXT, TEXT, BOOL),
    "endsWith": (TEXT, TEXT, BOOL),
    "matches": (TEXT, TEXT, BOOL),
    "contains": (TEXT | LIST | MAP, ANYTHING, BOOL),
    "size": (TEXT | LIST | MAP | _OTHER, frozenset(), INT),
}
_CONVERSIONS: Final[Mapping[str, Types]] = {"int": INT, "uint": UINT, "double": DOUBLE, "string": TEXT}


@dataclass(slots=True)
class Findings:
    """What never comes true, and what may not be meant so, as sentences; the texts that fields may equal, by path."""

    faults: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    named: list[tuple[str, str]] = field(default_factory=list)


def judge(text: str, seen: Seen) -> Findings:
    """What is wrong with a condition that the library has taken."""
    if dear := cost_of(text).faults:
        return Findings([*dear])
    try:
        reader = _Reader(text, seen)
        found = reader.read()
    except (NotUnderstoodError, RecursionError):
        return Findings()
    if not found.types & BOOL:
        reader.findings.faults.append(f"expected true or false: {found.text} is {_told(found.types)}")
    elif found.text == "false":
        reader.findings.faults.append("it is never true: expected a comparison such as data.value > 3")
    return reader.findings


class _Part(NamedTuple):
    """A part of the expression: its text, what it can be, its value if it is a text, what is in it if it is a list."""

    text: str
    types: Types
    literal: str | None = None
    items: Types = ANYTHING
    texts: tuple[str, ...] = ()  # of a list of literals
    path: str = ""  # of a field
    numbers: tuple[float, ...] = ()  # its value if it is a number; of a list of numbers all of them
    where: Where = MappingProxyType({})  # of a condition: the numbers for which it is true


class _Reader(Cursor):
    """Recursive descent over CEL's grammar, the loosest binding first."""

    def __init__(self, text: str, seen: Seen) -> None:
        super().__init__(text)
        self._seen = seen
        self._bound: list[str] = []  # names that macros have made
        self.findings = Findings()

    def read(self) -> _Part:
        part = self._choice()
        if self.peek().kind != "end":
            raise NotUnderstoodError
        return part

    def _fault(self, sentence: str) -> None:
        if sentence not in self.findings.faults:
            self.findings.faults.append(sentence)

    def _doubt(self, sentence: str) -> None:
        if sentence not in self.findings.doubts:
            self.findings.doubts.append(sentence)

    def _must_be(self, part: _Part, wanted: Types, who: str) -> None:
        if not part.types & wanted:
            self._fault(f"{who} asks for {_told(wanted)}: {part.text} is {_told(part.types)}")

    def _choice(self) -> _Part:
        begin, asked = self.at, self._either()
        if not self.accept("?"):
            return asked
        self._must_be(asked, BOOL, "?")
        yes = self._choice()
        self.expect(":")
        no = self._choice()
        return _Part(self.since(begin), yes.types | no.types)

    def _either(self) -> _Part:
        return self._joined(self._both, "||")

    def _both(self) -> _Part:
        return self._joined(self._relation, "&&")

    def _joined(self, inner: Callable[[], _Part], sign: str) -> _Part:
        begin, part = self.at, inner()
        while self.accept(sign):
            other = inner()
            for each in (part, other):
                self._must_be(each, BOOL, sign)
            where = (both if sign == "&&" else either)(part.where, other.where)
            text = self.since(begin)
            part = _Part(text, BOOL, where=self._possible(text, where))
        return part

    def _possible(self, said: str, where: Where) -> Where:
        """A fault for what is true nowhere, of which nothing is known from there on: it is said once."""
        for path in [path for path, values in where.items() if not values]:
            self._fault(f"{said} is never so: {path} is never all of that; for one or the other write ||")
        return {path: values for path, values in where.items() if values}

    def _relation(self) -> _Part:
        begin, part = self.at, self._sum()
        while sign := self.accept(*_EQUALITIES, *_ORDERS, "in"):
            other = self._sum()
            where = self._among(part, other) if sign == "in" else self._compared(part, sign, other)
            part = _Part(self.since(begin), BOOL, where=where)
        return part

    def _compared(self, one: _Part, sign: str, other: _Part) -> Where:
        if not _comparable(one.types) & _comparable(other.types):
            never = "are never equal" if sign in _EQUALITIES else "cannot be compared"
            hint = _hint(one, other) or _hint(other, one)
            told = f"{one.text} is {_told(one.types)}, {other.text} is {_told(other.types)}"
            self._fault(f"{one.text} {sign} {other.text}: they {never}: {told}{hint}")
        where: Where = {}
        for what, meant, value in ((one, sign, other), (other, MIRRORED[sign], one)):
            self._held_against(what.path, sign, value.literal)
            for number in value.numbers:
                self._is_never(f"{one.text} {sign} {other.text}", self._seen.never(what.path, meant, number))
            where = both(where, self._seen.where(what.path, meant, value.numbers))
        return where

    def _held_against(self, path: str, sign: str, literal: str | None) -> None:
        """A field, and the text that it is compared with if that is known."""
        values = self._seen.values.get(path)
        if sign in _EQUALITIES and path and literal is not None:
            self._may_be(path, literal, is_doubt=sign == "!=")
        elif sign in _ORDERS and values is not None and values.is_strict:
            self._fault(f"{path} has no order: {sign} would go by the alphabet; write {path} in [...]")

    def _is_never(self, said: str, why: str) -> None:
        if why:
            self._fault(f"{said} is never so: {why}")

    def _among(self, part: _Part, among: _Part) -> Where:
        self._must_be(among, LIST | MAP, "in")
        if among.types == LIST and not _comparable(part.types) & _comparable(among.items):
            told = f"{part.text} is {_told(part.types)}, in the list is {_told(among.items)}"
            self._fault(f"{part.text} in {among.text}: nothing of it is ever equal: {told}")
        for number in among.numbers:
            self._is_never(f"{part.text} in {among.text}", self._seen.never(part.path, "==", number))
        if part.path and among.texts:
            self.findings.named += [(part.path, name) for name in among.texts]
            values = self._seen.values.get(part.path)
            if values is not None and (values.is_strict or not values.known & set(among.texts)):
                for name in among.texts if values.is_strict else among.texts[:1]:
                    self._may_be(part.path, name)
        return self._seen.where(part.path, "==", among.numbers)

    def _may_be(self, path: str, name: str, *, is_doubt: bool = False) -> None:
        self.findings.named.append((path, name))
        values = self._seen.values.get(path)
        if values is not None and name not in values.known:
            tell = self._doubt if is_doubt and not values.is_strict else self._fault
            tell(f'{path} is never "{name}": {values.told(name)}')

    def _sum(self) -> _Part:
        return self._reckoned(self._product, "+", "-")

    def _product(self) -> _Part:
        return self._reckoned(self._unary, "*", "/", "%")

    def _reckoned(self, inner: Callable[[], _Part], *signs: str) -> _Part:
        begin, part = self.at, inner()
        while sign := self.accept(*signs):
            other = inner()
            part = _Part(self.since(begin), self._result(part, sign, other))
        return part

    def _result(self, one: _Part, sign: str, other: _Part) -> Types:
        fits = ANYTHING if sign == "+" else _NUMBERS | _OTHER
        types = one.types & other.types & fits
        if sign in {"/", "%"} and other.text.isdigit() and not int(other.text):
            self._fault(f"{one.text} {sign} {other.text} divides by zero")
        if one.types | other.types >= _OTHER:  # a time, a duration, or not known
            return ANYTHING
        if not types:
            told = f"{one.text} is {_told(one.types)}, {other.text} is {_told(other.types)}"
            self._fault(f"{one.text} {sign} {other.text} is nothing: {told}")
            return ANYTHING
        numbers = (one.types | other.types) & _NUMBERS
        if len(numbers) > 1 and types <= _NUMBERS:
            self._doubt(
                f"{one.text} {sign} {other.text} says nothing where only one of both is whole: write double(...) around"
                " what may be either, and 2.0 for 2"
            )
        return types

    def _unary(self) -> _Part:
        begin = self.at
        if self.accept("!"):
            part = self._unary()
            self._must_be(part, BOOL, "!")
            return _Part(self.since(begin), BOOL)
        if self.accept("-"):
            part = self._unary()
            self._must_be(part, NUMBER | _OTHER, "-")
            types = part.types & (NUMBER | _OTHER) or ANYTHING
            return _Part(self.since(begin), types, numbers=tuple(-number for number in part.numbers))
        return self._member()

    def _member(self) -> _Part:
        begin, part = self.at, self._primary()
        while sign := self.accept(".", "["):
            if sign == "[":
                key = self._choice()
                self.expect("]")
                part = self._indexed(part, key, begin)
                continue
            name = self.name()
            part = self._called(part, name, begin) if self.accept("(") else self._picked(part, name, begin)
        return part

    def _picked(self, part: _Part, name: str, begin: int) -> _Part:
        """A field of what can be seen, or of a map that is in it."""
        text, root = self.since(begin), part.text
        if root in self._bound or root not in self._seen.roots:
            self._must_be(part, MAP, f".{name}")
            return _Part(text, ANYTHING)
        path = f"{root}.{name}"
        if root == DATA:
            return _Part(text, self._field(name), path=path)
        known = self._seen.roots[root]
        if name not in known:
            self._fault(f"unknown {root}.{name}; known are {', '.join(sorted(known))}")
            return _Part(text, ANYTHING)
        return _Part(text, known[name], path=path)

    def _indexed(self, part: _Part, key: _Part, begin: int) -> _Part:
        is_root = part.text in self._seen.roots and part.text not in self._bound
        if is_root and key.literal is not None:
            return self._picked(part, key.literal, begin)
        if is_root:
            self._doubt(f"{self.since(begin)} cannot be checked: which field it is shows only when an event comes")
        self._must_be(part, LIST | MAP, "[]")
        return _Part(self.since(begin), ANYTHING)

    def _field(self, name: str) -> Types:
        types = self._seen.roots[DATA].get(name)
        if types is not None:
            return types
        if not self._seen.is_all:
            self._doubt(f"data.{name} is not in the catalogue of {self._seen.of_what}")
            return ANYTHING
        self._fault(self._seen.has_no(name))
        return ANYTHING

    def _called(self, part: _Part, name: str, begin: int) -> _Part:
        if name in _MACROS:
            return self._macro(part, name, begin)
        arguments = self.listed(self._choice, ")")
        text = self.since(begin)
        if name not in _METHODS:
            return _Part(text, ANYTHING)
        of, takes, gives = _METHODS[name]
        self._must_be(part, of, name)
        if len(arguments) != (1 if takes else 0):
            self._fault(f"{name} takes {'one argument' if takes else 'no argument'}: {text}")
        for each in arguments:
            self._must_be(each, takes, name)
        if name == "matches" and arguments and arguments[0].literal is not None:
            self._is_pattern(arguments[0])
        return _Part(text, gives)

    def _macro(self, part: _Part, name: str, begin: int) -> _Part:
        self._must_be(part, LIST | MAP, name)
        self._bound.append(self.name())
        while self.accept(","):
            self._choice()
        self._bound.pop()
        self.expect(")")
        return _Part(self.since(begin), _MACROS[name])

    def _is_pattern(self, argument: _Part) -> None:
        try:
            cel.compile(f'"".matches({argument.text})').execute({})
        except (ValueError, RuntimeError) as error:
            told = str(error).rpartition("error: ")[2].partition(". Check function")[0]
            self._fault(f"matches asks for a regular expression: {argument.text}: {told}")

    def _primary(self) -> _Part:
        begin, token = self.at, self.peek()
        self.at += 1
        if token.kind in {"int", "double", "text"}:
            return _literal(token)
        if token.text == "(":
            inner = self._choice()
            self.expect(")")
            return inner._replace(text=self.since(begin))
        if token.text == "[":
            items = self.listed(self._choice, "]")
            types = frozenset[str]().union(*(each.types for each in items))
            texts = tuple(each.literal for each in items if each.literal is not None)
            texts = texts if len(texts) == len(items) else ()
            numbers = tuple(number for each in items for number in each.numbers)
            numbers = numbers if len(numbers) == len(items) else ()
            return _Part(self.since(begin), LIST, None, types, texts, "", numbers)
        if token.kind != "name":
            raise NotUnderstoodError
        return self._named(token.text, begin)

    def _named(self, name: str, begin: int) -> _Part:
        if name in {"true", "false", "null"}:
            return _Part(name, NULL if name == "null" else BOOL)
        if not self.accept("("):
            return _Part(name, MAP if name in self._seen.roots and name not in self._bound else ANYTHING)
        arguments = self.listed(self._choice, ")")
        text = self.since(begin)
        if name == "has":
            return _Part(text, BOOL)
        if name == "size" and len(arguments) == 1:
            self._must_be(arguments[0], _METHODS["size"][0], "size")
            return _Part(text, INT)
        if name not in FUNCTIONS:
            self._fault(f"unknown function {name}; known are {', '.join(sorted(FUNCTIONS))}")
        elif name in _CONVERSIONS and len(arguments) != 1:
            self._fault(f"{name} takes one argument: {text}")
        elif name not in _CONVERSIONS:
            self._fault(f"{name} is asked of something: data.field.{name}(...), not {text}")
        return _Part(text, _CONVERSIONS.get(name, ANYTHING))


def _literal(token: Token) -> _Part:
    if token.kind == "int":
        return _Part(token.text, INT, numbers=(int(token.text, 16 if token.text[:2].lower() == "0x" else 10),))
    if token.kind == "double":
        return _Part(token.text, DOUBLE, numbers=(float(token.text),))
    if "b" in token.text[:2].lower().partition('"')[0].partition("'")[0]:
        return _Part(token.text, _OTHER)
    value = cel.compile(token.text).execute({})
    return _Part(token.text, TEXT, value)


def _comparable(types: Types) -> Types:
    """Numbers of all kinds are compared with one another."""
    return types | _NUMBERS if types & _NUMBERS else types


def _hint(one: _Part, other: _Part) -> str:
    return f"; a field that is missing: !has({one.text})" if other.types == NULL and "." in one.text else ""


def _told(types: Types) -> str:
    """What it can be, in words."""
    if types == ANYTHING:
        return "anything"
    words = (types - NUMBER if types >= NUMBER else types) - (_OTHER if types > _OTHER else frozenset())
    return " or ".join(sorted([*words, *(["a number"] if types >= NUMBER else [])]))
