"""Following an order without an account, by its number and phone tail or by a secret link."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query

from api.progress import service, shown_to
from api.progress.schemas import (
    AS_TYPED,
    IN_CAPITALS,
    PHONE_TAIL,
    AnswerByLink,
    AnswerByTail,
    Progress,
    UrgeByLink,
    UrgeByTail,
)
from api.resources import Held
from api.throttles.address import Address

router = APIRouter(tags=["progress"], prefix="/progress")

Token = Annotated[str, Path(max_length=200, description="the token of the link")]
Urging = Annotated[UrgeByLink, Body(default_factory=UrgeByLink)]  # there need not be a body


@router.get("")
async def ask(
    resources: Held,
    address: Address,
    number: Annotated[str, IN_CAPITALS, Query(min_length=1, max_length=40, description="the order's number")],
    phone_tail: Annotated[
        str, AS_TYPED, Query(pattern=PHONE_TAIL, description="last four digits of the phone left with it")
    ],
) -> Progress:
    """How far a report has come. No account is needed; tries are counted."""
    return await service.progress(resources, await shown_to.by_tail(resources, address, number, phone_tail))


@router.post("/answer")
async def answer(resources: Held, address: Address, body: AnswerByTail) -> Progress:
    """Answers what the reporter is asked."""
    theirs = await shown_to.by_tail(resources, address, body.number, body.phone_tail)
    return await service.answer(resources, theirs, body.text)


@router.post("/urge")
async def urge(resources: Held, address: Address, body: UrgeByTail) -> Progress:
    """Urges the desk: once a day, after half of the promised time."""
    theirs = await shown_to.by_tail(resources, address, body.number, body.phone_tail)
    return await service.urge(resources, theirs, body.reason)


@router.get("/link/{token}")
async def ask_by_link(resources: Held, address: Address, token: Token) -> Progress:
    """How far the report has come that the link leads to."""
    return await service.progress(resources, await shown_to.by_link(resources, address, token))


@router.post("/link/{token}/answer")
async def answer_by_link(resources: Held, address: Address, token: Token, body: AnswerByLink) -> Progress:
    """Answers what the reporter is asked."""
    return await service.answer(resources, await shown_to.by_link(resources, address, token), body.text)


@router.post("/link/{token}/urge")
async def urge_by_link(resources: Held, address: Address, token: Token, body: Urging) -> Progress:
    """Urges the desk: once a day, after half of the promised time."""
    return await service.urge(resources, await shown_to.by_link(resources, address, token), body.reason)
