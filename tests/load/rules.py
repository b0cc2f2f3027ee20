"""The 50 rules that are active under load; an event of the load meets six of them, the other 44 look elsewhere."""

from __future__ import annotations

from typing import Any

from tests.load import probe

LOAD_METRIC = "temperature"


def fifty() -> list[dict[str, Any]]:
    """Rules of every kind: six that each event meets, and those that other events would."""
    rules = [probe.rule(), *(_threshold(f"heat-{n}", LOAD_METRIC, 60 + n) for n in range(3))]
    rules.append(_rule("hot-for-a-minute", "true_for", condition=_over(50), duration_s=60))
    rules.append(_rule("five-hot-in-ten", "count", condition=_over(50), count=5, window_s=10))
    rules.append(_rule("silent", "absence", duration_s=600, match={"event_types": ["reading.reported"]}))
    rules += [_threshold(f"level-{n}", f"level-{n}", 1 + n) for n in range(20)]
    rules += [_plate_list(f"listed-{n}") for n in range(5)]
    rules += [_state(f"state-{n}", n) for n in range(10)]
    rules += [_detected(f"detected-{n}", n) for n in range(8)]
    if len(rules) != 50:
        raise AssertionError(f"{len(rules)} rules")
    return rules


def _over(value: float) -> dict[str, Any]:
    return {"field": "value", "op": ">", "value": value}


def _rule(uid: str, kind: str, **more: Any) -> dict[str, Any]:
    match = {"event_types": ["reading.reported"], "where": {"metric": LOAD_METRIC}}
    texts = {"title": {"zh": uid, "en": uid}, "text": {"zh": "{value}", "en": "{value}"}}
    return {"kind": kind, "uid": uid, **texts, "category": "load", "opens_order": False, "match": match, **more}


def _threshold(uid: str, metric: str, limit: float) -> dict[str, Any]:
    match = {"event_types": ["reading.reported"], "where": {"metric": metric}}
    return _rule(uid, "threshold", raise_above=limit, clear_below=limit - 5, match=match)


def _plate_list(uid: str) -> dict[str, Any]:
    return _rule(uid, "plate_list", plate_list="blocked", key="plate", match={"event_types": ["vehicle.passed"]})


def _state(uid: str, n: int) -> dict[str, Any]:
    match = {"event_types": ["state.reported"], "where": {"name": f"state-{n}"}}
    return _rule(uid, "true_for", condition={"field": "value", "op": "==", "value": True}, duration_s=60, match=match)


def _detected(uid: str, n: int) -> dict[str, Any]:
    match = {"event_types": ["object.detected"], "where": {"label": f"label-{n}"}}
    return _rule(uid, "count", count=3, window_s=60, match=match)
