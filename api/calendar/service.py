"""The statutory calendar: what the library knows, and the decrees that people have put."""

from __future__ import annotations

from typing import Any

from api.arming import store as arming
from api.audit import store as audit
from api.calendar import store
from api.calendar.schemas import YearView
from api.outbox import store as outbox
from api.problems import conflict, invalid
from api.sites import service as sites
from api.transactions import Transaction
from herun.calendar import Calendar, Decree, needed_years
from herun.clock import to_us
from herun.control import ControlKind
from herun.schedule import local_time, zone_named


async def put(tx: Transaction, year: int, decree: Decree | None, why: str | None) -> YearView:
    """Puts a year's decree, which the engine hears; none for a year of which nothing is known, which stays so.

    Raises Problem 422 if it is another year's, 409 for none if the year is known.
    """
    if decree is None:
        return await _still_unknown(tx, year)
    if decree.year != year:
        raise invalid("another_year", f"this is the decree of {decree.year}, not of {year}")
    await store.put(tx, decree)
    body = decree.model_dump(mode="json")
    await outbox.put(tx, ControlKind.CALENDAR_PUT, body)
    await arming.add_history(tx, "calendar", str(year), "decree_put", detail=body, why=why)
    await audit.record(tx, "calendar.put", str(year), {"why": why})
    return await one(tx, year)


async def _still_unknown(tx: Transaction, year: int) -> YearView:
    found = await one(tx, year)
    if found.known:
        raise conflict("known", f"the holidays of {year} are known, and what is known is not forgotten; put its decree")
    return found


async def one(tx: Transaction, year: int) -> YearView:
    """A year as it is known now."""
    rows = await store.decrees(tx)
    calendar = _calendar(rows)
    holidays, work = calendar.exceptions_of(year)
    own: dict[str, Any] = next((row for row in rows if row["year"] == year), {})
    return YearView(
        year=year,
        known=calendar.is_known(year),
        holidays=holidays,
        make_up_workdays=work,
        changed_by=own.get("changed_by"),
        changed_at=own.get("changed_at"),
    )


async def unknown_years(tx: Transaction) -> list[int]:
    """Years that plans need now, and of which no decree is known."""
    site = await sites.one(tx)
    calendar = _calendar(await store.decrees(tx))
    today = local_time(zone_named(site.time_zone), to_us(tx.at)).date()
    return [year for year in needed_years(today) if not calendar.is_known(year)]


def _calendar(rows: list[dict[str, Any]]) -> Calendar:
    return Calendar(Decree.model_validate(row["body"]) for row in rows)
