"""The project's own files, read once."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("herun", "gateway", "processor", "api", "simulators")
_BUILT: Final = frozenset({"build", "dist", "node_modules", "__pycache__"})
_DOTTED_BUT_OURS: Final = frozenset({".ci", ".npmrc", ".gitignore", ".dockerignore"})
_TEXT: Final = frozenset(
    {
        ".py",
        ".sql",
        ".md",
        ".toml",
        ".txt",
        ".yml",
        ".yaml",
        ".json",
        ".mjs",
        ".ts",
        ".tsx",
        ".conf",
        ".sh",
        ".npmrc",
        "",
    }
)


@dataclass(frozen=True, slots=True)
class Source:
    """One file: its path from the project's root with slashes, and its text."""

    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        return _parsed(self.path, self.text)

    @property
    def module(self) -> str:
        """The dotted name that imports it: `herun/stack/cli.py` is `herun.stack.cli`."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def package(self) -> str:
        return self.path.split("/", 1)[0]


@cache
def _parsed(path: str, text: str) -> ast.Module:
    return ast.parse(text, filename=path)


def _is_ours(name: str) -> bool:
    hidden = name.startswith(".") and name not in _DOTTED_BUT_OURS
    return not hidden and name not in _BUILT and not name.endswith(".egg-info")


def _walk(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(filter(_is_ours, folders))
        yield from (Path(here) / name for name in sorted(files) if _is_ours(name))


@cache
def text_files() -> tuple[Source, ...]:
    """Every text file of the project that a commit can hold."""
    paths = (path for path in _walk(ROOT) if path.suffix in _TEXT)
    return tuple(Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths)


@cache
def python_files() -> tuple[Source, ...]:
    """Every Python file: the five packages and the tests."""
    return tuple(source for source in text_files() if source.path.endswith(".py"))


@cache
def package_files() -> tuple[Source, ...]:
    """Every Python file that is shipped."""
    return tuple(source for source in python_files() if source.package in PACKAGES)


@cache
def sql_files() -> tuple[Source, ...]:
    """Every SQL file that is shipped."""
    return tuple(s for s in text_files() if s.path.endswith(".sql") and s.package in PACKAGES)


def dotted(node: ast.expr) -> str:
    """`a.b.c` of a chain of attributes, else an empty text."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


def words(sources: tuple[Source, ...]) -> set[str]:
    """Every attribute name and every string of some files."""
    found: set[str] = set()
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found
