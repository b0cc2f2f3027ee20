"""Notices: everybody's own inbox and channels, and what became of them for those who watch."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access import Caller, requires
from api.cursors import Cursor, Limit
from api.idempotency.service import Writer, writes
from api.notices import contacts, service
from api.notices.channels.contract import ChannelName
from api.notices.schemas import (
    Deliveries,
    EmailCode,
    Figures,
    Inbox,
    NewEmail,
    NewSubscription,
    NoticeChannels,
    Preferences,
    Read,
    ReadNotices,
    Removed,
    State,
    WeChatCode,
)
from api.notices.store import Wanted
from api.problems import Problem
from api.resources import Held
from api.roles import EVERYBODY, READERS, Role
from api.schema import SiteName, as_shown
from api.throttles import service as throttles
from api.transactions import Transaction, begin
from api.work_orders.order import CONFIDANTS
from herun.names import NAME_PATTERN

router = APIRouter(tags=["notices"])

Reader = Annotated[Caller, Depends(requires(*EVERYBODY))]
Self = Annotated[Writer, Depends(writes(*EVERYBODY))]
Watcher = Annotated[Caller, Depends(requires(*READERS))]
Keeper = Annotated[Caller, Depends(requires(Role.ADMIN, Role.SUPERVISOR))]
PreferencesAsShown = Annotated[Preferences, as_shown("addresses", "available", "web_push_public_key")]
Username = Annotated[str, Path(pattern=f"^{NAME_PATTERN}$", description="whose", examples=["gwen"])]
Number = Annotated[str | None, Query(pattern=r"^WO[0-9]{8}-[0-9]{6}$", description="of one order only")]
Target = Annotated[
    str, Path(max_length=64, description="`target` of the address as it is listed; `only`, where a person has one")
]


@router.get("/me/notices")
async def inbox(
    resources: Held,
    caller: Reader,
    *,
    unread: Annotated[bool, Query(description="only those that you have not read")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Inbox:
    """Your notices, newest first."""
    async with begin(resources, caller.home, caller.username) as tx:
        return await service.inbox(tx, caller.username, unread=unread, cursor=cursor, limit=limit)


@router.post("/me/notices/read", response_model=Read)
async def read(body: ReadNotices, writer: Self) -> Response:
    """Marks notices as read."""
    caller = writer.caller
    return await writer.once(caller.home, lambda tx: service.read(tx, caller.username, body))


@router.get("/me/notice-channels")
async def channels(resources: Held, caller: Reader) -> NoticeChannels:
    """How you are told."""
    async with begin(resources, caller.home, caller.username) as tx:
        return await contacts.mine(tx, caller.username, resources.channels)


@router.put("/me/notice-channels", response_model=NoticeChannels)
async def prefer(body: PreferencesAsShown, writer: Self) -> Response:
    """Changes how you are told; what is left out becomes what it was at first."""
    caller, configured = writer.caller, writer.resources.channels
    return await writer.once(caller.home, lambda tx: contacts.prefer(tx, caller.username, body, configured))


@router.put("/me/notice-channels/email", response_model=NoticeChannels)
async def put_email(body: NewEmail, writer: Self) -> Response:
    """Takes a mail address; a code goes there. Ten a day."""
    resources, caller = writer.resources, writer.caller

    async def taken(tx: Transaction) -> NoticeChannels:
        limits = {throttles.EMAIL_CODES: caller.username, throttles.EMAIL_CODES_TO: body.address.lower()}
        await throttles.allow_if_done(tx, resources, limits)
        return await contacts.put_email(tx, caller.username, body.address, resources.channels)

    return await writer.once(caller.home, taken)


@router.post("/me/notice-channels/email/confirm", response_model=NoticeChannels)
async def confirm_email(body: EmailCode, writer: Self) -> Response:
    """Says the code that came."""
    resources, caller = writer.resources, writer.caller
    # A wrong code is counted in a transaction that stands; the refusal comes after it.
    async with begin(resources, caller.home, caller.username) as tx:
        is_right = await contacts.confirm_email(tx, caller.username, body.code, resources)
    if not is_right:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "wrong_code", "this is not the code that was sent")
    return await writer.once(caller.home, lambda tx: contacts.mine(tx, caller.username, resources.channels))


@router.post("/me/notice-channels/web-push", response_model=NoticeChannels)
async def subscribe(body: NewSubscription, writer: Self) -> Response:
    """Takes this browser's subscription."""
    caller, configured = writer.caller, writer.resources.channels
    return await writer.once(caller.home, lambda tx: contacts.subscribe(tx, caller.username, body, configured))


@router.post("/me/notice-channels/wechat", response_model=NoticeChannels)
async def bind_wechat(body: WeChatCode, writer: Self) -> Response:
    """Binds you to the official account."""
    resources, caller = writer.resources, writer.caller
    # A code is good once: what came before is not asked again.
    if (kept := await writer.answered(caller.home)) is not None:
        return kept
    openid = await contacts.openid_of(resources, caller.username, body.code)
    return await writer.once(
        caller.home, lambda tx: contacts.bind_wechat(tx, caller.username, openid, resources.channels)
    )


@router.delete("/me/notice-channels/{channel}/{target}", response_model=Removed)
async def remove(channel: ChannelName, target: Target, writer: Self) -> Response:
    """Forgets one of your addresses."""
    caller = writer.caller
    return await writer.once(caller.home, lambda tx: contacts.remove(tx, caller.username, channel, target))


@router.get("/sites/{site}/people/{username}/notice-channels")
async def channels_of(site: SiteName, username: Username, resources: Held, caller: Keeper) -> NoticeChannels:
    """How somebody is told; that you looked is in the audit log."""
    async with begin(resources, site, caller.username) as tx:
        return await contacts.of_another(tx, username, resources.channels)


@router.get("/sites/{site}/notices")
async def deliveries(
    site: SiteName,
    resources: Held,
    caller: Watcher,
    *,
    state: State | None = None,
    channel: ChannelName | None = None,
    number: Number = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Deliveries:
    """What became of notices, newest first, without what they say."""
    wanted = Wanted(state=state, channel=channel, number=number)
    async with begin(resources, site, caller.username) as tx:
        return await service.deliveries(tx, wanted, is_confidant=caller.has(*CONFIDANTS), cursor=cursor, limit=limit)


@router.get("/sites/{site}/notices/figures")
async def figures(
    site: SiteName,
    resources: Held,
    caller: Watcher,
    days: Annotated[int, Query(ge=1, le=90, description="how far back")] = 7,
) -> Figures:
    """How many notices became what, by channel."""
    async with begin(resources, site, caller.username) as tx:
        return await service.figures(tx, days)
