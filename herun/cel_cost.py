"""What a condition may cost at most, told from its text: the library has no budget, and what it began it cannot stop.

A bound by construction: the same for every event, every process and every replay. It follows how much a part takes and
how large what it gives can be; a macro takes its body as often as its list has items. What cannot be bounded (a pattern
that an event brings, what is not understood) counts as too dear.
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import inf
from typing import Final, NamedTuple

import cel

from herun.cel_tokens import Cursor, NotUnderstoodError, Token

# A step is about 0.3 us of the library on a quiet machine: a condition takes at most some milliseconds.
MAX_STEPS: Final = 10_000
MAX_DEPTH: Final = 2  # macros within one another: nobody reads more
# Of what an event brings, held to by `too_large`: the longest text of the catalogue and of an order, the longest list.
FIELD_SIZE: Final = 4_096
FIELD_ITEMS: Final = 32
MAX_KEPT: Final = 20_000  # conditions whose bound is remembered: those of a large site's rules

MACROS: Final = frozenset({"all", "exists", "exists_one", "existsOne", "map", "filter"})
_BUILDS: Final = frozenset({"map", "filter"})  # each item copies what is there already
_SIZE_A_STEP: Final = 64  # characters or items that are copied or compared in one step
_ITERATION: Final = 2  # steps of an iteration besides its body
_OPERATORS: Final = frozenset({"+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "in"})
_SHOWN: Final = 60  # characters of a part in a message
_MACRO: Final = re.compile(rf"\b(?:{'|'.join(sorted(MACROS))})\b")

# A pattern is compiled each time. Steps of one sign: a class of letters of all the world's scripts is a large machine.
_LETTERS: Final = 1_000
_DIGITS: Final = 100
_SIGN: Final = 12
_ATOM: Final = re.compile(r"\\[pPbB]\{[^}]*\}|\\.|\{(\d*)(?:,(\d*))?\}|.", re.DOTALL)
_VERBOSE: Final = re.compile(r"\(\?[a-zA-Z]*x")  # signs stand apart there from what repeats them


class Cost(NamedTuple):
    """`steps` at most, and for each fault a sentence with its place."""

    steps: float
    faults: tuple[str, ...]


class _Part(NamedTuple):
    """At most: steps that it takes, characters and items in all it gives, items of any one list in it."""

    steps: float
    size: float = 1
    items: float = 0
    begin: int = 0  # its first token
    literal: str | None = None


@lru_cache(maxsize=MAX_KEPT)
def cost_of(text: str) -> Cost:
    """The bound of a condition that the library has taken."""
    try:
        reader = _Reader(text)
        steps = reader.read().steps
    except (NotUnderstoodError, RecursionError):
        if not has_macros(text) and "matches" not in text:
            return Cost(len(text), ())  # whatever it is, each sign is looked at once
        return Cost(inf, ("a condition with macros or patterns as deep or as strange as this is not understood",))
    faults = reader.faults
    if steps > MAX_STEPS and not (faults and steps == inf):  # else they say why
        where = reader.dearest
        told = f"about {steps:,.0f}" if steps < 10**9 else "no end of"
        faults = [f"too dear: {told} steps for an event, at most {MAX_STEPS:,}; most are those of {where}", *faults]
    return Cost(steps, tuple(faults))


def has_macros(text: str) -> bool:
    """Whether it may go over lists."""
    return _MACRO.search(text) is not None


def too_large(value: object) -> bool:
    """Whether a list or map in it holds more than a macro's cost was reckoned with."""
    if isinstance(value, dict):
        return len(value) > FIELD_ITEMS or any(too_large(each) for each in value.values())
    if isinstance(value, list):
        return len(value) > FIELD_ITEMS or any(isinstance(each, list | dict) for each in value)
    return False


def pattern_steps(pattern: str) -> float:
    """What it takes to compile a regular expression: what is repeated so often is there so often."""
    if _VERBOSE.search(pattern):
        return inf
    opened, totals, last = [""], [1.0], 0.0  # groups and classes, what is in each, and what a repetition repeats
    for atom in _ATOM.finditer(pattern):
        sign = atom[0]
        in_class = opened[-1] == "["
        if sign[0] == "{" and len(sign) > 1:
            counts = [int(each) for each in atom.groups() if each]
            last, before = last * max([1, *counts]), last
            totals[-1] += last - before
        elif sign == "[" or (sign == "(" and not in_class):
            opened.append(sign)
            totals.append(0)
            last = 0
        elif sign == "]" or (sign == ")" and not in_class):
            if len(totals) == 1:
                return inf
            opened.pop()
            last = totals.pop() + 1
            totals[-1] += last
        elif sign in {"*", "+", "?"}:
            totals[-1] += _SIGN
        else:
            last = _steps_of_sign(sign)
            totals[-1] += last
    return sum(totals)


def _steps_of_sign(sign: str) -> float:
    kind = sign[1] if sign[0] == "\\" and len(sign) > 1 else ""
    return _LETTERS if kind and kind in "wWpPbB" else _DIGITS if kind and kind in "dD" else _SIGN


class _Reader(Cursor):
    """Recursive descent over CEL's grammar without its precedences: they change nothing of the cost."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.faults: list[str] = []
        self._bound: list[tuple[str, _Part]] = []  # names that macros have made, and what they can be
        self._dearest = (0.0, "it as a whole")

    @property
    def dearest(self) -> str:
        """The macro or pattern that takes most, with its place."""
        return self._dearest[1]

    def read(self) -> _Part:
        part = self._expression()
        if self.peek().kind != "end":
            raise NotUnderstoodError
        return part

    def _expression(self) -> _Part:
        """Operands and operators up to what ends an expression."""
        part = self._operand()
        while True:
            if self.accept("?"):
                yes = self._expression()
                self.expect(":")
                part = _either(part, yes, self._expression())
            elif sign := self.accept(*_OPERATORS):
                part = _joined(part, sign, self._operand())
            else:
                return part

    def _operand(self) -> _Part:
        signs = 0
        while self.accept("!", "-"):
            signs += 1
        part = self._primary()
        while sign := self.accept(".", "["):
            if sign == "[":
                key = self._expression()
                self.expect("]")
                part = _inside(part, key.steps)
                continue
            name = self.name()
            if not self.accept("("):
                part = _inside(part, 0)
            elif name in MACROS:
                part = self._macro(part, name)
            else:
                part = self._function(name, [part, *self.listed(self._expression, ")")], part.begin)
        return part._replace(steps=part.steps + signs, literal=None if signs else part.literal)

    def _macro(self, part: _Part, name: str) -> _Part:
        where = self._place(part.begin)
        if len(self._bound) == MAX_DEPTH:
            self.faults.append(f"{where}: macros ({name}) stand in one another at most {MAX_DEPTH} deep")
        self._bound.append((self.name(), _Part(1, part.size, part.items)))
        body: list[_Part] = []
        while self.accept(","):
            body.append(self._expression())
        self._bound.pop()
        self.expect(")")
        steps = 1 + part.steps + part.items * (_ITERATION + sum(each.steps for each in body))
        given = _Part(steps, 1, 0, part.begin)
        if name in _BUILDS:
            made = part if name == "filter" or not body else body[-1]
            size = part.size if made is part else part.items * made.size
            steps += part.items * part.items / 8
            given = _Part(steps, size, max(part.items, made.items), part.begin)
        return self._noted(given, where)

    def _function(self, name: str, arguments: list[_Part], begin: int) -> _Part:
        steps = 1 + sum(each.steps + each.size / _SIZE_A_STEP for each in arguments)
        if name == "matches":
            pattern = arguments[-1].literal if arguments else None
            if pattern is None:
                self.faults.append(f"{self._place(begin)}: the pattern of matches must stand in the condition itself")
            steps += inf if pattern is None else pattern_steps(pattern)
            return self._noted(_Part(steps, begin=begin), self._place(begin))
        return _Part(steps, max([32, *(each.size for each in arguments)]), 0, begin)

    def _noted(self, part: _Part, where: str) -> _Part:
        if part.steps > self._dearest[0]:
            self._dearest = (part.steps, where)
        return part

    def _place(self, begin: int) -> str:
        text = self.since(begin)
        return f"column {self.column(begin)}, {text if len(text) <= _SHOWN else text[: _SHOWN - 3] + '...'}"

    def _primary(self) -> _Part:
        begin, token = self.at, self.peek()
        self.at += 1
        if token.text == "(":
            inner = self._expression()
            self.expect(")")
            return inner
        if token.text == "[":
            return _listed(self.listed(self._expression, "]"), begin)
        if token.text == "{":
            return self._map(begin)
        if token.kind == "name":
            return self._named(token, begin)
        if token.kind in {"sign", "end"}:
            raise NotUnderstoodError
        literal = _value_of(token) if token.kind == "text" else None
        return _Part(1, len(token.text), 0, begin, literal)

    def _named(self, token: Token, begin: int) -> _Part:
        for name, part in reversed(self._bound):
            if name == token.text:
                return part._replace(begin=begin)
        if self.accept("("):
            return self._function(token.text, self.listed(self._expression, ")"), begin)
        is_word = token.text in {"true", "false", "null"}
        return _Part(1, 1 if is_word else FIELD_SIZE, 0 if is_word else FIELD_ITEMS, begin)

    def _map(self, begin: int) -> _Part:
        found: list[_Part] = []
        while not self.accept("}"):
            found.append(self._expression())
            self.expect(":")
            found.append(self._expression())
            if not self.accept(","):
                self.expect("}")
                break
        return _listed(found, begin)


def _listed(parts: list[_Part], begin: int) -> _Part:
    """A list or map of these."""
    size = sum(each.size for each in parts)
    items = max([len(parts), *(each.items for each in parts)])
    return _Part(1 + sum(each.steps for each in parts) + len(parts) / 4, max(1, size), items, begin)


def _joined(one: _Part, sign: str, other: _Part) -> _Part:
    steps = one.steps + other.steps + 1
    if sign == "+":
        size = one.size + other.size
        return _Part(steps + size / _SIZE_A_STEP, size, one.items + other.items, one.begin)
    looked_at = other.size if sign == "in" else min(one.size, other.size)
    return _Part(steps + looked_at / _SIZE_A_STEP, 1, 0, one.begin)


def _either(asked: _Part, yes: _Part, no: _Part) -> _Part:
    steps = asked.steps + yes.steps + no.steps + 1
    return _Part(steps, max(yes.size, no.size), max(yes.items, no.items), asked.begin)


def _inside(part: _Part, steps: float) -> _Part:
    """What lies in something is no larger than it."""
    return _Part(part.steps + steps + 1, part.size, part.items, part.begin)


def _value_of(token: Token) -> str | None:
    try:
        value = cel.compile(token.text).execute({})
    except (ValueError, RuntimeError):
        raise NotUnderstoodError from None
    return value if isinstance(value, str) else None
