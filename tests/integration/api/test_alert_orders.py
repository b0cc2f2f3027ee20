"""An alert opens its order once, whatever is delivered how often."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import msgspec
import pytest

from api.transactions import Transaction
from api.work_orders import follower, service
from herun.alerts import Alert, AlertState
from tests.integration.api.running import NOON_US, World, until


async def orders(world: World) -> list[dict[str, object]]:
    found: list[dict[str, object]] = (await world.by("oscar").get("work-orders"))["items"]
    return found


async def test_an_alert_opens_one_order_that_is_dispatched_to_the_building_of_its_zone(world: World) -> None:
    alert = world.alert()
    for _ in range(3):
        await world.follow(alert)
    (order,) = await orders(world)
    assert (order["state"], order["worker"], order["building"], order["origin"]) == (
        "dispatched",
        "gwen",
        "b1",
        "alert",
    )
    assert order["alert"] == {"alert_id": alert.alert_id, "rule_uid": "underpass", "count": 1, "cleared_at": None}
    assert order["title"] == {"zh": "积水", "en": "Flooded"}


async def test_an_alert_that_asks_for_none_opens_no_order(world: World) -> None:
    await world.follow(world.alert(opens_order=False))
    assert await orders(world) == []


async def test_later_versions_amend_the_order_and_earlier_ones_are_ignored(world: World) -> None:
    alert = world.alert()
    cleared = msgspec.structs.replace(
        alert, version=3, count=7, state=AlertState.CLEARED, cleared_at=NOON_US, updated_at=NOON_US
    )
    for version in (alert, cleared, msgspec.structs.replace(alert, version=2, count=2), cleared):
        await world.follow(version)
    (order,) = await orders(world)
    assert isinstance(order["alert"], dict)
    assert (order["alert"]["count"], order["alert"]["cleared_at"]) == (7, "2026-06-01T04:00:00Z")
    history = (await world.by("oscar").get(f"work-orders/{order['number']}/history"))["items"]
    assert [(entry["action"], entry["reason"]) for entry in history] == [
        ("opened", None), ("accept", None), ("dispatch", None), ("amended", service.CLEARED),
    ]  # fmt: skip


async def test_an_order_is_opened_even_if_the_first_version_never_came(world: World) -> None:
    await world.follow(world.alert(version=4, state=AlertState.CLEARED, cleared_at=NOON_US))
    assert len(await orders(world)) == 1


async def test_many_deliveries_at_once_open_one_order(world: World) -> None:
    alert = world.alert()
    results = await asyncio.gather(*(world.follow(alert) for _ in range(8)), return_exceptions=True)
    assert any(result is None for result in results)
    assert len(await orders(world)) == 1


async def test_the_follower_acknowledges_what_is_committed_and_gets_the_rest_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = world.alert()
    await world.publish(alert)

    def die(_point: object) -> None:
        raise KeyboardInterrupt  # stands for the kill between commit and acknowledgement

    monkeypatch.setattr("api.work_orders.follower.faults.reached", die)
    monkeypatch.setattr(follower, "_CONFIG", follower._CONFIG.evolve(ack_wait=0.2))
    stop = asyncio.Event()
    with pytest.raises(KeyboardInterrupt):
        await follower.follow(world.resources, stop)
    assert len(await orders(world)) == 1
    monkeypatch.undo()
    other = world.alert(key="z2")
    await world.publish(other)
    task = asyncio.create_task(follower.follow(world.resources, stop))

    async def all_acknowledged() -> bool:
        info = await world.resources.js.consumer_info("ALERTS", follower.DURABLE)
        return bool(info.num_pending == 0 and info.num_ack_pending == 0)

    await until("both alerts are acknowledged", all_acknowledged)
    stop.set()
    await task
    assert sorted(order["alert"]["alert_id"] for order in await orders(world)) == [alert.alert_id, other.alert_id]  # type: ignore[index]


async def test_an_alert_that_fails_keeps_no_other_from_its_order_and_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = world.alert(), world.alert(key="z2")
    follow_alert = service.follow_alert

    async def fail(tx: Transaction, alert: Alert) -> None:
        if alert.alert_id == bad.alert_id:
            raise ZeroDivisionError
        await follow_alert(tx, alert)

    monkeypatch.setattr(follower, "AGAIN_S", 0.2)
    monkeypatch.setattr("api.work_orders.follower.service.follow_alert", fail)
    for alert in (bad, good):
        await world.publish(alert)
    stop = asyncio.Event()
    task = asyncio.create_task(follower.follow(world.resources, stop))

    async def has_orders(count: int) -> bool:
        return len(await orders(world)) == count

    await until("the good alert has its order", lambda: has_orders(1))
    monkeypatch.undo()
    await until("the other one has its order too", lambda: has_orders(2))
    stop.set()
    await task


async def test_what_is_no_alert_and_what_is_of_no_site_does_not_stop_the_follower(world: World) -> None:
    await world.resources.js.publish("ALERTS.s1", b"not an alert")
    await world.publish(world.alert(site="elsewhere"))
    await world.publish(world.alert())
    stop = asyncio.Event()
    task = asyncio.create_task(follower.follow(world.resources, stop))

    async def opened() -> bool:
        return len(await orders(world)) == 1

    await until("the good alert has its order", opened)
    stop.set()
    await task


async def test_alerts_that_were_followed_make_room_where_their_stream_fills_up(world: World) -> None:
    for key in ("z1", "z2"):
        await world.publish(world.alert(key=key))
    stop, js = asyncio.Event(), world.resources.js
    task = asyncio.create_task(follower.follow(world.resources, stop))

    async def followed() -> bool:
        return (
            len(await orders(world)) == 2 and (await js.consumer_info("ALERTS", follower.DURABLE)).num_ack_pending == 0
        )

    await until("both alerts have their orders", followed)
    stop.set()
    await task
    await js.publish("ALERTS.s1", b"not followed yet")
    await follower.make_room(js, max_bytes=2**40)
    assert (await js.stream_info("ALERTS")).state.messages == 3
    await follower.make_room(js, max_bytes=1)
    assert (await js.stream_info("ALERTS")).state.messages == 1


@pytest.mark.parametrize(
    "changes", [{"merged_into": str(uuid.UUID(int=9))}, {"mode": "monitor"}, {"correction": "withdrawn"}]
)
async def test_what_is_hidden_on_trial_or_withdrawn_opens_no_order(world: World, changes: dict[str, Any]) -> None:
    await world.follow(world.alert(**changes))
    assert await orders(world) == []


async def test_an_alert_that_was_hidden_opens_its_order_when_it_stands_alone(world: World) -> None:
    alert = world.alert(merged_into=str(uuid.UUID(int=9)))
    await world.follow(alert)
    await world.follow(msgspec.structs.replace(alert, version=2, merged_into=None))
    assert len(await orders(world)) == 1


async def test_an_alert_that_is_hidden_by_now_opens_no_order(world: World) -> None:
    alert = world.alert()
    world.add_alert(alert)
    world.add_alert(msgspec.structs.replace(alert, version=2, merged_into=str(uuid.UUID(int=9))), position=2)
    await world.follow(alert)
    assert await orders(world) == []


async def test_an_order_that_was_opened_stays_when_its_alert_is_hidden(world: World) -> None:
    alert = world.alert()
    await world.follow(alert)
    await world.follow(msgspec.structs.replace(alert, version=2, merged_into=str(uuid.UUID(int=9))))
    assert len(await orders(world)) == 1


async def test_the_order_has_the_category_that_the_rule_gives_it(world: World) -> None:
    await world.follow(world.alert(category="security", order_category="water"))
    (order,) = await orders(world)
    assert (order["category"], order["worker"]) == ("water", "gwen")
