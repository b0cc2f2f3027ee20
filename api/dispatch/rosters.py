"""Who works when, whose people they are, and the settings of dispatching."""

from __future__ import annotations

from typing import Any, Final

from psycopg.types.json import Jsonb
from pydantic import BaseModel

from api import cursors
from api.audit import store as audit
from api.categories import service as categories
from api.dispatch import store
from api.dispatch.schemas import NewRoster, Removed, Roster, Rosters, Settings, SettingsView
from api.dispatch.shifts import Otherwise, is_on_call
from api.dispatch.store import Ground
from api.problems import invalid, must_be_of, not_found
from api.sites import store as places
from api.transactions import Transaction
from api.work_orders import store as orders
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)


async def put(tx: Transaction, worker: str, new: NewRoster) -> Roster:
    """Gives a worker a roster; it replaces the one before.

    Raises Problem 404 for who is no worker of the site, 422 for a unit that its tree does not have.
    """
    must_be_of(worker, "worker", new.worker)
    if not await orders.is_worker(tx, worker):
        raise not_found("grid worker or property staff")
    if new.unit is not None:
        await categories.must_have(tx, categories=(), units=[(("body", "unit"), new.unit)])
    await tx.run(
        _QUERIES["put_roster"],
        username=worker,
        unit=new.unit,
        shifts=_json(new.shifts),
        on_call=_json(new.on_call),
        exceptions=Jsonb([each.model_dump(mode="json") for each in new.exceptions]),
    )
    await audit.record(tx, "dispatch.roster_put", worker, {"unit": new.unit})
    return await one(tx, worker)


async def one(tx: Transaction, worker: str) -> Roster:
    """One worker's roster. Raises Problem 404."""
    rows = await tx.all(_QUERIES["rosters"], worker=worker, after=None, limit=1)
    if not rows:
        raise not_found("roster")
    return _roster(rows[0], await store.ground(tx, None), tx)


async def remove(tx: Transaction, worker: str) -> Removed:
    """Takes a roster away. Raises Problem 404."""
    if not await tx.run(_QUERIES["remove_roster"], username=worker):
        raise not_found("roster")
    await audit.record(tx, "dispatch.roster_removed", worker, {})
    return Removed(worker=worker)


async def page(tx: Transaction, *, cursor: str | None, limit: int) -> Rosters:
    """Rosters by worker."""
    rows = await tx.all(_QUERIES["rosters"], worker=None, after=cursors.decode_text(cursor), limit=limit + 1)
    ground = await store.ground(tx, None)
    items = [_roster(row, ground, tx) for row in rows[:limit]]
    return Rosters(items=items, next_cursor=cursors.encode(items[-1].worker) if len(rows) > limit else None)


async def settings(tx: Transaction) -> SettingsView:
    """The settings; nobody has put any: those that hold then."""
    row = await tx.one(_QUERIES["settings"])
    if row is None:
        return SettingsView(settings=Settings(), changed_by=None, changed_at=None)
    return SettingsView(
        settings=Settings.model_validate(row["body"]), changed_by=row["changed_by"], changed_at=row["changed_at"]
    )


async def put_settings(tx: Transaction, new: Settings) -> SettingsView:
    """Replaces the settings. Raises Problem 422 for grids that the site does not have."""
    grids = {*new.neighbours, *(name for names in new.neighbours.values() for name in names)}
    if unknown := (await places.unknown_places(tx, grids=grids))["grid"]:
        raise invalid("unknown_place", f"the site has no grid {min(unknown)}")
    await tx.run(_QUERIES["put_settings"], body=Jsonb(new.model_dump(mode="json")))
    await audit.record(tx, "dispatch.settings_put", tx.site, {"chain": list(new.chain)})
    return await settings(tx)


def _roster(row: dict[str, Any], ground: Ground, tx: Transaction) -> Roster:
    exceptions = [Otherwise.model_validate(each) for each in row["exceptions"]]
    made = Roster(**{**row, "exceptions": exceptions, "on_shift": False, "on_call_now": False})
    on_call = made.on_call.model_dump_json() if made.on_call else None
    shifts = made.shifts.model_dump_json() if made.shifts else None
    return made.model_copy(
        update={
            "on_shift": store.is_on_shift(shifts, exceptions, ground, tx.at),
            "on_call_now": is_on_call(on_call, exceptions, tx.at, zone=ground.time_zone, decrees=ground.decrees),
        }
    )


def _json(model: BaseModel | None) -> Jsonb | None:
    return None if model is None else Jsonb(model.model_dump(mode="json"))
