"""Storms: beyond so many alerts of a rule, or of a site, within a minute the further ones are one alert with counts.

Critical alerts are counted, but never hidden. Measured in engine time: what counts is what people are told, and when.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from herun.alerts import Alert, AlertState, alert_id
from processor.engine import masters
from processor.engine.state import CellKey, CurrentAlert, RuleKey, Storm, TimerKey

if TYPE_CHECKING:
    from processor.engine.alerting import Evaluation

TIMER: Final = "storm"
STORM_UID: Final = "herun-storm"  # rule uid of the storms' alerts; their key is the uid of the rule, or:
ALL_RULES: Final = "*"  # no rule can be named so
CRITICAL: Final = "critical"

WINDOW_US: Final = 60_000_000
MAX_OF_RULE: Final = 20  # alerts within the window: more of one kind than an operator can open and judge in a minute
MAX_OF_SITE: Final = 100  # of all rules together: the first of five storms at once still stand alone
QUIET_US: Final = 300_000_000  # without another alert, after which it is over: devices that flap are silent for minutes
MAX_PLACES: Final = 20  # named in the text; alerts of further ones are counted together


def sorted_in(ev: Evaluation, kept: CurrentAlert) -> CurrentAlert:
    """Counts a new alert, and puts it under the storm that rages, if there is one: its rule's before the site's."""
    alert = kept.alert
    for key, limit in ((alert.rule_uid, MAX_OF_RULE), (ALL_RULES, MAX_OF_SITE)):
        if _rages(ev, alert, key, limit):
            return _counted(ev, kept, (alert.site, STORM_UID, key))
    return kept


def on_timer(ev: Evaluation, timer: TimerKey, due: int) -> None:
    """It has been quiet: the storm is over, what it hid stays with it."""
    where: RuleKey = (timer[1], timer[2])
    cell: CellKey = (timer[1], STORM_UID, timer[2])
    ev.journal.remove(ev.state.bursts, where)
    kept = ev.state.current.get(cell)
    if where not in ev.state.storms or kept is None:
        return
    text = text_of(ev, cell)
    ev.journal.remove(ev.state.storms, where)
    version = kept.alert.version + 1
    cleared = msgspec.structs.replace(
        kept.alert, version=version, state=AlertState.CLEARED, updated_at=due, cleared_at=due, text=text
    )
    masters.write(ev, cell, CurrentAlert(cleared))
    ev.journal.remove(ev.state.current, cell)


def text_of(ev: Evaluation, cell: CellKey) -> dict[str, str] | None:
    """What the alert of a raging storm says by now; None if the cell is no storm's."""
    return _text(ev.state.storms[cell[0], cell[2]]) if cell[1] == STORM_UID else None


def _rages(ev: Evaluation, alert: Alert, key: str, limit: int) -> bool:
    """True if this alert comes in a storm, maybe as the one that makes it one."""
    where: RuleKey = (alert.site, key)
    if where not in ev.state.storms:
        recent = (*(at for at in ev.state.bursts.get(where, ()) if at > ev.now - WINDOW_US), ev.now)
        ev.timers.arm((TIMER, *where), ev.now + WINDOW_US)
        ev.journal.put(ev.state.bursts, where, recent[-limit:])
        if len(recent) <= limit:
            return False
        ev.journal.put(ev.state.storms, where, Storm(began=ev.now))
        masters.write(ev, (alert.site, STORM_UID, key), CurrentAlert(_storm(ev, alert, key)))
    ev.timers.arm((TIMER, *where), ev.now + QUIET_US)
    return True


def _counted(ev: Evaluation, kept: CurrentAlert, cell: CellKey) -> CurrentAlert:
    alert, where = kept.alert, (cell[0], cell[2])
    is_critical = alert.severity == CRITICAL
    storm = _with(ev.state.storms[where], alert, is_critical=is_critical)
    ev.journal.put(ev.state.storms, where, storm)
    storm_id = ev.state.current[cell].alert.alert_id
    masters.count(ev, cell, storm_id, 0 if is_critical else 1)
    if is_critical:
        return kept
    return msgspec.structs.replace(kept, alert=msgspec.structs.replace(alert, merged_into=storm_id), under=cell)


def _with(storm: Storm, alert: Alert, *, is_critical: bool) -> Storm:
    places, place = dict(storm.places), alert.building or alert.zone
    if place in places or (place is not None and len(places) < MAX_PLACES):
        places[place] = places.get(place, 0) + 1
    return Storm(storm.began, storm.counted + 1, storm.critical + is_critical, tuple(places.items()))


def _storm(ev: Evaluation, alert: Alert, key: str) -> Alert:
    """The storm's alert; severity, category and order are those of the alert that made it one."""
    is_all = key == ALL_RULES
    return Alert(
        site=alert.site,
        alert_id=alert_id(alert.site, STORM_UID, key, alert.alert_id),
        version=1,
        rule_uid=STORM_UID,
        rule_version=1,
        key=key,
        state=AlertState.RAISED,
        severity="warning" if is_all else alert.severity,
        category="system" if is_all else alert.category,
        raised_at=ev.now,
        updated_at=ev.now,
        cleared_at=None,
        count=1,
        device=None,
        zone=None,
        building=None,
        opens_order=alert.opens_order,
        title={
            "zh": "告警风暴：多条规则" if is_all else f"告警风暴：规则 {key}",
            "en": "Alert storm: many rules" if is_all else f"Alert storm: rule {key}",
        },
        text=_text(Storm(ev.now)),
        cause={"storm_of": key, "alert_id": alert.alert_id},
        order_category=None if is_all else alert.order_category,
    )


def _text(storm: Storm) -> dict[str, str]:
    named = sorted(storm.places, key=lambda place: (-place[1], place[0]))
    others = storm.counted - sum(number for _, number in named)
    zh = [f"{place} {number}" for place, number in named] + ([f"其他 {others}"] if others else [])
    en = [f"{place} {number}" for place, number in named] + ([f"elsewhere {others}"] if others else [])
    alone_zh = f"；其中 {storm.critical} 条紧急告警单独显示" if storm.critical else ""
    alone_en = f"; {storm.critical} critical ones of them stand alone" if storm.critical else ""
    return {
        "zh": f"另有 {storm.counted} 条告警（{'，'.join(zh)}）{alone_zh}" if zh else "告警过多，后续告警合并计数",
        "en": f"{storm.counted} more alerts ({', '.join(en)}){alone_en}"
        if en
        else "Too many alerts; further ones are counted here",
    }
