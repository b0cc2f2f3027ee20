"""Into which alert of its key one more occurrence is counted: that in whose cool-down it lies by event time.

A key's current alert is one of several into which something may be counted: what was under way for long may lie near an
older one. Those are kept as long as something that is late may lie near them. When that is over, the newest alone is
kept, until there is another one or no room: of what comes next in order nobody knows how long it was under way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from herun.alerts import Alert, Correction
from processor.engine import masters
from processor.engine.state import CellKey, CurrentAlert, RuleKey, State

if TYPE_CHECKING:
    from processor.engine.alerting import Evaluation, RuleHead

MAX_ALERTS: Final = 8  # of a key, besides the current one; the oldest is forgotten
# With alerts besides their current one, of some 2 kB each; then the half that was quiet for longest is forgotten.
MAX_KEYS: Final = 5_000

_replace = msgspec.structs.replace


def near(ev: Evaluation, head: RuleHead, cell: CellKey, began: int, ended: int) -> list[CurrentAlert]:
    """The alerts that count what began and ended then: the one to go on first; if there is none, it is a new alert.

    An occurrence may show that two were one. What lasts goes on with one only: each has an end of its own.
    """
    if not head.cooldown_us:
        return []
    found = [each for each in known(ev.state, cell) if _counts(ev, head, each, began, ended)]
    return found[:1] if head.lasting else found


def known(state: State, cell: CellKey) -> list[CurrentAlert]:
    """The key's alerts that may be counted into or corrected, its current one first, then the newest."""
    current, others = state.current.get(cell), state.cooling.get(cell, ())
    return [*others[::-1]] if current is None else [current, *others[::-1]]


def _counts(ev: Evaluation, head: RuleHead, kept: CurrentAlert, began: int, ended: int) -> bool:
    """True within the cool-down of an alert that goes on: people have not closed it, nothing has withdrawn it.

    What the rule says of another urgency, category or order since is another alert: this one's order and place in a
    storm are settled. What was merged into an alert that is over does not go on: it would stay hidden.
    """
    alert = kept.alert
    return (
        ended > alert.raised_at - head.cooldown_us
        and began < alert.updated_at + head.cooldown_us
        and not kept.closed
        and alert.correction is not Correction.WITHDRAWN
        and _urgency(alert) == _urgency(head)
        and (alert.merged_into is None or masters.hides(ev, kept))
    )


def _urgency(of: Alert | RuleHead) -> tuple[str, str, bool, str | None]:
    return of.severity, of.category, of.opens_order, of.order_category


def put(ev: Evaluation, head: RuleHead, cell: CellKey, kept: CurrentAlert) -> None:
    """Keeps an alert that is not its key's current one, as long as what is late may be counted into it."""
    if head.cooldown_us:
        others = [each for each in ev.state.cooling.get(cell, ()) if each.alert.alert_id != kept.alert.alert_id]
        _keep_late(ev, head, cell, [*others, kept], ev.state.current.get(cell))


def take(ev: Evaluation, cell: CellKey, alert_id: str) -> CurrentAlert | None:
    """Gives the alert away, if it is here: it is, or is to be, the current one."""
    kept = ev.state.cooling.get(cell, ())
    found = next((each for each in kept if each.alert.alert_id == alert_id), None)
    if found is not None:
        _keep(ev, cell, [each for each in kept if each is not found])
    return found


def replacing(
    ev: Evaluation, head: RuleHead, cell: CellKey, kept: CurrentAlert, was: CurrentAlert | None
) -> CurrentAlert:
    """The current alert from now on, with what is known of it (`was`: from `take`); the one before is kept here."""
    before, others = ev.state.current.get(cell), ev.state.cooling.get(cell, ())
    if before is not None and before.alert.alert_id != kept.alert.alert_id:
        others = (*others, before)
    if others:
        _keep_late(ev, head, cell, others, kept)
    return kept if was is None else _replace(kept, closed=was.closed, denied=was.denied, said=was.said)


def rest(ev: Evaluation, cell: CellKey, last: CurrentAlert | None) -> None:
    """Nothing that is late comes any more: only the newest may be counted into, by what comes next in order.

    `last` was the current one.
    """
    kept = ev.state.cooling.get(cell, ())
    if last is not None and last.said is not None:
        kept = (*kept, last)
    goes_on = [each for each in kept if not each.closed and each.alert.correction is not Correction.WITHDRAWN]
    _keep(ev, cell, sorted(goes_on, key=_age)[-1:])


def close(ev: Evaluation, cell: CellKey, alert_id: str, *, denied: bool) -> None:
    """People have closed it: nothing more is counted into it."""
    closed = [
        _replace(each, closed=True, denied=denied) if each.alert.alert_id == alert_id else each
        for each in ev.state.cooling[cell]
    ]
    _keep(ev, cell, closed)


def drop_rule(ev: Evaluation, rule_key: RuleKey) -> None:
    """The rule is gone or decides otherwise."""
    for cell in sorted(cell for cell in ev.state.cooling if cell[:2] == rule_key):
        ev.journal.remove(ev.state.cooling, cell)


def joined_to(ev: Evaluation, cell: CellKey, alert_id: str) -> list[str]:
    """The alerts of which the occurrences are counted in this one since."""
    return [
        each.alert.alert_id
        for each in ev.state.cooling.get(cell, ())
        if each.joined == alert_id and each.alert.correction is Correction.WITHDRAWN
    ]


def _keep_late(
    ev: Evaluation, head: RuleHead, cell: CellKey, others: Sequence[CurrentAlert], current: CurrentAlert | None
) -> None:
    newest = max(each.alert.updated_at for each in (*others, current) if each is not None)
    since = newest - head.lateness_us - head.cooldown_us
    _keep(ev, cell, [each for each in others if each.alert.updated_at > since])


def _keep(ev: Evaluation, cell: CellKey, kept: Sequence[CurrentAlert]) -> None:
    cooling = ev.state.cooling
    if not kept:
        ev.journal.remove(cooling, cell)
        return
    ev.journal.put(cooling, cell, tuple(sorted(kept, key=_age)[-MAX_ALERTS:]))
    if len(cooling) > MAX_KEYS:
        quiet = sorted(cooling, key=lambda each: (cooling[each][-1].alert.updated_at, each))
        for each in quiet[: MAX_KEYS // 2]:
            ev.journal.remove(cooling, each)


def _age(kept: CurrentAlert) -> tuple[int, str]:
    return kept.alert.updated_at, kept.alert.alert_id
