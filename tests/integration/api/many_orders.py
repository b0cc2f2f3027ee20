"""Orders by the thousand, written as rows, so that a test can say what each of them is."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final, NamedTuple
from xml.etree import ElementTree as ET

import psycopg
from psycopg.types.json import Jsonb

from tests.integration.api.running import World

W20: Final = datetime.fromisoformat("2026-05-11T00:00:00+08:00")  # the Monday of 2026-W20
_SHEET: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


class Step(NamedTuple):
    """An entry of the history; the first of `Row.steps` is number `FIRST_STEP`."""

    action: str
    from_state: str
    to_state: str
    actor: str
    at: datetime


@dataclass
class Row:
    """A work order; `handled_at`, `steps`, `turns` (entry of the history that begins it, unit, worker), `ratings`
    (round, rater, solved, satisfied) and `promises` (due at, ended at; one of each round) are rows of other tables."""

    number: str
    opened_at: datetime = W20
    state: str = "closed"
    origin: str = "report"
    category: str = "water"
    severity: str = "info"
    unit: str | None = None
    grid: str | None = None
    building: str | None = "b1"
    zone: str | None = None
    lat: float | None = None
    lon: float | None = None
    address: str | None = None
    reporter: str | None = "rita"
    contact_phone: str | None = None
    channel: str | None = "account"
    merged_into: str | None = None
    parent: str | None = None
    confidential: bool = False
    returns: int = 0
    reopens: int = 0
    dispatched_at: datetime | None = None
    answered_at: datetime | None = None
    title: str = "漏水"
    text: str = "家里漏水"
    answer: str | None = None
    handled_at: datetime | None = None
    ratings: list[tuple[int, str, bool, int]] = field(default_factory=list)
    promises: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    turns: list[tuple[int, str | None, str | None]] = field(default_factory=list)


FIRST_STEP: Final = 3  # among the entries of an order's history


def number(n: int) -> str:
    """The number of the n-th order."""
    return f"WO20260511-{n:06d}"


def hours(n: float) -> datetime:
    """So many hours after the week began."""
    return W20 + timedelta(hours=n)


_OTHERS: Final = {"handled_at", "ratings", "promises", "steps", "turns", "title", "text"}
_OWN: Final = [each.name for each in fields(Row) if each.name not in _OTHERS]


def put(world: World, rows: Iterable[Row], site: str = "s1") -> None:
    """Writes orders; their place among the orders is that of the list."""
    world.is_tampered_with = True  # they have no history
    with psycopg.connect(world.database_url) as connection, connection.cursor() as cursor:
        found = list(rows)
        (last,) = connection.execute("SELECT max(feed_seq) FROM feed_counters").fetchone() or (0,)
        entries = len(found) + sum(len(row.steps) for row in found)
        connection.execute("UPDATE feed_counters SET feed_seq = feed_seq + %s", (entries,))
        names = [*_OWN, "title", "text", "site", "opened_seq", "updated_at", "version", "promised_at"]
        with cursor.copy(f"COPY work_orders ({', '.join(names)}) FROM STDIN".encode()) as copy:
            for place, row in enumerate(found):
                words = [Jsonb({"zh": each, "en": each}) for each in (row.title, row.text)]
                own = [getattr(row, name) for name in _OWN]
                promised_at = row.promises[-1][0] if row.promises else None
                copy.write_row([*own, *words, site, last + place + 1, row.opened_at, 1, promised_at])
        _put_history(cursor, site, found, last)
        with cursor.copy(b"COPY order_ratings (site, number, round, rater, solved, score, at) FROM STDIN") as copy:
            for row in found:
                for round_, rater, solved, satisfied in row.ratings:
                    copy.write_row([site, row.number, round_, rater, solved, satisfied, row.opened_at])
        with cursor.copy(
            b"COPY order_promises (site, number, round, began_at, due_at, ended_at, outcome, terms) FROM STDIN"
        ) as copy:
            for row in found:
                for round_, (due_at, ended_at) in enumerate(row.promises):
                    outcome = "answered" if ended_at else None
                    copy.write_row([site, row.number, round_, row.opened_at, due_at, ended_at, outcome, Jsonb({})])


def _put_history(cursor: psycopg.Cursor[Any], site: str, rows: list[Row], last: int) -> None:
    names = "site, number, n, action, from_state, to_state, actor, at, feed_seq"
    later = count(last + len(rows) + 1)
    with cursor.copy(f"COPY order_history ({names}) FROM STDIN".encode()) as copy:
        for place, row in enumerate(rows):
            if row.handled_at is not None:
                begun = ["handle", None, "handling", "gwen", row.handled_at]
                copy.write_row([site, row.number, FIRST_STEP - 1, *begun, last + place + 1])
            for n, step in enumerate(row.steps, FIRST_STEP):
                copy.write_row([site, row.number, n, *step, next(later)])
    names = "site, number, n, round, kind, unit, worker, began_at"
    with cursor.copy(f"COPY order_turns ({names}) FROM STDIN".encode()) as copy:
        for row in rows:
            for n, unit, worker in row.turns:
                copy.write_row([site, row.number, n, 0, "accept", unit, worker, row.opened_at])


def change(world: World, name: str, **values: Any) -> None:
    """Changes an order as it would be changed later."""
    for column, value in values.items():
        world.rows(f"UPDATE work_orders SET {column} = %(value)s WHERE number = %(name)s", value=value, name=name)


def cells(xlsx: bytes, sheet: int = 1) -> list[list[tuple[str | None, str]]]:
    """The cells of a sheet as (type, text), read by nobody's library: `s` is text, None a number, `f` a formula."""
    with zipfile.ZipFile(io.BytesIO(xlsx)) as book:
        strings = ET.fromstring(book.read("xl/sharedStrings.xml"))
        shared = ["".join(part.text or "" for part in item.iter(f"{_SHEET}t")) for item in strings]
        page = ET.fromstring(book.read(f"xl/worksheets/sheet{sheet}.xml"))
    return [[_cell(cell, shared) for cell in row] for row in page.iter(f"{_SHEET}row")]


def _cell(cell: ET.Element, shared: list[str]) -> tuple[str | None, str]:
    if cell.find(f"{_SHEET}f") is not None:
        return "f", cell.findtext(f"{_SHEET}f") or ""
    value = cell.findtext(f"{_SHEET}v") or ""
    return ("s", shared[int(value)]) if cell.get("t") == "s" else (cell.get("t"), value)
