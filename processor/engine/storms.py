"""Storms: beyond so many alerts of a rule, or of a site, within a minute the further ones are one alert with counts.

Critical alerts are counted, but never hidden; those of lost connections behind which there are others stand alone. The
storm's alert lasts as long as anything that it hides. Measured in engine time: what counts is what people are told, and
when.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from herun.alerts import Alert, AlertState, Correction, alert_id
from herun.rules import STORM_UID
from processor.engine import masters
from processor.engine.sayings import name_of_place
from processor.engine.state import CellKey, CurrentAlert, RuleKey, Storm, TimerKey

if TYPE_CHECKING:
    from processor.engine.alerting import Evaluation

TIMER: Final = "storm"
ALL_RULES: Final = "*"  # as the key of a storm's alert: of all rules; none can be named so
CRITICAL: Final = "critical"

WINDOW_US: Final = 60_000_000
MAX_OF_RULE: Final = 20  # alerts within the window: more of one kind than an operator can open and judge in a minute
MAX_OF_SITE: Final = 100  # of all rules together: the first of five storms at once still stand alone
# Without another alert, after which it is over: devices that flap are silent for minutes. So often is then looked at
# what it hides.
QUIET_US: Final = 300_000_000
MAX_PLACES: Final = 20  # named in the text; alerts of further ones are counted together

_replace = msgspec.structs.replace


def sorted_in(ev: Evaluation, kept: CurrentAlert) -> CurrentAlert:
    """Counts a new alert, and puts it under the storm that rages, if there is one: its rule's before the site's."""
    alert = kept.alert
    if kept.patience_us is not None and (alert.site, alert.key) in ev.state.children:
        return kept
    for key, limit in ((alert.rule_uid, MAX_OF_RULE), (ALL_RULES, MAX_OF_SITE)):
        if _rages(ev, alert, key, limit):
            return _counted(ev, kept, (alert.site, STORM_UID, key))
    return kept


def hides(ev: Evaluation, alert: Alert) -> bool:
    """True if what the alert is merged into is a storm's alert that lasts and that nobody has closed."""
    storms = (ev.state.current.get((alert.site, STORM_UID, key)) for key in (alert.rule_uid, ALL_RULES))
    return any(each is not None and each.alert.alert_id == alert.merged_into and not each.closed for each in storms)


def taken_out(ev: Evaluation, cell: CellKey, alert: Alert) -> None:
    """What it has hidden goes under a dead device's alert: it is no longer one of the storm's."""
    where: RuleKey = (cell[0], cell[2])
    storm, kept = ev.state.storms.get(where), ev.state.current.get(cell)
    if storm is None or kept is None or kept.alert.alert_id != alert.merged_into:
        return
    place = alert.building or alert.zone
    places = tuple((name, number - (name == place)) for name, number in storm.places)
    ev.journal.put(ev.state.storms, where, _replace(storm, counted=storm.counted - 1, places=places))


def corrected(ev: Evaluation, before: Alert | None, alert: Alert) -> None:
    """Late events have shown that an alert never was, or that one was after all: the storm that hides it says so."""
    for each, by in ((before, -1), (alert, 1)):
        if each is not None and each.correction is Correction.WITHDRAWN and each.merged_into is not None:
            _withdrawn(ev, each, by)


def _withdrawn(ev: Evaluation, alert: Alert, by: int) -> None:
    for key in (alert.rule_uid, ALL_RULES):
        cell: CellKey = (alert.site, STORM_UID, key)
        kept, storm = ev.state.current.get(cell), ev.state.storms.get((alert.site, key))
        if kept is not None and storm is not None and kept.alert.alert_id == alert.merged_into:
            ev.journal.put(ev.state.storms, (alert.site, key), _replace(storm, withdrawn=storm.withdrawn + by))
            masters.count(ev, cell, alert.merged_into, 0)


def on_timer(ev: Evaluation, timer: TimerKey, due: int) -> None:
    """It has been quiet: nothing more goes under the storm, whose alert is cleared when nothing lasts that it hides."""
    where: RuleKey = (timer[1], timer[2])
    cell: CellKey = (timer[1], STORM_UID, timer[2])
    ev.journal.remove(ev.state.bursts, where)
    storm, kept = ev.state.storms.get(where), ev.state.current.get(cell)
    if storm is None or kept is None:
        return
    storm_id = kept.alert.alert_id
    hidden = ((of, each.alert) for of, each in ev.state.current.items() if each.alert.merged_into == storm_id)
    if any(masters.lasts(ev, of, alert) for of, alert in hidden):
        ev.journal.put(ev.state.storms, where, _replace(storm, is_over=True))
        ev.timers.arm(timer, due + QUIET_US)
    else:
        _end(ev, cell, kept.alert, due)


def text_of(ev: Evaluation, cell: CellKey) -> dict[str, str] | None:
    """What the alert of a raging storm says by now; None if the cell is no storm's."""
    return _text(ev, cell[0], ev.state.storms[cell[0], cell[2]]) if cell[1] == STORM_UID else None


def _rages(ev: Evaluation, alert: Alert, key: str, limit: int) -> bool:
    """True if this alert comes in a storm, maybe as the one that makes it one."""
    where: RuleKey = (alert.site, key)
    storm, kept = ev.state.storms.get(where), ev.state.current.get((alert.site, STORM_UID, key))
    if storm is None or storm.is_over or kept is None or kept.closed:
        recent = (*(at for at in ev.state.bursts.get(where, ()) if at > ev.now - WINDOW_US), ev.now)
        ev.timers.arm((TIMER, *where), ev.now + WINDOW_US)
        ev.journal.put(ev.state.bursts, where, recent[-limit:])
        if len(recent) <= limit:
            return False
        _begin(ev, alert, key)
    ev.timers.arm((TIMER, *where), ev.now + QUIET_US)
    return True


def _begin(ev: Evaluation, alert: Alert, key: str) -> None:
    """A storm's alert; it is the one before, if that still lasts and nobody has closed it."""
    where, cell = (alert.site, key), (alert.site, STORM_UID, key)
    storm, kept = ev.state.storms.get(where), ev.state.current.get(cell)
    if storm is not None and kept is not None:
        if not kept.closed:
            ev.journal.put(ev.state.storms, where, _replace(storm, is_over=False))
            return
        _end(ev, cell, kept.alert, ev.now)
    ev.journal.put(ev.state.storms, where, Storm(began=ev.now))
    masters.write(ev, cell, CurrentAlert(_storm(ev, alert, key)))


def _end(ev: Evaluation, cell: CellKey, alert: Alert, at: int) -> None:
    text = text_of(ev, cell)
    ev.journal.remove(ev.state.storms, (cell[0], cell[2]))
    version = alert.version + 1
    cleared = _replace(alert, version=version, state=AlertState.CLEARED, updated_at=at, cleared_at=at, text=text)
    masters.write(ev, cell, CurrentAlert(cleared))
    ev.journal.remove(ev.state.current, cell)


def _counted(ev: Evaluation, kept: CurrentAlert, cell: CellKey) -> CurrentAlert:
    alert, where = kept.alert, (cell[0], cell[2])
    is_critical = alert.severity == CRITICAL
    storm = _with(ev.state.storms[where], alert, is_critical=is_critical)
    ev.journal.put(ev.state.storms, where, storm)
    of_storm = ev.state.current[cell]
    storm_id = of_storm.alert.alert_id
    if alert.opens_order and not is_critical and not of_storm.alert.opens_order:
        with_order = _replace(of_storm.alert, opens_order=True, order_category=alert.order_category or alert.category)
        ev.journal.put(ev.state.current, cell, _replace(of_storm, alert=with_order))
    masters.count(ev, cell, storm_id, 0 if is_critical else 1)
    if is_critical:
        return kept
    return _replace(kept, alert=_replace(alert, merged_into=storm_id), under=cell)


def _with(storm: Storm, alert: Alert, *, is_critical: bool) -> Storm:
    places, place = dict(storm.places), alert.building or alert.zone
    if place in places or (place is not None and len(places) < MAX_PLACES):
        places[place] = places.get(place, 0) + 1
    return _replace(
        storm, counted=storm.counted + 1, critical=storm.critical + is_critical, places=tuple(places.items())
    )


def _storm(ev: Evaluation, alert: Alert, key: str) -> Alert:
    """The storm's alert; severity, category and order are those of the alert that made it one.

    What it hides opens no order, so the first that would have makes the storm open one, of its category.
    """
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
        text=_text(ev, alert.site, Storm(ev.now)),
        cause={"storm_of": key, "alert_id": alert.alert_id},
        order_category=None if is_all else alert.order_category,
    )


def _text(ev: Evaluation, site: str, storm: Storm) -> dict[str, str]:
    named = sorted((place for place in storm.places if place[1]), key=lambda place: (-place[1], place[0]))
    others = storm.counted - sum(number for _, number in named)
    named = [(name_of_place(ev, site, place), number) for place, number in named]
    zh = [f"{place} {number}" for place, number in named] + ([f"其他 {others}"] if others else [])
    en = [f"{place} {number}" for place, number in named] + ([f"elsewhere {others}"] if others else [])
    told_zh = f"；其中 {storm.critical} 条紧急告警单独显示" if storm.critical else ""
    told_en = f"; {storm.critical} critical ones of them stand alone" if storm.critical else ""
    if storm.withdrawn:
        told_zh += f"；其中 {storm.withdrawn} 条已撤回"
        told_en += f"; {storm.withdrawn} of them withdrawn since"
    return {
        "zh": f"另有 {storm.counted} 条告警（{'，'.join(zh)}）{told_zh}" if zh else "告警过多，后续告警合并计数",
        "en": f"{storm.counted} more alerts ({', '.join(en)}){told_en}"
        if en
        else "Too many alerts; further ones are counted here",
    }
