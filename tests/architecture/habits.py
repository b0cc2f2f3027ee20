"""Habits that hurt later: hidden time, silent failure, SQL in the wrong place, traces of one machine."""

from __future__ import annotations

import ast
import re
from typing import Final

from tests.architecture.sources import Source, dotted

# Calls that read the machine's clock. Time is injected (herun/clock.py), so that a night can pass in a minute.
_CLOCK_CALLS: Final = frozenset(
    {
        "time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "datetime.datetime.now",
        "datetime.datetime.utcnow", "datetime.datetime.today", "date.today", "datetime.date.today", "time.localtime",
        "time.gmtime",
    }
)  # fmt: skip
_SLEEP_CALLS: Final = frozenset({"time.sleep", "asyncio.sleep", "anyio.sleep"})

_BROAD: Final = frozenset({"", "Exception", "BaseException"})

_SQL_CLOCK: Final = re.compile(
    r"\b(?:now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\("
    r"|\b(?:CURRENT_TIMESTAMP|CURRENT_DATE|CURRENT_TIME|LOCALTIMESTAMP|LOCALTIME)\b",
    re.IGNORECASE,
)
_SQL_COMMENT: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_SQL_STATEMENT: Final = re.compile(
    r"^\s*(?:SELECT\s+.+\s+FROM\s|INSERT\s+INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|CREATE\s+(?:TABLE|INDEX|ROLE|POLICY)\s)",
    re.DOTALL,
)

# Each has a character class where it would otherwise find itself.
_REGISTRIES: Final = re.compile(r"pypi[.]org|pythonhosted[.]org|registry[.]npmjs|npm[m]irror|--(?:extra-)?index[-]url")
_MACHINES: Final = re.compile(r"/work[/](?:main|shared)|/tmp[/]team|/root[/]\w|/home[/]\w")


def _calls(source: Source, names: frozenset[str]) -> list[str]:
    return [
        f"{source.path}:{node.lineno}: {dotted(node.func)}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and dotted(node.func) in names
    ]


def clock_reads(source: Source) -> list[str]:
    """Calls that read the machine's own clock."""
    return _calls(source, _CLOCK_CALLS)


def sleeps(source: Source) -> list[str]:
    """Waits by duration, but for a pause that is a named constant in seconds, as between two tries.

    Any other wait is for a condition, an event or a timer of the engine. A blocking one stops everything.
    """
    return [
        f"{source.path}:{node.lineno}: {dotted(node.func)}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and dotted(node.func) in _SLEEP_CALLS and not _is_named_pause(node)
    ]


def _is_named_pause(call: ast.Call) -> bool:
    name = dotted(call.args[0]).rsplit(".", 1)[-1] if call.args else ""
    return dotted(call.func) != "time.sleep" and name.isupper() and name.endswith("_S")


def _caught(handler: ast.ExceptHandler) -> set[str]:
    if handler.type is None:
        return {""}
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {dotted(kind) for kind in kinds}


def _says_nothing(body: list[ast.stmt]) -> bool:
    return all(
        isinstance(node, ast.Pass | ast.Continue | ast.Break)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        or (isinstance(node, ast.Return) and (node.value is None or isinstance(node.value, ast.Constant)))
        for node in body
    )


def _suppresses_everything(call: ast.Call) -> bool:
    is_suppress = dotted(call.func) in {"suppress", "contextlib.suppress"}
    return is_suppress and bool({dotted(argument) for argument in call.args} & _BROAD)


def silent_failures(source: Source) -> list[str]:
    """Handlers that swallow everything: bare ones, broad ones that say nothing, and broad suppress()."""
    found = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler):
            caught = _caught(node)
            if "" in caught or (caught & _BROAD and _says_nothing(node.body)):
                found.append(f"{source.path}:{node.lineno}: except {', '.join(sorted(caught))}: says nothing")
        elif isinstance(node, ast.Call) and _suppresses_everything(node):
            found.append(f"{source.path}:{node.lineno}: suppress() of everything")
    return found


def sql_clock_reads(source: Source) -> list[str]:
    """Statements that ask the database for the time."""
    return [f"{source.path}: {match.group()}" for match in _SQL_CLOCK.finditer(_SQL_COMMENT.sub("", source.text))]


def sql_in_python(source: Source) -> list[str]:
    """Statements written as Python strings; SQL stands in .sql files, where it has a name."""
    return [
        f"{source.path}:{node.lineno}: {node.value.strip()[:40]!r}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _SQL_STATEMENT.match(node.value)
    ]


def registry_addresses(source: Source) -> list[str]:
    """Addresses of package registries: every machine brings its own."""
    return [f"{source.path}: {match.group()}" for match in _REGISTRIES.finditer(source.text)]


def machine_paths(source: Source) -> list[str]:
    """Paths that exist on one machine only."""
    return [f"{source.path}: {match.group()}" for match in _MACHINES.finditer(source.text)]


def nameless_names(source: Source) -> list[str]:
    """Modules named for what they are not about."""
    last = source.module.rsplit(".", 1)[-1]
    return [source.path] if last in {"utils", "util", "helpers", "common", "misc"} else []
