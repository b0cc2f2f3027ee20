"""Evidence packs: what is known of an alert or an order, redacted, signed, and written down that it was given out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from nacl.signing import SigningKey

from api.alerts import service as alerts
from api.alerts.schemas import Alert
from api.audit import store as audit
from api.events import store as events
from api.evidence import store
from api.resources import Resources
from api.transactions import SYSTEM, Transaction
from api.work_orders import service as work_orders
from api.work_orders.order import Person
from herun.evidence import make_pack
from herun.personal import mask
from herun.redaction import redacted

AROUND: Final = timedelta(minutes=10)  # before and after an alert: what its device said then
MAX_EVENTS: Final = 200
_FREE_TEXT: Final = frozenset({"text", "title", "reason", "comment", "resolution", "answer", "note", "address"})


def signing_key(resources: Resources) -> SigningKey:
    """The key that packs are signed with."""
    return SigningKey(resources.derived_key("evidence"))


async def of_order(tx: Transaction, person: Person, number: str, key: SigningKey) -> bytes:
    """The pack of an order. Raises Problem 404 if it is not for this person's eyes."""
    order = await work_orders.one(tx, person, number)
    entries = await store.entries(tx, number)
    actors = {entry["actor"] for entry in entries} | {order.reporter or SYSTEM}
    names = _Names(await store.residents(tx, actors), order.reporter)
    shown = order.model_dump(mode="json")
    shown["contact_phone"] = mask(order.contact_phone) if order.contact_phone else None
    content: dict[str, Any] = {
        "order.json": shown,
        "history.json": entries,
        "ratings.json": await store.ratings(tx, number),
        "checklist.json": (await work_orders.checklist(tx, person, number)).model_dump(mode="json")["items"],
    }
    if order.alert is not None:
        content |= await _alert(tx, UUID(order.alert.alert_id))
    return await _packed(tx, {"order": number}, content, names, key)


async def of_alert(tx: Transaction, alert_id: UUID, key: SigningKey) -> bytes:
    """The pack of an alert. Raises Problem 404."""
    return await _packed(tx, {"alert": str(alert_id)}, await _alert(tx, alert_id), _Names(set(), None), key)


async def _alert(tx: Transaction, alert_id: UUID) -> dict[str, Any]:
    alert = await alerts.one(tx, alert_id)
    return {
        "alert.json": alert.model_dump(mode="json"),
        "alert_versions.json": await store.versions(tx, alert_id),
        "events.json": await _events(tx, alert) if alert.device else [],
    }


async def _events(tx: Transaction, alert: Alert) -> list[dict[str, Any]]:
    wanted = events.Filter(device=alert.device, after=alert.raised_at - AROUND, before=alert.raised_at + AROUND)
    rows = await events.page(tx, wanted, older_than=None, limit=MAX_EVENTS)
    return [events.shown(row).model_dump(mode="json") for row in rows]


class _Names:
    """Residents by what they are to the order, and not by name."""

    def __init__(self, residents: set[str], reporter: str | None) -> None:
        others = sorted(residents - {reporter})
        self._instead = {name: f"resident-{n}" for n, name in enumerate(others, 1)}
        if reporter is not None:
            self._instead[reporter] = "reporter"

    def __call__(self, name: str) -> str:
        return self._instead.get(name, name)


async def _packed(
    tx: Transaction, about: dict[str, str], content: dict[str, Any], names: Callable[[str], str], key: SigningKey
) -> bytes:
    files = {name: _json(_cleaned(value, names)) for name, value in content.items()}
    await audit.record(tx, "evidence.packed", next(iter(about.values())), {"files": sorted(files)})
    manifest = {"site": tx.site, **about, "made_at": tx.at.isoformat(), "made_by": tx.actor}
    return make_pack(files, manifest, key)


def _cleaned(value: Any, names: Callable[[str], str], field: str = "") -> Any:
    match value:
        case dict():
            return {
                name: _cleaned(each, names, field if name in {"zh", "en"} else name) for name, each in value.items()
            }
        case list():
            return [_cleaned(each, names, field) for each in value]
        case str() if field in _FREE_TEXT:
            return redacted(value)
        case str():
            return names(value)
        case _:
            return value


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str).encode()
