"""Looking at events."""

from __future__ import annotations

from http import HTTPStatus

from api import cursors
from api.access import Caller
from api.audit import store as audit
from api.events import store
from api.events.schemas import EventField, Events, EventType, EventTypes
from api.events.store import Filter
from api.problems import Problem
from api.roles import DESK
from api.transactions import Transaction
from herun.catalogue import CATALOGUE, FieldType
from herun.catalogue import EventType as Known


async def page(
    tx: Transaction, caller: Caller, wanted: Filter, *, cursor: str | None, limit: int, reveal: bool
) -> Events:
    """One page, newest first. Whoever has personal values revealed is written down with what they asked for.

    Raises Problem 403 if the caller may not see them.
    """
    if reveal and not caller.has(*DESK):
        raise Problem(HTTPStatus.FORBIDDEN, "forbidden", "personal values are shown to operators and supervisors only")
    rows = await store.page(tx, wanted, older_than=cursors.decode_numbers(cursor, 2), limit=limit + 1)
    shown = rows[:limit]
    if reveal:
        await audit.record(
            tx, "personal.revealed", "events", _asked(wanted, sum(bool(row["personal"]) for row in shown))
        )
    return Events(
        items=[store.shown(row, reveal=reveal) for row in shown],
        next_cursor=cursors.encode(shown[-1]["position"], shown[-1]["n"]) if len(rows) > limit else None,
    )


def _asked(wanted: Filter, revealed: int) -> dict[str, str | int | None]:
    return {
        "device": wanted.device,
        "type": wanted.event_type,
        "after": wanted.after.isoformat() if wanted.after else None,
        "before": wanted.before.isoformat() if wanted.before else None,
        "events": revealed,
    }


def types() -> EventTypes:
    """The catalogue."""
    return EventTypes(items=[_type(each) for each in CATALOGUE.values()])


def _type(known: Known) -> EventType:
    fields = [
        EventField(
            name=name,
            type=each.type.value,
            about=each.about,
            required=each.required,
            personal=each.personal.value,
            words=list(each.words) or None,
            least=each.least,
            whole=each.whole,
            max_chars=each.max_chars if each.type is FieldType.STRING else None,
        )
        for name, each in known.fields.items()
    ]
    return EventType(
        name=known.name,
        sentence=known.sentence,
        schema_version=known.schema_version,
        derived=known.derived,
        fields=fields,
        example=dict(known.example),
    )
