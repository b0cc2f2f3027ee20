"""The rules and plate lists that the estate is set up with. Read from simulators/rules/*.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Rules as the API takes them, and plates by list."""

    rules: tuple[dict[str, Any], ...]
    plate_lists: dict[str, list[str]]

    def only(self, uids: tuple[str, ...] | None) -> Rulebook:
        """Those rules alone, with the lists; None: all. Raises KeyError for one that is not there."""
        if uids is None:
            return self
        by_uid = {rule["uid"]: rule for rule in self.rules}
        return Rulebook(tuple(by_uid[uid] for uid in uids), self.plate_lists)


@cache
def rulebook(name: str = "herun") -> Rulebook:
    """The rulebook of this name."""
    text = (files("simulators") / "rules" / f"{name}.yaml").read_text("utf-8")
    found = yaml.safe_load(text)
    return Rulebook(rules=tuple(found["rules"]), plate_lists=found["plate_lists"])
