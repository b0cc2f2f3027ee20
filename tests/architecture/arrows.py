"""Who may import whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from tests.architecture.sources import PACKAGES, Source, dotted

SERVICES: Final = frozenset({"gateway", "processor", "api", "simulators"})

# The simulators are a black box that speaks MQTT and HTTP only. These say words, times and settings; none opens a
# stream, a frame or a database.
BLACK_BOX: Final = frozenset(
    {
        "herun",
        "herun.clock",
        "herun.errors",
        "herun.logs",
        "herun.metrics",
        "herun.names",
        "herun.settings",
        "herun.subjects",
    }
)

_DYNAMIC: Final = frozenset({"importlib.import_module", "import_module", "__import__", "runpy.run_module"})


def imported(source: Source) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that a file imports; `from herun import frames` counts as `herun.frames`."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            plain = node.module in PACKAGES
            yield from ((node.lineno, f"{node.module}.{alias.name}" if plain else node.module) for alias in node.names)


def _complaint(source: Source, name: str) -> str | None:
    owner, target = source.package, name.split(".", 1)[0]
    if target == "tests":
        return "shipped code imports tests"
    if target not in PACKAGES:
        return None
    if target != owner and target in SERVICES:
        return f"{owner} imports {target}: services meet in the stream, the database or over HTTP"
    if owner == "simulators" and target == "herun" and not _is_for_the_black_box(name):
        return "simulators are a black box"
    inside_stack = source.module.startswith("herun.stack")
    if name.startswith("herun.stack") and not inside_stack:
        return "only herun.stack imports herun.stack"
    return None


def _is_for_the_black_box(name: str) -> bool:
    return any(name == allowed or (allowed != "herun" and name.startswith(f"{allowed}.")) for allowed in BLACK_BOX)


def broken_arrows(source: Source) -> list[str]:
    """Imports of a shipped file that go against the arrows, and imports that hide from this test."""
    found = [
        f"{source.path}:{line}: {name}: {complaint}"
        for line, name in imported(source)
        if (complaint := _complaint(source, name))
    ]
    hidden = [
        f"{source.path}:{node.lineno}: {dotted(node.func)}: an import that no reader sees"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and dotted(node.func) in _DYNAMIC
    ]
    return found + hidden
