"""Evidence packs: what is known of an alert or an order, redacted, signed, and written down that it was given out."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from nacl.signing import SigningKey

from api.alerts import service as alerts
from api.alerts.schemas import Alert
from api.audit import store as audit
from api.events import store as events
from api.evidence import gathered, store
from api.pictures import service as pictures
from api.resources import Resources
from api.transactions import SYSTEM, Transaction
from api.work_orders import service as work_orders
from api.work_orders.order import Person
from herun import order_pictures
from herun.evidence import HISTORY, MAX_BYTES, PACKED_ALREADY, make_pack
from herun.personal import mask
from herun.redaction import names_in, redacted

AROUND: Final = timedelta(minutes=10)  # before and after an alert: what its device said then
MAX_EVENTS: Final = 200
MAX_PICTURE_BYTES: Final = 48 * 1024 * 1024  # of a pack: twenty of the usual, and room for all else in it
_FOR_THE_REST: Final = 2**20  # what is said of the pictures
_NOT_BLURRED: Final = {
    "zh": "图片未做模糊处理,可能有人脸、车牌等个人信息,转交前请查看;拍摄设备、时间、位置等附带信息在上传时已去除。",
    "en": "Pictures are not blurred: faces, plates and whatever else is to be seen are in them; look before you give"
    " them away. What cameras write into them (device, time, place) was taken away when they were sent.",
}
_LEFT_OUT: Final = {
    "zh": "不含图片;图片未做模糊处理,需明确要求才会收入。",
    "en": "Without pictures: they are not blurred, and come only where they are asked for.",
}
_ATTRIBUTES: Final = "attributes"  # whatever is in it: the answers to the category's questions
MIN_NAME_CHARS: Final = 2  # of a name that is looked for in texts: one character is a word of its own
NEVER: Final = r"(?!)"  # what no text has
_FREE_TEXT: Final = frozenset(
    {"text", "title", "reason", "comment", "resolution", "answer", "note", "address", _ATTRIBUTES}
)


def signing_key(resources: Resources) -> SigningKey:
    """The key that packs are signed with."""
    return SigningKey(resources.derived_key("evidence"))


async def of_order(tx: Transaction, resources: Resources, person: Person, number: str, *, with_pictures: bool) -> bytes:
    """The pack of an order. Raises Problem 404 if it is not for this person's eyes."""
    order = await work_orders.one(tx, person, number)
    entries, more = await store.entries(tx, number)
    known = await store.pictures(tx, number)
    senders = {each["sent_by"] for each in known}
    actors = {entry["actor"] for entry in entries} | {order.reporter or SYSTEM} | senders
    residents = await store.residents(tx, actors)
    called = await store.names_of(tx, number, residents)
    # What the one who asks for the pack could do is no evidence of anything.
    shown = order.model_dump(mode="json", exclude={"possible_actions"})
    shown["contact_phone"] = mask(order.contact_phone) if order.contact_phone else None
    content: dict[str, Any] = {
        "order.json": shown,
        "ratings.json": await store.ratings(tx, number),
        "checklist.json": (await work_orders.checklist(tx, person, number)).model_dump(mode="json")["items"],
        **await gathered.beside(tx, person, number),
    }
    left_out = {"history.json": more}
    if order.alert is not None:
        of_alert, more_of_alert = await _alert(tx, UUID(order.alert.alert_id))
        content, left_out = content | of_alert, left_out | more_of_alert
    # Thousands of texts: nobody else waits for them.
    names, history, files = await asyncio.to_thread(_files, content, entries, residents, order.reporter, called)
    room = min(MAX_PICTURE_BYTES, MAX_BYTES - _FOR_THE_REST - sum(map(len, files.values())))
    said = order_pictures.told(await store.pictured(tx, number))
    told, added = await _pictures(resources, tx.site, known, said, room=room if with_pictures else None)
    files |= added | {"pictures.json": _json(_cleaned(told, names))}
    shown_pictures = {"known": len(known), "included": len(added), "blurred": False}
    about = {"order": number, "pictures": shown_pictures | {"note": _NOT_BLURRED if added else _LEFT_OUT}}
    about |= {"chain": gathered.about_chain(history), "left_out": left_out}
    return await _packed(tx, number, about, files, signing_key(resources))


async def of_alert(tx: Transaction, resources: Resources, alert_id: UUID) -> bytes:
    """The pack of an alert. Raises Problem 404."""
    content, left_out = await _alert(tx, alert_id)
    _, _, files = await asyncio.to_thread(_files, content, [], set(), None, set())
    about = {"alert": str(alert_id), "left_out": left_out}
    return await _packed(tx, str(alert_id), about, files, signing_key(resources))


async def _alert(tx: Transaction, alert_id: UUID) -> tuple[dict[str, Any], dict[str, int]]:
    """The files of an alert, and how much of each is left out."""
    alert = await alerts.one(tx, alert_id)
    versions, more_versions = await store.versions(tx, alert_id)
    said, more_said = await _events(tx, alert) if alert.device else ([], 0)
    content = {
        "alert.json": alert.model_dump(mode="json"),
        "alert_versions.json": versions,
        "events.json": said,
    }
    return content, {"alert_versions.json": more_versions, "events.json": more_said}


async def _events(tx: Transaction, alert: Alert) -> tuple[list[dict[str, Any]], int]:
    wanted = events.Filter(device=alert.device, after=alert.raised_at - AROUND, before=alert.raised_at + AROUND)
    rows = await events.page(tx, wanted, older_than=None, limit=MAX_EVENTS)
    # A full page may be all that there is; the count is of a later moment.
    more = max(0, await store.count_events(tx, wanted) - MAX_EVENTS) if len(rows) == MAX_EVENTS else 0
    return [events.shown(row).model_dump(mode="json") for row in rows], more


async def _pictures(
    resources: Resources, site: str, known: list[dict[str, Any]], said: dict[str, dict[str, Any]], *, room: int | None
) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """What the pack says of each picture, and those that it holds by their names: as many as there is room for.

    What was sent is what the history says: of the table nothing is believed that could be changed with the file.
    No `room`: they are not asked for.
    """
    told, added = [], dict[str, bytes]()
    for each in known:
        name, data = f"pictures/{each['id']}{PACKED_ALREADY}", None
        is_as_sent, why = None, "not asked for"
        entry = said.get(str(each["id"]), {"sha256": ""})
        if room is not None:
            data = await pictures.stored(resources, site, each["id"])
            why = "gone" if data is None else "no room"
        if data is not None and room is not None and len(data) <= room:
            room -= len(data)
            added[name] = data
            is_unknown = entry["sha256"] is None
            is_as_sent = None if is_unknown else hashlib.sha256(data).hexdigest() == entry["sha256"]
        is_in = name in added
        shown = {"file": name if is_in else None, "left_out": None if is_in else why, "as_sent": is_as_sent}
        told.append(each | {"sha256": entry["sha256"] or None} | shown)
    return told, added


class _Names:
    """Residents by what they are to the order, and not by name."""

    def __init__(self, residents: set[str], reporter: str | None, called: set[str]) -> None:
        others = sorted(residents - {reporter})
        self._instead = {name: f"resident-{n}" for n, name in enumerate(others, 1)}
        if reporter is not None:
            self._instead[reporter] = "reporter"
        # Of one that is within another the longer goes first.
        known = sorted((_plain(name).strip() for name in called), key=len, reverse=True)
        spelt = "|".join(re.escape(name) for name in known if len(name) >= MIN_NAME_CHARS) or NEVER
        self._called = re.compile(rf"(?<![A-Za-z])(?:{spelt})(?![A-Za-z])", re.IGNORECASE)

    def __call__(self, name: str) -> str:
        return self._instead.get(name, name)

    def without(self, text: str) -> str:
        """What somebody wrote, redacted, and without the names that are known here; to the character if nothing is."""
        plain = _plain(text)
        clean = redacted(self._called.sub("***", plain))
        return text if clean == plain else clean


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _files(
    content: dict[str, Any], entries: list[dict[str, Any]], residents: set[str], reporter: str | None, called: set[str]
) -> tuple[_Names, list[dict[str, Any]], dict[str, bytes]]:
    """The files of a pack without what tells who people are, that of the entries among them if there are any; with who
    is left out of them, and the entries as they are shown.
    """
    names = _Names(residents, reporter, called | _found({"history": entries, **content}))
    history = gathered.marked(entries, lambda entry: _cleaned(entry, names))
    files = {name: _json(_cleaned(value, names)) for name, value in content.items()}
    return names, history, files | ({HISTORY: _json(history)} if entries else {})


async def _packed(
    tx: Transaction, subject: str, about: dict[str, Any], files: dict[str, bytes], key: SigningKey
) -> bytes:
    await audit.record(tx, "evidence.packed", subject, {"files": sorted(files)})
    manifest = {"site": tx.site, **about, "made_at": _moment(tx.at), "made_by": tx.actor}
    return await asyncio.to_thread(make_pack, files, manifest, key)


def _found(value: Any, field: str = "") -> set[str]:
    """The names that stand anywhere as names stand: found once, they are taken out everywhere."""
    match value:
        case dict():
            return set().union(*(_found(each, _field(field, name)) for name, each in value.items()))
        case list():
            return set().union(*(_found(each, field) for each in value))
        case str() if field in _FREE_TEXT:
            return names_in(value)
        case _:
            return set()


def _field(outer: str, name: str) -> str:
    return outer if name in {"zh", "en"} or outer == _ATTRIBUTES else name


def _cleaned(value: Any, names: _Names, field: str = "") -> Any:
    match value:
        case dict():
            return {name: _cleaned(each, names, _field(field, name)) for name, each in value.items()}
        case list():
            return [_cleaned(each, names, field) for each in value]
        case str() if field in _FREE_TEXT:
            return names.without(value)
        case str():
            return names(value)
        case _:
            return value


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2, default=_text).encode()


def _text(value: Any) -> str:
    """Times as all else of the API writes them."""
    return _moment(value) if isinstance(value, datetime) else str(value)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
