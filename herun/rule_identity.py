"""Whether a rule that is put again is the same rule: then the engine goes on with what it knows of it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from herun.cel_tokens import NotUnderstoodError, words
from herun.rules import Match, Rule

# What a rule says to people, and when it may raise, not what it decides: changing it keeps what the engine knows of it.
PRESENTATION: Final = frozenset(
    {
        "version", "title", "text", "severity", "category", "opens_order", "order_category", "cooldown_s", "schedule",
        "armed_modes", "lateness_s",
    }
)  # fmt: skip
# Which of a detector's scores are told; not what it learns of a series.
OF_ANOMALIES: Final = frozenset({"false_alarms_per_week", "direction", "warm_up_s"})
SCOPE: Final = frozenset({"devices", "device_kinds", "zones", "buildings"})
MAX_KEPT: Final = 1_000  # conditions whose words are remembered


def decides_otherwise(old: Rule, new: Rule) -> bool:
    """True if the engine forgets what it knows of the rule when the new version takes the old one's place.

    Neither how a condition is written nor the order of a list decides anything, nor whether the rule is on trial. A
    wider scope takes nothing from those that were in it.
    """
    return _deciding(old) != _deciding(new) or not _holds_all_of(new.match, old.match)


def _holds_all_of(new: Match, old: Match) -> bool:
    """Whether whoever is in the old scope is in the new one; an empty list means any."""
    return all(
        not wider or (narrower and set(narrower) <= set(wider))
        for wider, narrower in ((getattr(new, name), getattr(old, name)) for name in sorted(SCOPE))
    )


def _deciding(rule: Rule) -> Any:
    told = rule.model_dump(exclude=set(PRESENTATION | OF_ANOMALIES if rule.kind == "anomaly" else PRESENTATION))
    told["mode"] = rule.mode == "off"  # then it is not evaluated; on trial it knows as much as live
    told["match"] = {name: value for name, value in told["match"].items() if name not in SCOPE}
    return _same(told)


def _same(value: Any, name: str = "") -> Any:
    """The same for what means the same: true is not 1, names are a set, a condition is its words."""
    if isinstance(value, dict):
        return {key: _same(each, key) for key, each in value.items()}
    if isinstance(value, list):
        is_names = all(isinstance(each, str) for each in value)
        return frozenset(value) if is_names else [_same(each) for each in value]
    if name == "condition" and isinstance(value, str):
        return _words(value)
    return (value,) if isinstance(value, bool) else value


@lru_cache(maxsize=MAX_KEPT)
def _words(condition: str) -> tuple[str, ...]:
    try:
        return words(condition)
    except NotUnderstoodError:
        return (condition,)
