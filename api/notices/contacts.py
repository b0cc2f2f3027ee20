"""How a person wants to be told, and where: their own to see and change, masked for everybody else."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog

from api.audit import store as audit
from api.notices import outgoing, store, times
from api.notices.channels.configured import Configured
from api.notices.channels.contract import ROBOTS, AwayError, ChannelName, RefusedError
from api.notices.delivery import email_code
from api.notices.rules import Kind, Urgency
from api.notices.schemas import Address, NewSubscription, NoticeChannels, Preferences, Removed
from api.notices.store import ToSend
from api.problems import Problem, conflict, invalid, not_found
from api.resources import Resources
from api.sites import store as sites
from api.throttles import service as throttles
from api.transactions import Transaction
from herun.clock import to_us
from herun.personal import mask

log = structlog.get_logger(__name__)

MAX_BROWSERS: Final = 5  # of one person
CODE_AGAIN: Final = timedelta(minutes=1)  # between two mails with a code, so that nobody is flooded in another's name
CODE_AGE: Final = timedelta(minutes=30)
MAX_WRONG_CODES: Final = 5
_TARGET_CHARS: Final = 16
ONLY: Final = ""  # the target of channels of which a person has one address
ONLY_SHOWN: Final = "only"  # the same where people name it: a path cannot say an empty one


async def mine(tx: Transaction, username: str, configured: Configured) -> NoticeChannels:
    """How a person is told; addresses masked."""
    wanted = await store.preferences(tx, username)
    return NoticeChannels(
        **wanted.model_dump(),
        addresses=[_shown(row) for row in await store.addresses(tx, username)],
        available=sorted(configured.channels.keys() - ROBOTS),
        web_push_public_key=configured.web_push_public_key,
    )


async def of_another(tx: Transaction, username: str, configured: Configured) -> NoticeChannels:
    """The same for who looks after people; that they looked is written down. Raises Problem 404."""
    if not await store.lock_person(tx, username):
        raise not_found("person")
    await audit.record(tx, "notice_channels.seen", username, {})
    return await mine(tx, username, configured)


async def prefer(tx: Transaction, username: str, wanted: Preferences, configured: Configured) -> NoticeChannels:
    """Changes how a person wants to be told. What waits already goes by it too."""
    await store.put_preferences(tx, username, wanted)
    await _move_what_waits(tx, username)
    await audit.record(tx, "notice_preferences.put", username, {})
    return await mine(tx, username, configured)


async def _move_what_waits(tx: Transaction, username: str) -> None:
    site = await sites.site(tx)
    said = (await store.preferences_of(tx, [username])).get(username)
    if site is None or said is None:
        return
    zone, habits = ZoneInfo(site.time_zone), times.habits_of(said)
    moved = {
        row["id"]: found
        for row in await store.waiting_for(tx, username)
        if (found := times.leaving_anew(row["due_at"], tx.at, Urgency(row["urgency"]), habits, zone))
    }
    await store.move(tx, moved)


async def put_email(tx: Transaction, username: str, address: str, configured: Configured) -> NoticeChannels:
    """Takes an address and sends it a code. Raises Problem 409 without a mail server, 429 if one was just sent."""
    _needs(configured, ChannelName.EMAIL)
    await store.lock_person(tx, username)
    before = await store.address(tx, username, ChannelName.EMAIL, ONLY)
    if before is not None and tx.wall - before["asked_wall"] < CODE_AGAIN:
        seconds = int(CODE_AGAIN.total_seconds())
        headers = {"Retry-After": str(seconds)}
        raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "code_just_sent", "wait a minute for the next", headers=headers)
    await store.put_address(tx, username, ChannelName.EMAIL, ONLY, address={"address": address}, confirmed=False)
    asked = str(to_us(tx.wall))
    code_mail = ToSend(
        site=tx.site,
        recipient=username,
        channel=ChannelName.EMAIL,
        target=ONLY,
        cause=f"email_code:{asked}",
        kind=Kind.EMAIL_CODE,
        number=None,
        details={"asked": asked},
        urgency=Urgency.NOW,
        made_at=tx.at,
        due_at=tx.at,
        in_digest=False,
    )
    await store.add_to_send(tx, [code_mail])
    await audit.record(tx, "notice_address.put", username, {"channel": ChannelName.EMAIL})
    return await mine(tx, username, configured)


async def confirm_email(tx: Transaction, username: str, code: str, resources: Resources) -> bool:
    """True if the code is the one that was sent; five wrong ones or half an hour end it. Raises Problem 404, 409."""
    row = await store.address(tx, username, ChannelName.EMAIL, ONLY)
    if row is None:
        raise not_found("address")
    if row["wrong_codes"] >= MAX_WRONG_CODES or tx.wall - row["asked_wall"] > CODE_AGE:
        raise conflict("code_ended", "put the address in again; another code will be sent")
    right = email_code(resources, username, row["address"]["address"], str(to_us(row["asked_wall"])))
    if not hmac.compare_digest(code, right):
        await store.wrong_code(tx, username, ChannelName.EMAIL, ONLY)
        return False
    await store.confirm_address(tx, username, ChannelName.EMAIL, ONLY)
    await audit.record(tx, "notice_address.confirmed", username, {"channel": ChannelName.EMAIL})
    return True


async def subscribe(tx: Transaction, username: str, new: NewSubscription, configured: Configured) -> NoticeChannels:
    """Takes a browser's subscription, from whoever had it before: only the last to sign in there is told there.

    Raises Problem 422 for an endpoint that is no push service, 409 beyond five.
    """
    _needs(configured, ChannelName.WEB_PUSH)
    if why := outgoing.forbidden(new.endpoint, configured.push_hosts, configured.private_hosts):
        raise invalid("bad_endpoint", why)
    await store.lock_person(tx, username)
    target = hashlib.sha256(new.endpoint.encode()).hexdigest()[:_TARGET_CHARS]
    browsers = {row["target"] for row in await store.addresses(tx, username) if row["channel"] == ChannelName.WEB_PUSH}
    if target not in browsers and len(browsers) >= MAX_BROWSERS:
        raise conflict("too_many_browsers", f"remove one of your {MAX_BROWSERS} browsers first")
    address = {"endpoint": new.endpoint, **new.keys.model_dump()}
    for other in await store.take_from_others(tx, username, ChannelName.WEB_PUSH, target):
        await audit.record(tx, "notice_address.removed", other, {"channel": ChannelName.WEB_PUSH})
    await store.put_address(tx, username, ChannelName.WEB_PUSH, target, address=address, confirmed=True)
    await audit.record(tx, "notice_address.put", username, {"channel": ChannelName.WEB_PUSH})
    return await mine(tx, username, configured)


async def openid_of(resources: Resources, username: str, code: str) -> str:
    """Who signed in at WeChat in this browser. In no transaction: WeChat may take its time, and connections are few.

    Raises Problem 409 without WeChat, 422 for a code that it does not know, 429 beyond twenty tries an hour, 503.
    """
    wechat = resources.channels.wechat
    if wechat is None:
        raise _not_configured(ChannelName.WECHAT)
    await throttles.allow(resources, throttles.WECHAT_CODES, username)
    try:
        return await wechat.openid(code)
    except RefusedError as error:
        raise invalid("bad_code", f"WeChat does not know this code: {error}") from error
    except AwayError as error:
        log.warning("wechat_sign_in_failed", why=str(error))  # a wrong secret, too: ours to mend
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE, "wechat_away", "WeChat takes no sign-in now; try again later"
        ) from error


async def bind_wechat(tx: Transaction, username: str, openid: str, configured: Configured) -> NoticeChannels:
    """Binds a person to WeChat."""
    await store.lock_person(tx, username)
    await store.put_address(tx, username, ChannelName.WECHAT, ONLY, address={"openid": openid}, confirmed=True)
    await audit.record(tx, "notice_address.put", username, {"channel": ChannelName.WECHAT})
    return await mine(tx, username, configured)


async def connected_by_mqtt(tx: Transaction, username: str) -> None:
    """From their first connection on, a person is told by MQTT."""
    if await store.lock_person(tx, username) and not await store.address(tx, username, ChannelName.MQTT, ONLY):
        await store.put_address(tx, username, ChannelName.MQTT, ONLY, address={"user": username}, confirmed=True)


async def remove(tx: Transaction, username: str, channel: ChannelName, target: str) -> Removed:
    """Forgets an address, by the target with which it is shown. Raises Problem 404."""
    if not await store.remove_address(tx, username, channel, ONLY if target == ONLY_SHOWN else target):
        raise not_found("address")
    await audit.record(tx, "notice_address.removed", username, {"channel": channel})
    return Removed(channel=channel, target=target)


def _shown(row: dict[str, Any]) -> Address:
    address: dict[str, str] = row["address"]
    match row["channel"]:
        case ChannelName.EMAIL:
            name, _, host = address["address"].rpartition("@")
            shown = f"{mask(name)}@{host}"
        case ChannelName.WEB_PUSH:
            shown = address["endpoint"].split("/")[2]
        case ChannelName.WECHAT:
            shown = mask(address["openid"])
        case _:
            shown = ""
    return Address(channel=row["channel"], target=row["target"] or ONLY_SHOWN, shown=shown, confirmed=row["confirmed"])


def _needs(configured: Configured, channel: ChannelName) -> None:
    if channel not in configured.channels:
        raise _not_configured(channel)


def _not_configured(channel: ChannelName) -> Problem:
    return conflict("channel_not_configured", f"this installation sends nothing by {channel}")
