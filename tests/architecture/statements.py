"""The named statements of the .sql files, and who uses them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tests.architecture.sources import Source, dotted

_NAME: Final = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)
_LOADER: Final = "Queries"


@dataclass(frozen=True, slots=True)
class Statement:
    """A named statement of one .sql file."""

    file: str
    name: str


def defined(sources: Iterable[Source]) -> set[Statement]:
    """Every named statement."""
    return {Statement(source.path, name) for source in sources for name in _NAME.findall(source.text)}


def _sql_path(source: Source, call: ast.Call) -> str:
    """`Queries("api.alerts", "feed.sql")` is api/alerts/feed.sql; `__package__` is the folder of the file."""
    texts = [str(argument.value) if isinstance(argument, ast.Constant) else "" for argument in call.args]
    folder = texts[0].replace(".", "/") or source.path.rsplit("/", 1)[0]
    return f"{folder}/{texts[1] if len(texts) > 1 else 'queries.sql'}"


def _loaded(source: Source) -> Iterator[tuple[str, str]]:
    """Names that a module binds to a loaded .sql file, and the file's path."""
    for node in source.tree.body:
        target = (
            node.targets[0]
            if isinstance(node, ast.Assign)
            else node.target
            if isinstance(node, ast.AnnAssign)
            else None
        )
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(target, ast.Name) and isinstance(value, ast.Call) and dotted(value.func).endswith(_LOADER):
            yield target.id, _sql_path(source, value)


def _bindings(sources: Iterable[Source]) -> dict[tuple[str, str], str]:
    """(module, name) to .sql path, through imports as well."""
    everything = tuple(sources)
    bound = {(source.module, name): path for source in everything for name, path in _loaded(source)}
    for source in everything:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    if (node.module, alias.name) in bound:
                        bound[source.module, alias.asname or alias.name] = bound[node.module, alias.name]
    return bound


def _strings(source: Source) -> set[str]:
    return {
        node.value for node in ast.walk(source.tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def used(sources: Iterable[Source], have: set[Statement]) -> tuple[set[Statement], list[str]]:
    """Every statement that code names, and the look-ups whose name no reader sees.

    Where a variable holds the name, the file's own strings say which names it may be.
    """
    everything = tuple(sources)
    bound = _bindings(everything)
    statements, hidden = set(), []
    for source in everything:
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Name):
                continue
            path = bound.get((source.module, node.value.id))
            if path is None:
                continue
            if isinstance(node.slice, ast.Constant):
                statements.add(Statement(path, str(node.slice.value)))
            elif meant := {Statement(path, text) for text in _strings(source)} & have:
                statements |= meant
            else:
                hidden.append(f"{source.path}:{node.lineno}: which statement?")
    return statements, hidden


def mismatches(sql: Iterable[Source], python: Iterable[Source]) -> list[str]:
    """Statements that nobody uses, names that no file has, and look-ups that hide their name."""
    have = defined(sql)
    want, hidden = used(python, have)
    unused = [f"{statement.file}: {statement.name}: nobody uses it" for statement in have - want]
    missing = [f"{statement.file}: {statement.name}: there is no such statement" for statement in want - have]
    return sorted(unused + missing) + hidden
