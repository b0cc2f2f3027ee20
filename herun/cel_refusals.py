"""Why a text is no condition: what the library's parser says, as a sentence with its place."""

from __future__ import annotations

import re
from typing import Final

MAX_CHARS: Final = 300  # of the sentence; what is meant stands at its beginning

_ERROR: Final = re.compile(r"ERROR: <input>:(\d+):(\d+): (?:Syntax error: )?(.*)$", re.MULTILINE)
_WORDS: Final = (
    (re.compile(r"invalid (?:double|int|uint) literal"), "this number is beyond what can be compared"),
    (re.compile(r"\w+ input '<EOF>'.*"), "it ends too early"),
    (re.compile(r"OtherError.*Recursion limit of (\d+).*"), r"more than \1 levels"),
    (re.compile(r"missing (.+) at '<EOF>'"), r"\1 is missing at the end"),
    (re.compile(r"token recognition error at: '= ?'"), "= is not understood; equal is =="),
    (re.compile(r"token recognition error at: (.+)"), r"\1 is not understood"),
    (re.compile(r"\w+ input 'and'.*"), "'and' is not understood; write &&"),
    (re.compile(r"\w+ input 'or'.*"), "'or' is not understood; write ||"),
    (re.compile(r"(?:\w+|no viable alternative at) input (.+?)(?: expecting .*)?"), r"\1 is not expected here"),
)


def in_words(error: Exception) -> str:
    """The first thing that is wrong; the library's own words where they are not known."""
    text = str(error)
    found = _ERROR.search(text)
    if found is None:
        return " ".join(text.split())[:MAX_CHARS]
    line, column, what = found.groups()
    for pattern, words in _WORDS:
        match = pattern.fullmatch(what)
        if match is not None:
            what = match.expand(words)
            break
    place = f"column {column}" if line == "1" else f"line {line}, column {column}"
    return f"{place}: {what}"[:MAX_CHARS]
