"""YAML, and JSON with it, read with the line of every part: what is wrong is told with its place.

Plain values are those of YAML 1.2's core schema: `off`, `yes` and `22:00` are texts. What would make a file mean
something else than a reader sees is refused: tags, aliases, and a name that stands twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

MAX_DEPTH: Final = 30  # a rule is six deep; what is deeper was not written by a person
MAX_DIGITS: Final = 40  # of a number: more than a float has

LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # C's, if the library was built with it
_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_CONSTANTS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

Path = tuple[str | int, ...]  # names and indices


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong, in which line (from 1), and the way to the part that it is about."""

    line: int
    path: Path
    what: str

    @property
    def where(self) -> str:
        """The way as a person writes it."""
        return ".".join(map(str, self.path))


@dataclass(slots=True)
class Marked:
    """A document's value, and the line of each of its parts."""

    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    def deepest(self, path: Path) -> Path:
        """The part of the way that is there: what is missing is missing from what is around it."""
        end = len(path)
        while end and path[:end] not in self.lines:
            end -= 1
        return path[:end]

    def line_of(self, path: Path) -> int:
        """The line of a part, or of what is around it."""
        return self.lines.get(self.deepest(path), 1)

    def complain(self, path: Path, what: str) -> None:
        """Adds a complaint at the part's line."""
        self.complaints.append(Complaint(self.line_of(path), path, what))


def read_marked(text: str) -> Marked:
    """The only document of a text. What it cannot be read for stands in `complaints`; then the value means nothing."""
    marked = Marked()
    try:
        _Reader(text, marked).read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = ", ".join(part for part in (error.problem, error.context) if part)
        if error.context_mark is not None:
            what += f" that begins in line {error.context_mark.line + 1}"
        marked.complaints.append(Complaint(mark.line + 1 if mark else 1, (), f"this is no YAML: {what}"))
    except yaml.YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        marked.complaints.append(Complaint(line, (), f"this is no YAML: {' '.join(str(error).split())}"))
    return marked


class _Reader:
    """Builds the value from the parser's events, which know neither types nor aliases."""

    def __init__(self, text: str, marked: Marked) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=LOADER)
        self._marked = marked

    def read(self) -> None:
        next(self._events)  # the stream begins
        event = next(self._events)
        if isinstance(event, yaml.DocumentStartEvent):
            self._marked.value = self._node(next(self._events), ())
            next(self._events)  # the document ends
            event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            self._complain(event, (), "one document only; several rules are a list")

    def _node(self, event: Any, path: Path) -> Any:
        self._marked.lines.setdefault(path, event.start_mark.line + 1)
        if len(path) > MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem=f"more than {MAX_DEPTH} levels", problem_mark=event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            return self._complain(event, path, "aliases are not taken; write it out")
        if event.tag not in {None, "!"}:
            self._complain(event, path, f"tags are not taken: {event.tag}")
        if isinstance(event, yaml.MappingStartEvent):
            return dict(self._entries(path))
        if isinstance(event, yaml.SequenceStartEvent):
            return list(self._items(path))
        return self._scalar(event, path)

    def _entries(self, path: Path) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if isinstance(event, yaml.ScalarEvent):
                name = str(event.value)
            else:
                self._complain(event, path, "a name is a text")
                self._node(event, (*path, "?"))
                name = "?"
            if name in seen:
                self._complain(event, (*path, name), f"{name} stands here twice")
            seen.add(name)
            self._marked.lines[*path, name] = event.start_mark.line + 1
            yield name, self._node(next(self._events), (*path, name))

    def _items(self, path: Path) -> Iterator[Any]:
        index = 0
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, (*path, index))
            index += 1

    def _scalar(self, event: Any, path: Path) -> Any:
        text: str = event.value
        if "\0" in text:
            return self._complain(event, path, "a text without NUL")
        is_plain = event.implicit[0] and not event.style
        if not is_plain or len(text) > MAX_DIGITS:
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        return float(text) if _FLOAT.fullmatch(text) else text

    def _complain(self, event: Any, path: Path, what: str) -> None:
        self._marked.complaints.append(Complaint(event.start_mark.line + 1, path, what))
