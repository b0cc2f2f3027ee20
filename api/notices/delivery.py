"""From the channels' rows to the services: claimed, sent, recorded; tried again with growing pauses, and given up.

A robot of a group chat is written to by one at a time, and at a pace that it takes; what waits for it goes together.

At least once: what is claimed is ours for `LEASE`, and if this process dies meanwhile the row is tried again. So a
notice comes twice exactly where a service took it and the process died (or lost the database) before it was recorded;
services that know a dedupe id drop the second one.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import chain, groupby
from typing import Any, Final

import structlog

from api import background
from api.notices import spreading, store, texts, times
from api.notices.bundles import MAX_TOGETHER, REFUSED_TOGETHER, fitting, message_of
from api.notices.channels.configured import Configured
from api.notices.channels.contract import (
    ROBOTS,
    AwayError,
    Channel,
    ChannelName,
    GoneError,
    RefusedError,
    TooFastError,
)
from api.notices.rules import ON_THE_WAY, Kind
from api.notices.store import Claimed
from api.resources import Resources
from api.transactions import ALL_SITES, Transaction, begin
from herun import faults, metrics
from herun.clock import to_datetime
from herun.faults import FaultPoint

log = structlog.get_logger(__name__)

Task = Callable[[Resources, asyncio.Event], Awaitable[None]]

BATCH: Final = 50  # notices of a channel claimed at once
MAX_DIGEST: Final = 300  # of them that a digest may add: a day's limit
AT_ONCE: Final = 8  # messages of a channel in flight, each to another address
SEND_S: Final = 25.0  # of one message, all exchanges with its service
LEASE: Final = timedelta(seconds=300)  # in which nobody else takes what is claimed
BEGUN_WITHIN: Final = timedelta(seconds=270)  # of a lease, so that whatever is begun ends before it does
LOOK_S: Final = 1.0  # between looks for what is due
PACE: Final = timedelta(seconds=3.2)  # from a robot's answer to the next message: WeCom and DingTalk take 20 a minute
WRITTEN_TO: Final = timedelta(seconds=SEND_S) + PACE  # how long a robot is ours if we say nothing
TOO_FAST: Final = timedelta(seconds=60)  # the pause of a robot that says no time; their limits count minutes
DEFAULT_LANGUAGE: Final = "zh"
_CODE_DIGITS: Final = 8

_results = metrics.counter("herun_api_notices_total")


@dataclass(frozen=True, slots=True)
class _Parcel:
    """What goes to one address as one message."""

    notices: list[Claimed]
    address: dict[str, str] | None
    language: str

    @property
    def first(self) -> Claimed:
        return self.notices[0]

    @property
    def goes_to(self) -> tuple[str, str, str]:
        return self.first.site, self.first.recipient, self.first.target


def tasks(configured: Configured) -> dict[str, Task]:
    """What has to run beside the requests: one that spreads, and one a channel, so that none waits for another's."""
    return {
        spreading.TASK: lambda held, stop: spreading.spread(held, configured, stop),
        **{
            f"notices_{name}": partial(_keep_sending, configured, channel)
            for name, channel in configured.channels.items()
        },
    }


async def _keep_sending(configured: Configured, channel: Channel, resources: Resources, stop: asyncio.Event) -> None:
    while not stop.is_set():
        if await deliver_batch(resources, configured, channel) < BATCH:
            await background.wait(stop, LOOK_S)


async def deliver_batch(resources: Resources, configured: Configured, channel: Channel) -> int:
    """Sends what is due by one channel; returns how many notices were claimed."""
    async with begin(resources, ALL_SITES) as tx:
        claimed = await _claim(tx, configured, channel.name)
        parcels = await _parcels(tx, resources, configured, claimed)
    if claimed:
        faults.reached(FaultPoint.API_NOTICE_CLAIMED_NOT_SENT)
    room = asyncio.Semaphore(AT_ONCE)

    async def send(row: list[_Parcel]) -> None:
        async with room:
            await _send_in_order(resources, configured, channel, row, until=tx.wall + BEGUN_WITHIN)

    rows = [list(row) for _, row in groupby(parcels, key=lambda each: each.goes_to)]
    # All end before the next are claimed, also where one could not be recorded: whatever is away then, it is told.
    for failure in await asyncio.gather(*map(send, rows), return_exceptions=True):
        if failure is not None:
            raise failure
    return len(claimed)


async def _send_in_order(
    resources: Resources, configured: Configured, channel: Channel, row: Sequence[_Parcel], *, until: datetime
) -> None:
    """Sends what is for one address, in its order. After one that was not taken now the others wait for its next try;
    for its first one, so that one which is never taken holds back nothing for long.
    """
    for n, parcel in enumerate(row):
        is_late = to_datetime(resources.wall.now_us()) > until
        pause = timedelta() if is_late else await _send(resources, configured, channel, parcel)
        rest = row[n if is_late else n + 1 :]
        if rest and (is_late or pause):
            async with begin(resources, ALL_SITES) as tx:
                ids = [each.id for each in chain.from_iterable(each.notices for each in rest)]
                await store.put_back(tx, parcel.first.site, ids, from_wall=tx.wall + pause)
            return


async def _claim(tx: Transaction, configured: Configured, channel: ChannelName) -> list[Claimed]:
    until = tx.wall + LEASE
    if channel not in ROBOTS:
        return await store.claim(tx, channel, until=until, limit=BATCH)
    paces = configured.paces
    free = await store.claim_robots(tx, channel, paces, until=tx.wall + WRITTEN_TO, limit=BATCH)
    return await store.claim_bundles(tx, channel, paces, free, until=until, limit=MAX_TOGETHER) if free else []


async def _parcels(
    tx: Transaction, resources: Resources, configured: Configured, claimed: Sequence[Claimed]
) -> list[_Parcel]:
    """What is claimed, by address: digests bundled, and what a robot is told; everything else alone.

    Without what is too old, or need not be told any more.
    """
    old = [each for each in claimed if tx.at - each.due_at > times.MAX_AGE]
    for each in old:
        await store.failed(tx, each.site, [each.id], "too_old")
        _count(each.channel, "failed", each)
    people = sorted({each.recipient for each in claimed})
    said = await store.preferences_of(tx, people)
    to_tell = await _worth_telling(tx, [each for each in claimed if each not in old], said)
    known = {(row["username"], row["channel"], row["target"]): row for row in await store.addresses_of(tx, people)}
    parcels = []
    bundle = partial(_bundle, configured)
    for _, group in groupby(sorted(to_tell, key=bundle), key=bundle):
        notices = list(group)
        first = notices[0]
        address = _address(configured, known.get((first.recipient, first.channel, first.target)), first)
        language = said[first.recipient]["language"] if first.recipient in said else DEFAULT_LANGUAGE
        if first.kind is Kind.EMAIL_CODE and address:
            code = email_code(resources, first.recipient, address["address"], str(first.details["asked"]))
            notices = [replace(first, details={**first.details, "code": code})]
        if first.channel in ROBOTS:
            notices, later = notices[: (count := fitting(notices, language))], notices[count:]
            await store.put_back(tx, first.site, [each.id for each in later], from_wall=tx.wall)
        parcels.append(_Parcel(notices, address, language))
    return parcels


async def _worth_telling(tx: Transaction, fresh: list[Claimed], said: Mapping[str, Mapping[str, Any]]) -> list[Claimed]:
    """All that quiet hours or tries have held back and that is to be told still.

    An offer that somebody has taken is no news, nor that the desk has to give out what somebody has, nor how far it was
    with what is over by now, and a channel that was muted since, or is for other kinds only, says nothing. Of an order
    that has become confidential no group hears, and nobody its place.
    """
    taken = await _taken(tx, fresh)
    hidden = await store.confidential_of(tx, fresh) if fresh else set()
    held_back = [each for each in fresh if each.kind in ON_THE_WAY and (each.in_digest or each.tries > 1)]
    over = await store.over_by_now(tx, held_back) if held_back else set()
    told = []
    for each in fresh:
        is_hidden = (each.site, each.number) in hidden
        is_unwanted = each.kind is not Kind.EMAIL_CODE and not spreading.is_wanted(
            said.get(each.recipient), each.channel, each.kind
        )
        is_over = each in held_back and (each.site, each.number) in over
        if each.id in taken or is_unwanted or is_over or (is_hidden and each.channel in ROBOTS):
            await store.withdraw(tx, each.site, [each.id])
            _count(each.channel, "withdrawn", each)
        else:
            told.append(replace(each, details=texts.without_place(each.details)) if is_hidden else each)
    return told


async def _taken(tx: Transaction, fresh: list[Claimed]) -> set[int]:
    """The ids of what asks somebody to take or to give out an order that somebody has by now."""
    offers = [each for each in fresh if each.kind is Kind.OFFERED]
    at_desk = [each for each in fresh if each.kind is Kind.AT_DESK]
    open_ = await store.still_offered(tx, offers) if offers else set()
    waiting = await store.still_at_desk(tx, at_desk) if at_desk else set()
    gone = {each.id for each in offers if (each.site, each.number, each.recipient) not in open_}
    return gone | {each.id for each in at_desk if (each.site, each.id) not in waiting}


def email_code(resources: Resources, username: str, address: str, asked: str) -> str:
    """What proves that somebody reads this address; stored nowhere."""
    text = "\0".join((username, address, asked))
    digest = hmac.digest(resources.derived_key("notice_email"), text.encode(), "sha256")
    return f"{int.from_bytes(digest[:8]) % 10**_CODE_DIGITS:0{_CODE_DIGITS}d}"


async def _send(resources: Resources, configured: Configured, channel: Channel, parcel: _Parcel) -> timedelta:
    """Returns how long its address is left alone then."""
    first = parcel.first
    if parcel.address is None:
        await _give_up(resources, parcel, "no_address")
        return timedelta()
    pause = await _hand_over(resources, channel, parcel, parcel.address)
    if channel.name not in ROBOTS:
        return pause
    pause = max(pause, PACE)
    async with begin(resources, ALL_SITES) as tx:
        await store.free_robot(tx, first.site, configured.pace_of(first.target), tx.wall + pause)
    return pause


async def _hand_over(resources: Resources, channel: Channel, parcel: _Parcel, address: Mapping[str, str]) -> timedelta:
    """Returns how long its address is left alone then."""
    first = parcel.first
    try:
        async with asyncio.timeout(SEND_S):
            await channel.send(address, message_of(parcel.notices, parcel.language))
    except RefusedError as error:
        await _refused(resources, parcel, str(error))
    except GoneError as error:
        await _give_up(resources, parcel, str(error), is_gone=True)
    except TooFastError as error:
        return await _too_fast(resources, parcel, error)
    except AwayError as error:
        return await _try_again(resources, parcel, str(error), error.retry_after_s)
    except (TimeoutError, OSError) as error:
        return await _try_again(resources, parcel, type(error).__name__, None)
    except Exception:
        # A mistake of ours in one channel: bounded like an absence, and told in full.
        log.exception("notice_not_sent", site=first.site, notice=first.id, channel=first.channel)
        return await _try_again(resources, parcel, "fault", None)
    else:
        await _sent(resources, parcel)
    return timedelta()


async def _refused(resources: Resources, parcel: _Parcel, why: str) -> None:
    if parcel.first.channel in ROBOTS and len(parcel.notices) > 1:
        await _try_again(resources, parcel, f"{REFUSED_TOGETHER}: {why}", None)
    else:
        await _give_up(resources, parcel, why)


async def _sent(resources: Resources, parcel: _Parcel) -> None:
    faults.reached(FaultPoint.API_NOTICE_SENT_NOT_RECORDED)
    async with begin(resources, ALL_SITES) as tx:
        await store.sent(tx, parcel.first.site, [each.id for each in parcel.notices])
    for each in parcel.notices:
        _count(each.channel, "sent", each)


async def _give_up(resources: Resources, parcel: _Parcel, why: str, *, is_gone: bool = False) -> None:
    first = parcel.first
    async with begin(resources, ALL_SITES) as tx:
        await store.failed(tx, first.site, [each.id for each in parcel.notices], why)
        if is_gone and parcel.address is not None:
            await store.address_gone(tx, first.recipient, first.channel, first.target, address=parcel.address)
    for each in parcel.notices:
        _count(first.channel, "failed", each, why=why)


async def _too_fast(resources: Resources, parcel: _Parcel, error: TooFastError) -> timedelta:
    """Returns how long nothing is sent there. A robot's limit is of all that it gets, and no try of one notice."""
    if parcel.first.channel not in ROBOTS:
        return await _try_again(resources, parcel, str(error), error.retry_after_s)
    pause = TOO_FAST if error.retry_after_s is None else timedelta(seconds=error.retry_after_s)
    pause = min(max(pause, PACE), times.LONGEST_PAUSE)
    await _again(resources, parcel, str(error), pause, is_counted=False)
    return pause


async def _try_again(resources: Resources, parcel: _Parcel, why: str, wished_s: float | None) -> timedelta:
    """What was tried too often is given up, and takes nothing along that was sent with it.

    Returns for how long what else is for the same person waits too: as after a first try.
    """
    old = [each for each in parcel.notices if each.tries >= times.MAX_TRIES]
    if old:
        await _give_up(resources, replace(parcel, notices=old), why)
    left = [each for each in parcel.notices if each.tries < times.MAX_TRIES]
    if left:
        pause = times.pause_after(left[0].tries, left[0].id)
        if wished_s is not None:
            pause = min(max(pause, timedelta(seconds=wished_s)), times.LONGEST_PAUSE)
        await _again(resources, replace(parcel, notices=left), why, pause)
    return timedelta() if parcel.first.channel in ROBOTS else times.pause_after(1, parcel.first.id)


async def _again(resources: Resources, parcel: _Parcel, why: str, pause: timedelta, *, is_counted: bool = True) -> None:
    async with begin(resources, ALL_SITES) as tx:
        ids = [each.id for each in parcel.notices]
        await store.again(tx, parcel.first.site, ids, why=why, next_try_wall=tx.wall + pause, is_counted=is_counted)
    for each in parcel.notices:
        _count(each.channel, "again", each, why=why)


def _bundle(configured: Configured, notice: Claimed) -> tuple[str, str, str, int]:
    if notice.channel in ROBOTS:
        return notice.site, "", configured.pace_of(notice.target), -1
    return notice.site, notice.recipient, notice.target, -1 if notice.in_digest else notice.id


def _address(configured: Configured, row: Mapping[str, Any] | None, notice: Claimed) -> dict[str, str] | None:
    if notice.channel in ROBOTS:
        robot = configured.robots.get(notice.target)
        return robot.address if robot else None
    # Whoever has put in another address since hears nothing there before they have shown that it is theirs.
    is_usable = row is not None and (row["confirmed"] or notice.kind is Kind.EMAIL_CODE)
    return row["address"] if row is not None and is_usable else None


def _count(channel: ChannelName, result: str, notice: Claimed, **more: Any) -> None:
    """Every sending is logged, by number and never by what it says or to which address."""
    _results.labels(channel.value, result).inc()
    log.info("notice", result=result, channel=channel, site=notice.site, notice=notice.id, tries=notice.tries, **more)
