"""Sending in a report: by account, by phone through the desk, or without saying who one is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus
from typing import Final

from api.audit import store as audit
from api.categories import service as categories
from api.categories import suggestions
from api.categories.tree import Category, Need
from api.clocks.terms import CRITICAL
from api.duplicates import handles
from api.links import service as links
from api.pictures import service as pictures
from api.problems import FieldError, Problem, conflict, invalid, not_found
from api.reports import answered, store
from api.reports.schemas import (
    AnonymousCategory,
    AnonymousForm,
    AnonymousReport,
    Caller,
    NewAnonymousReport,
    NewReport,
    NotJoined,
    Reported,
)
from api.resources import Resources
from api.roles import DESK
from api.sites import store as places
from api.throttles.service import retry_after
from api.topics import service as topics
from api.topics.connecting import AT_ONCE
from api.topics.store import Spot
from api.transactions import Transaction
from api.work_orders import order as orders
from api.work_orders import reported
from api.work_orders import store as kept_orders
from api.work_orders.kinds import NOBODY, Channel
from api.work_orders.order import Person
from api.work_orders.schemas import WorkOrder
from api.work_orders.shown import shown
from api.work_orders.states import OPEN, Bond

# Of one account, within 24 hours: whoever walks through all houses stays below, and nobody floods the desk.
MAX_A_DAY: Final = 100
_DAY: Final = timedelta(days=1)
_NOBODY: Final = Person(NOBODY, frozenset(), None)
_TOO_SEVERE: Final = NotJoined(
    code="more_severe",
    sentence={
        "zh": "您的诉求比已有工单更紧急,未并入,已单独处理。",
        "en": "Your report is more severe than that order, so it was not joined to it; it is dealt with by itself.",
    },
)


async def submit(tx: Transaction, resources: Resources, reporter: Person, report: NewReport) -> Reported:
    """Opens the work order of a report, and merges it into the one that it joins, unless it is more severe.

    Raises Problem 422 for a category, place or picture that is not there, 403 for a caller's report from whoever is not
    of the desk, 409 if the order that it joins cannot be joined any more, 429 for more than an account may report.
    """
    if report.caller is None:
        first = await store.last_but(tx, MAX_A_DAY - 1)
        if first is not None and first > tx.at - _DAY:
            why = f"an account sends in {MAX_A_DAY} reports within 24 hours at most"
            wait = retry_after(first - (tx.at - _DAY))
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "too_many_reports", why, headers=wait)
        phone, channel = report.phone or await store.phone_of_actor(tx), Channel.ACCOUNT
    elif reporter.has(*DESK):
        phone, channel = report.caller.phone, Channel.PHONE
    else:
        raise Problem(HTTPStatus.FORBIDDEN, "not_yours", "a caller's report is taken down by: desk")
    await _check(tx, report, is_placed=await _is_placed(tx, reporter, report, channel), can_be_asked=True)
    if report.join is None:
        order = await opened(tx, reporter, report, phone, channel)
    else:
        order = await _joined(tx, resources, reporter, report, phone)
    if report.caller is not None:
        await store.add_caller(tx, order.number, report.caller.name)
    await _keep_more(tx, resources, order.number, report)
    # Whoever sent it in is shown it, even if it is confidential and a caller's.
    if report.pictures:
        order = shown(await kept_orders.known(tx, order.number), reporter, tx.at)
    is_alone = report.join is not None and order.merged_into is None
    return Reported(**order.model_dump(), not_joined=_TOO_SEVERE if is_alone else None)


async def submit_anonymously(tx: Transaction, resources: Resources, report: NewAnonymousReport) -> AnonymousReport:
    """Opens the work order of a report of nobody. Raises Problem 404 without the site, 422, 409 by category."""
    if await places.site(tx) is None:
        raise not_found("site")
    whole = NewReport.model_validate(report.model_dump())
    is_placed = await _is_placed(tx, _NOBODY, whole, Channel.ANONYMOUS)
    await _check(tx, report, is_placed=is_placed, can_be_asked=report.phone is not None)
    if not (await categories.category(tx, report.category)).anonymous:
        raise conflict("not_anonymous", f"what is reported as {report.category} needs somebody who can be asked")
    order = await opened(tx, _NOBODY, whole, report.phone, Channel.ANONYMOUS)
    await _keep_more(tx, resources, order.number, report)
    return AnonymousReport(**(await links.make_for(tx, resources, order.number)).model_dump())


async def opened(
    tx: Transaction,
    reporter: Person,
    report: NewReport,
    phone: str | None,
    channel: Channel,
    *,
    said: str | None = None,
) -> WorkOrder:
    """Its order, merged at once into the one that already does what it asks for, if there is one.

    `said` is what somebody said, where the text has more than that: topics are made of people's own words. Not merged
    is what is confidential. Whether something critical is the same as something else, a person says, unless sensors
    have told of that lately, somebody sees to it now, and no answer makes it worse.
    """
    category = await categories.category(tx, report.category)
    spot, master = Spot(await reported.building_of(tx, reporter, report, channel), report.zone), None
    is_critical = category.severity_for(report.attributes) == CRITICAL
    is_worse = is_critical and category.severity != CRITICAL
    if not (report.confidential or category.confidential or is_worse):
        master = (
            await topics.sensed(tx, spot, report.category)
            if is_critical
            else await topics.known(tx, said or report.text, spot, category=report.category)
        )
    if master is not None:
        joined = await reported.open_and_join(
            tx,
            reporter,
            report,
            phone,
            master=master,
            channel=channel,
            is_said=False,
            in_states=AT_ONCE if is_critical else OPEN,
        )
        if joined is not None:
            return joined
    return await reported.open_for_report(tx, reporter, report, phone, channel)


async def anonymous_form(tx: Transaction) -> AnonymousForm:
    """What may be reported without a name, and where. Raises Problem 404 without the site."""
    if await places.site(tx) is None:
        raise not_found("site")
    shown = (await categories.shown(tx, None)).tree
    classes = {each.class_: {"zh": each.zh, "en": each.en} for each in shown.classes}
    found = [
        AnonymousCategory(
            category=each.category,
            top_class=each.class_,
            class_name=classes[each.class_],
            name={"zh": each.zh, "en": each.en},
            required=each.required,
            attributes=each.attributes,
            advice=None if each.advice is None else {str(language): words for language, words in each.advice.items()},
        )
        for each in shown.categories
        if each.anonymous
    ]
    return AnonymousForm(categories=found, buildings=(await places.layout(tx)).buildings if found else [])


async def caller(tx: Transaction, person: Person, number: str) -> Caller:
    """Who called; that somebody looked is written down. Raises Problem 404, 403."""
    order = await kept_orders.one(tx, number)
    name = await store.caller(tx, number)
    if order is None or name is None or not orders.sees(person, order):
        raise not_found("caller")
    if Bond.DESK not in orders.bonds(person, order, frozenset()):
        raise Problem(HTTPStatus.FORBIDDEN, "not_yours", "who called is for: desk")
    await audit.record(tx, "caller.seen", number, {})
    return Caller(number=number, name=name, phone=order.contact_phone)


async def _joined(
    tx: Transaction, resources: Resources, reporter: Person, report: NewReport, phone: str | None
) -> WorkOrder:
    master = handles.opened(resources, tx, report.join or "")
    if master is None:
        raise invalid("unknown_handle", "the handle is not yours, or is over an hour old; look for duplicates again")
    channel = Channel.ACCOUNT if report.caller is None else Channel.PHONE
    order = await reported.open_and_join(tx, reporter, report, phone, master=master, channel=channel)
    if order is None:
        raise conflict("not_joined", "that order is not open any more; send the report without join")
    return order


async def _is_placed(tx: Transaction, reporter: Person, report: NewReport, channel: Channel) -> bool:
    """True if it names a place, be it in its words, or is of its reporter's own building."""
    if any(each is not None for each in (report.building, report.zone, report.lat, report.address)):
        return True
    has_own = channel is Channel.ACCOUNT and reporter.building is not None
    return has_own or await reported.building_of(tx, reporter, report, channel) is not None


async def _check(
    tx: Transaction, report: NewReport | NewAnonymousReport, *, is_placed: bool, can_be_asked: bool
) -> None:
    category = await categories.for_report(tx, report.category)
    lacking = _lacking(category, is_placed=is_placed, can_be_asked=can_be_asked)
    if errors := [*lacking, *answered.wrong(category, report.attributes or {})]:
        raise invalid("incomplete", f"{category.category} asks for more: {errors[0].msg}", errors)
    unknown = await places.unknown_places(
        tx, buildings=[report.building] if report.building else [], zones=[report.zone] if report.zone else []
    )
    for field in ("building", "zone"):
        if unknown[field]:
            raise _unknown(field, min(unknown[field]))


async def _keep_more(
    tx: Transaction, resources: Resources, number: str, report: NewReport | NewAnonymousReport
) -> None:
    if report.pictures:
        await pictures.attach(tx, await kept_orders.known(tx, number), report.pictures, tx.actor)
    await suggestions.note_report(tx, resources.suggester, number, text=report.text, chosen=report.category)


def _lacking(category: Category, *, is_placed: bool, can_be_asked: bool) -> Iterator[FieldError]:
    if Need.PLACE in category.required and not is_placed:
        yield FieldError(
            loc=["body", "building"], msg="a place: building, zone, lat and lon, or address", type="missing"
        )
    if Need.CONTACT in category.required and not can_be_asked:
        yield FieldError(loc=["body", "phone"], msg="somebody who can be asked: a phone", type="missing")


def _unknown(field: str, name: str) -> Problem:
    error = FieldError(loc=["body", field], msg=f"the site has no {field} {name}", type="unknown")
    return invalid("unknown_place", error.msg, [error])
