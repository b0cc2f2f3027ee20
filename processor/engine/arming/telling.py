"""How arming says what it did: derived events, each at a time of its own or numbered within it."""

from __future__ import annotations

from typing import Any

from processor.engine.alerting import Evaluation
from processor.engine.arming.cells import Told


def tell(ev: Evaluation, event_type: str, place: tuple[str, str], at: int, data: dict[str, Any]) -> None:
    """Adds a derived event of a (site, device), a (site, zone) or a (site, service window).

    Never stamped before the site's last one: so time and number tell it from every other, in a replay too.
    """
    site = place[0]
    last = ev.state.told.get(site)
    told = Told(at, 0) if last is None or last.at < at else Told(last.at, last.n + 1)
    ev.journal.put(ev.state.told, site, told)
    ev.derive(event_type, place, told.at, data, f"{told.at}.{told.n}")
