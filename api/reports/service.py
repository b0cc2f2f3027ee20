"""Sending in a report."""

from __future__ import annotations

from typing import Final

from api.categories import service as categories
from api.categories import suggestions
from api.categories.suggester import Suggester
from api.problems import FieldError, Problem, invalid
from api.reports import store
from api.reports.schemas import NewReport
from api.sites import store as places
from api.topics import service as topics
from api.transactions import Transaction
from api.work_orders import service as work_orders
from api.work_orders.order import Person
from api.work_orders.schemas import WorkOrder

# Why the system merges a report: somebody is at it before it was complained of.
KNOWN: Final = "known already: somebody is at it"


async def submit(tx: Transaction, reporter: Person, report: NewReport, suggester: Suggester) -> WorkOrder:
    """Opens the work order of a report. Raises Problem 422 for a category or place that the site does not have."""
    await categories.for_report(tx, report.category)
    unknown = await places.unknown_places(
        tx, buildings=[report.building] if report.building else [], zones=[report.zone] if report.zone else []
    )
    for field in ("building", "zone"):
        if unknown[field]:
            raise _unknown(field, min(unknown[field]))
    phone = report.phone or await store.phone_of_actor(tx)
    order = await work_orders.open_for_report(tx, reporter, report, phone)
    await suggestions.note_report(tx, suggester, order.number, text=report.text, chosen=report.category)
    master = await topics.known(tx, report.text, order.building, category=report.category)
    if master is None or order.confidential:
        return order
    await work_orders.join(tx, order.number, master, KNOWN)
    return await work_orders.one(tx, reporter, order.number)


def _unknown(field: str, name: str) -> Problem:
    error = FieldError(loc=["body", field], msg=f"the site has no {field} {name}", type="unknown")
    return invalid("unknown_place", error.msg, [error])
