"""Pure cores take state and give state and decisions back: no I/O, no await, no log, no clock, no chance."""

from __future__ import annotations

import ast
from typing import Final

from tests.architecture.arrows import imported
from tests.architecture.sources import Source

# Folders and files whose answer depends on nothing but what they are given.
PURE: Final = (
    "processor/engine/",
    "gateway/decoders/",
    "herun/mqtt/",
    "herun/alerts.py",
    "herun/arming.py",
    "herun/calendar.py",
    "herun/events.py",
    "herun/frames.py",
    "herun/names.py",
    "herun/rules.py",
    "herun/schedule.py",
    "herun/subjects.py",
    "api/clocks/hours.py",
    "api/clocks/limits.py",
    "api/clocks/reminders.py",
    "api/clocks/segments.py",
    "api/clocks/sense.py",
    "api/dispatch/choice.py",
    "api/dispatch/rules.py",
    "api/dispatch/words.py",
    "api/distance.py",
    "api/work_orders/states.py",
)

_OUTSIDE_WORLD: Final = frozenset(
    {
        "asyncio", "logging", "os", "pathlib", "random", "secrets", "select", "socket", "subprocess", "threading",
        "time", "aiomqtt", "httpx", "nats", "paho", "prometheus_client", "psycopg", "psycopg_pool", "structlog",
        "herun.database", "herun.log", "herun.metrics", "herun.settings", "herun.stream", "herun.streams",
    }
)  # fmt: skip


def is_pure(source: Source) -> bool:
    """Whether a file has promised to be."""
    return source.path.startswith(PURE) and source.path.endswith(".py")


def impurities(source: Source) -> list[str]:
    """Imports of the outside world, and coroutines."""
    touched = [
        f"{source.path}:{line}: {name}"
        for line, name in imported(source)
        if any(name == outside or name.startswith(f"{outside}.") for outside in _OUTSIDE_WORLD)
    ]
    waiting = [
        f"{source.path}:{node.lineno}: {type(node).__name__}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith)
    ]
    return touched + waiting
