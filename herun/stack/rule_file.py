"""A rule as a person writes it, in YAML or JSON; what is wrong is told with file, line and what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from herun.rules import RULE
from herun.stack.folder import StackError

MAX_BYTES: Final = 200_000  # a rule with a thousand devices in its scope is a tenth of it
MAX_COMPLAINTS: Final = 10


def read_rule(path: Path) -> dict[str, Any]:
    """The body of a valid rule. Raises StackError."""
    text = _read(path)
    try:
        root, body = yaml.compose(text, yaml.SafeLoader), yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise StackError(f"{path}:{mark.line + 1 if mark else 1}: this is no YAML: {error}") from error
    if root is None or not isinstance(body, dict):
        raise StackError(f"{path}:1: expected one rule, as names and values")
    try:
        checked: dict[str, Any] = RULE.dump_python(RULE.validate_python(body), mode="json")
    except ValidationError as error:
        raise StackError("\n".join(_complaints(path, root, error))) from error
    return checked


def _read(path: Path) -> str:
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_BYTES:
            raise StackError(f"{path}: at most {MAX_BYTES} bytes")
        return raw.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"{path}: cannot be read: {error}") from error


def _complaints(path: Path, root: yaml.Node, error: ValidationError) -> list[str]:
    lines = []
    for each in error.errors()[:MAX_COMPLAINTS]:
        where = ".".join(str(part) for part in _way(root, each["loc"])) or "rule"
        lines.append(f"{path}:{_line_of(root, each['loc'])}: {where}: {each['msg']}")
    return lines


def _way(root: yaml.Node, loc: Sequence[int | str]) -> Sequence[int | str]:
    """Without the kind, which pydantic puts in front and the file does not have."""
    has_kind = bool(loc) and _child(root, "kind") is not None and getattr(_child(root, "kind"), "value", None) == loc[0]
    return loc[1:] if has_kind else loc


def _line_of(root: yaml.Node, loc: Sequence[int | str]) -> int:
    """The line of the deepest part that is there: what is missing is missing from the part around it."""
    node = root
    for part in _way(root, loc):
        inner = _child(node, part)
        if inner is None:
            break
        node = inner
    return int(node.start_mark.line) + 1


def _child(node: yaml.Node, part: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        inner: yaml.Node = node.value[part]
        return inner
    return None
