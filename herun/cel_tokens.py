"""The signs and words of a CEL expression, and a place among them to read on from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeVar

T = TypeVar("T")

_BLANK: Final = r"(?:\s|//[^\n]*)*"
_TOKEN: Final = re.compile(
    _BLANK
    + r"""(?:(?P<text>[rRbB]{0,2}(?:\"{3}[\s\S]*?\"{3}|'{3}[\s\S]*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))"""
    r"|(?P<double>\d*\.\d+(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+)|(?P<int>0[xX][0-9a-fA-F]+|\d+)(?P<u>[uU])?"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<sign>&&|\|\||==|!=|<=|>=|[-<>!?:+*/%()\[\]{}.,]))"
)
_KINDS: Final = ("text", "double", "int", "name", "sign")
_END: Final = re.compile(_BLANK + r"\Z")


class NotUnderstoodError(Exception):
    """Beyond what is read here."""


class Token(NamedTuple):
    """A word or sign. `kind`: text, int, uint, double, name, sign, or end."""

    kind: str
    text: str
    begin: int
    end: int


class Cursor:
    """Reads on from token to token. Its methods raise NotUnderstoodError where something else stands."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = split(text)
        self.at = 0

    def peek(self) -> Token:
        """The token that comes next."""
        return self._tokens[self.at]

    def accept(self, *words: str) -> str:
        """Goes on past the sign or word that stands here, if it is one of these; else nothing, and an empty text."""
        token = self.peek()
        if token.text not in words or token.kind not in {"sign", "name"}:
            return ""
        self.at += 1
        return token.text

    def expect(self, sign: str) -> None:
        """Goes on past this sign."""
        if not self.accept(sign):
            raise NotUnderstoodError

    def listed(self, one: Callable[[], T], closing: str) -> list[T]:
        """What stands between commas up to the closing sign, and past it; each is read by `one`."""
        found: list[T] = []
        while not self.accept(closing):
            found.append(one())
            if not self.accept(","):
                self.expect(closing)
                break
        return found

    def name(self) -> str:
        """Goes on past a name."""
        token = self.peek()
        if token.kind != "name":
            raise NotUnderstoodError
        self.at += 1
        return token.text

    def column(self, begin: int) -> int:
        """Where in the text the token with this index stands, from 1."""
        return self._tokens[begin].begin + 1

    def since(self, begin: int) -> str:
        """The text from the token with this index to here."""
        return self._text[self._tokens[begin].begin : self._tokens[self.at - 1].end]


def split(text: str) -> list[Token]:
    """Its signs and words, and an end, with their places. Raises NotUnderstoodError."""
    return [*_tokens(text), Token("end", "", len(text), len(text))]


def words(text: str) -> tuple[str, ...]:
    """Its signs and words, without blanks and comments. Raises NotUnderstoodError."""
    return tuple(token.text for token in _tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    at = 0
    while not _END.match(text, at):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotUnderstoodError
        kind = next(name for name in _KINDS if match[name] is not None)
        yield Token("uint" if match["u"] else kind, match[kind], match.start(kind), match.end())
        at = match.end()
