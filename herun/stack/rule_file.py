"""Rule files on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from herun.names import meant
from herun.rule_files import MAX_BYTES, RuleFile, read_rules, told
from herun.stack.folder import StackError


def read_file(path: Path) -> RuleFile:
    """What a file holds, or what is wrong with it. Raises StackError if it cannot be read at all."""
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_BYTES:
            raise StackError(f"{path}: at most {MAX_BYTES} bytes")
        return read_rules(raw.decode())
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"{path}: cannot be read: {error}") from error


def read_rule(path: Path, uid: str | None = None) -> dict[str, Any]:
    """The body of the only rule of a file, or of that with this uid.

    Raises StackError that tells all that is wrong, with lines.
    """
    found = read_file(path)
    if found.complaints:
        raise StackError("\n".join(told(str(path), found.complaints)))
    named = [each.body for each in found.rules if uid in {None, each.body["uid"]}]
    if len(named) == 1:
        return named[0]
    if uid is not None:
        raise StackError(f"{path}: no rule {uid} is in it; {meant(uid, [each.body['uid'] for each in found.rules])}")
    raise StackError(f"{path}:1: expected one rule, found {len(found.rules)}; name one of them by its uid")
