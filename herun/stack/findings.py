"""The words of `herun doctor`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad: fine, will become bad, is bad."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what was found, in a sentence that says what to do if it is not fine."""

    check: str
    level: Level
    text: str

    def as_dict(self) -> dict[str, str]:
        """For `--json`."""
        return asdict(self)
