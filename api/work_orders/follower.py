"""Follows the alerts in the stream: each opens its order once, however often it is delivered."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
import structlog
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from api.background import AWAY
from api.problems import TRANSIENT
from api.resources import Resources
from api.sites import store as sites
from api.transactions import begin
from api.work_orders import service
from herun import faults, streams, subjects
from herun.alerts import decode_alert
from herun.faults import FaultPoint

log = structlog.get_logger(__name__)

TASK: Final = "alert_follower"
DURABLE: Final = "api-orders"
BATCH: Final = 20  # alerts fetched at once; handling them takes a fraction of ACK_WAIT_S
FETCH_S: Final = 1.0  # how long one fetch waits for something to come
ACK_WAIT_S: Final = 10.0  # until an alert whose acknowledgement is missing is delivered again
AGAIN_S: Final = 60.0  # until an alert that failed by a fault of ours is tried again
# Delivered and not acknowledged, over all instances.
MAX_ACK_PENDING: Final = 1000
ROOM_LOOK_S: Final = 30.0  # between looks at how full the stream of alerts is
FILLING: Final = 0.5  # of its bytes: what has been followed is purged, because a full stream keeps back what comes next

_CONFIG: Final = ConsumerConfig(
    durable_name=DURABLE,
    deliver_policy=DeliverPolicy.ALL,
    ack_policy=AckPolicy.EXPLICIT,
    ack_wait=ACK_WAIT_S,
    max_ack_pending=MAX_ACK_PENDING,
    filter_subject=subjects.alerts_subject("*"),
)


async def follow(resources: Resources, stop: asyncio.Event) -> None:
    """Handles alerts until `stop`. Raises what the database or the stream raise while away: begin anew then."""
    subscription = await resources.js.pull_subscribe(
        subjects.alerts_subject("*"), durable=DURABLE, stream=subjects.STREAM_ALERTS, config=_CONFIG
    )
    try:
        looked_at = float("-inf")
        while not stop.is_set():
            resources.beat(TASK)
            now = asyncio.get_running_loop().time()
            if now - looked_at >= ROOM_LOOK_S:
                looked_at = now
                await make_room(resources.js, streams.ALERTS_MAX_BYTES)
            try:
                messages = await subscription.fetch(BATCH, timeout=FETCH_S)
            except TimeoutError:  # nothing came; the library raises its own kind or the plain one
                continue
            await _handle_all(resources, messages)
    finally:
        await subscription.unsubscribe()


async def make_room(js: JetStreamContext, max_bytes: int) -> None:
    """Purges what every order has followed already, where the stream of alerts is filling up."""
    info = await js.stream_info(subjects.STREAM_ALERTS)
    if info.state.bytes < FILLING * max_bytes:
        return
    floor = (await js.consumer_info(subjects.STREAM_ALERTS, DURABLE)).ack_floor
    if floor is not None and floor.stream_seq > 0:
        log.warning("followed_alerts_purged", up_to=floor.stream_seq, used_bytes=info.state.bytes)
        await js.purge_stream(subjects.STREAM_ALERTS, seq=floor.stream_seq + 1)


async def _handle_all(resources: Resources, messages: list[Msg]) -> None:
    for index, message in enumerate(messages):
        try:
            await handle(resources, message)
        except TRANSIENT:
            # Given back at once, they come again as soon as the database does, and not when their time is up.
            for waiting in messages[index:]:
                await waiting.nak()
            raise
        except AWAY:
            raise
        except Exception:
            # One alert that cannot be followed must not keep all others from their orders.
            log.exception("alert_not_followed", nats_subject=message.subject, sequence=message.metadata.sequence.stream)
            await message.nak(AGAIN_S)


async def handle(resources: Resources, message: Msg) -> None:
    """Commits what an alert asks for, then acknowledges it: after a crash in between it comes again in vain."""
    try:
        alert = decode_alert(message.data)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        log.error("alert_unreadable", nats_subject=message.subject, error=str(error))
        await message.term()
        return
    async with begin(resources, alert.site) as tx:
        if await sites.site(tx) is None:
            log.error("alert_of_unknown_site", site=alert.site, alert_id=alert.alert_id)
        else:
            await service.follow_alert(tx, alert)
    faults.reached(FaultPoint.API_ORDER_OPENED_NOT_ACKNOWLEDGED)
    await message.ack()
