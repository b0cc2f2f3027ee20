"""Notices, addresses and habits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from psycopg.types.json import Jsonb

from api.notices.channels.contract import ChannelName
from api.notices.rules import Kind, Urgency
from api.notices.schemas import Delivery, Figure, Preferences
from api.notices.times import Leaving
from api.roles import Role
from api.transactions import ALL_SITES, Touched, Transaction, enter
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
# Reporters of one order with all that were merged into it; operators, and supervisors, of a site.
MAX_REPORTERS: Final = 1000
MAX_OF_ROLE: Final = 50
MAX_WAITING: Final = 5000  # of one person: two days' limit by each of eight addresses


@dataclass(frozen=True, slots=True)
class New:
    """A notice for somebody's inbox."""

    recipient: str
    cause: str
    kind: Kind
    number: str | None
    details: dict[str, Any]
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class ToSend:
    """A notice for one channel."""

    site: str
    recipient: str
    channel: ChannelName
    target: str
    cause: str
    kind: Kind
    number: str | None
    details: dict[str, Any]
    urgency: Urgency
    made_at: datetime
    due_at: datetime
    in_digest: bool


_COLUMNS: Final = [each.name for each in fields(ToSend)]
_TO_INBOX: Final = {"channel": ChannelName.INBOX, "target": "", "in_digest": False}


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notice that is being sent now."""

    site: str
    id: int
    recipient: str
    channel: ChannelName
    target: str
    kind: Kind
    number: str | None
    details: dict[str, Any]
    in_digest: bool
    tries: int
    made_at: datetime
    due_at: datetime
    failed_why: str | None  # of the last try
    time_zone: str | None  # the site's; None for what is of no site


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries are asked for; None: any."""

    state: str | None = None
    channel: ChannelName | None = None
    number: str | None = None


async def reporters(tx: Transaction, numbers: Sequence[str]) -> list[dict[str, Any]]:
    """Who reported these orders or one that was merged into them, with their own number, category and building."""
    limit = MAX_REPORTERS * len(numbers)
    return await tx.all(_QUERIES["reporters"], numbers=list(numbers), limit=limit)


async def supervisors(tx: Transaction) -> list[str]:
    """The supervisors of the site."""
    return await _who_are(tx, Role.SUPERVISOR)


async def operators(tx: Transaction) -> list[str]:
    """The operators of the site."""
    return await _who_are(tx, Role.OPERATOR)


async def _who_are(tx: Transaction, role: Role) -> list[str]:
    return [row["username"] for row in await tx.all(_QUERIES["people_of_role"], role=role, limit=MAX_OF_ROLE)]


async def made_since(tx: Transaction, recipients: Sequence[str], since: datetime) -> dict[tuple[str, bool], int]:
    """How many notices each of these got since a time, those that left at once (True) apart."""
    rows = await tx.all(_QUERIES["made_since"], recipients=list(recipients), since=since)
    return {(row["recipient"], row["at_once"]): row["notices"] for row in rows}


async def add(tx: Transaction, notices: Iterable[New]) -> None:
    """Puts notices into inboxes; one whose cause the recipient has heard of is left out."""
    own = {"site": tx.site, "made_at": tx.at, "due_at": tx.at}
    await _add(tx, "new", [{**_values(each), **own, **_TO_INBOX} for each in notices])
    tx.touched.add(Touched.NOTICES)


async def add_to_send(tx: Transaction, notices: Iterable[ToSend]) -> None:
    """Adds what has to be sent; what is there already is left out."""
    await _add(tx, "waiting", [_values(each) for each in notices])


async def _add(tx: Transaction, state: str, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        columns = {name: [row[name] for row in rows] for name in _COLUMNS}
        await tx.run(_QUERIES["add"], **columns, state=state, wall=tx.wall)


async def count_overflow(tx: Transaction, recipient: str, cause: str, count: int) -> None:
    """Counts notices that were too many."""
    await tx.run(_QUERIES["count_overflow"], recipient=recipient, cause=cause, count=count, wall=tx.wall)


async def new(tx: Transaction, limit: int) -> list[dict[str, Any]]:
    """Notices of all sites that no channel has yet; nobody else gets these until this transaction ends."""
    return await tx.all(_QUERIES["new"], limit=limit)


async def spread(tx: Transaction, ids: list[int]) -> None:
    """The channels have these."""
    await tx.run(_QUERIES["spread"], ids=ids)


async def preferences_of(tx: Transaction, usernames: list[str]) -> dict[str, dict[str, Any]]:
    """The habits of those of these people who said some."""
    return {row["username"]: row for row in await tx.all(_QUERIES["preferences_of"], usernames=usernames)}


async def addresses_of(tx: Transaction, usernames: list[str]) -> list[dict[str, Any]]:
    """All addresses of these people."""
    return await tx.all(_QUERIES["addresses_of"], usernames=usernames)


async def claim(tx: Transaction, channel: ChannelName, *, until: datetime, limit: int) -> list[Claimed]:
    """The next notices of a channel, ours until a time of the machine's clock; digests come whole, up to the limit."""
    values: dict[str, Any] = {"channel": channel, "wall": tx.wall, "until": until, "limit": limit}
    rows = await tx.all(_QUERIES["claim"], **values)
    digests = sorted({(row["site"], row["recipient"], row["target"]) for row in rows if row["in_digest"]})
    if digests:
        site, recipients, targets = (list(each) for each in zip(*digests, strict=True))
        rows += await tx.all(_QUERIES["claim_digest"], **values, sites=site, recipients=recipients, targets=targets)
    return _claimed(rows)


def _claimed(rows: Iterable[dict[str, Any]]) -> list[Claimed]:
    found = [Claimed(**{**row, "channel": ChannelName(row["channel"]), "kind": Kind(row["kind"])}) for row in rows]
    return sorted(found, key=lambda each: each.id)


async def claim_robots(
    tx: Transaction, channel: ChannelName, paces: Mapping[str, str], *, until: datetime, limit: int
) -> list[tuple[str, str]]:
    """Site and pace of the robots that something waits for and that may be written to, ours until a time of the
    machine's clock. `paces`: the pace of each robot.
    """
    values: dict[str, Any] = {"channel": channel, "paces": Jsonb(dict(paces)), "wall": tx.wall, "until": until}
    return [(row["site"], row["pace"]) for row in await tx.all(_QUERIES["claim_robots"], **values, limit=limit)]


async def claim_bundles(
    tx: Transaction,
    channel: ChannelName,
    paces: Mapping[str, str],
    free: Sequence[tuple[str, str]],
    *,
    until: datetime,
    limit: int,
) -> list[Claimed]:
    """The next notices of each of these robots, at most so many of each, ours until a time of the machine's clock."""
    values: dict[str, Any] = {"channel": channel, "paces": Jsonb(dict(paces)), "wall": tx.wall, "until": until}
    sites = [site for site, _ in free]
    rows = await tx.all(_QUERIES["claim_bundles"], **values, sites=sites, free=[pace for _, pace in free], limit=limit)
    return _claimed(rows)


async def free_robot(tx: Transaction, site: str, pace: str, from_wall: datetime) -> None:
    """The robot may be written to again from then on."""
    await tx.run(_QUERIES["free_robot"], of_site=site, pace=pace, from_wall=from_wall)


async def put_back(tx: Transaction, site: str, ids: list[int], *, from_wall: datetime) -> None:
    """These were claimed and wait on, until a time of the machine's clock."""
    await tx.run(_QUERIES["put_back"], of_site=site, ids=ids, from_wall=from_wall)


async def still_offered(tx: Transaction, offers: Sequence[Claimed]) -> set[tuple[str, str | None, str]]:
    """Site, number and recipient of those of these offers that can be taken still."""
    rows = await tx.all(
        _QUERIES["still_offered"],
        sites=[each.site for each in offers],
        numbers=[each.number for each in offers],
        recipients=[each.recipient for each in offers],
    )
    return {(row["site"], row["number"], row["recipient"]) for row in rows}


async def still_at_desk(tx: Transaction, notices: Sequence[Claimed]) -> set[tuple[str, int]]:
    """Site and id of those of these notices whose orders nobody has had since they were told."""
    values = {"sites": [each.site for each in notices], "ids": [each.id for each in notices]}
    return {(row["site"], row["id"]) for row in await tx.all(_QUERIES["still_at_desk"], **values)}


async def confidential_of(tx: Transaction, notices: Sequence[Claimed]) -> set[tuple[str, str | None]]:
    """Site and number of those orders of these notices that are confidential by now."""
    values = {"sites": [each.site for each in notices], "numbers": [each.number for each in notices]}
    return {(row["site"], row["number"]) for row in await tx.all(_QUERIES["confidential_of"], **values)}


async def over_by_now(tx: Transaction, notices: Sequence[Claimed]) -> set[tuple[str, str | None]]:
    """Site and number of those orders of these notices whose matter is over by now."""
    values = {"sites": [each.site for each in notices], "numbers": [each.number for each in notices]}
    return {(row["site"], row["number"]) for row in await tx.all(_QUERIES["over_by_now"], **values)}


async def waiting_for(tx: Transaction, recipient: str) -> list[dict[str, Any]]:
    """What waits for a person and could leave at another time; nobody else takes it now."""
    return await tx.all(_QUERIES["waiting_for"], recipient=recipient, limit=MAX_WAITING)


async def move(tx: Transaction, moved: Mapping[int, Leaving]) -> None:
    """These leave at other times."""
    due_at = [each.at for each in moved.values()]
    in_digest = [each.in_digest for each in moved.values()]
    await tx.run(_QUERIES["move"], ids=list(moved), due_at=due_at, in_digest=in_digest)


async def withdraw(tx: Transaction, site: str, ids: list[int]) -> None:
    """These need not be sent any more; in the inbox they stay."""
    await tx.run(_QUERIES["withdraw"], of_site=site, ids=ids)


async def sent(tx: Transaction, site: str, ids: list[int]) -> None:
    """The service has these."""
    await tx.run(_QUERIES["sent"], site=site, ids=ids)


async def failed(tx: Transaction, site: str, ids: list[int], why: str) -> None:
    """These are given up."""
    await tx.run(_QUERIES["failed"], site=site, ids=ids, why=why)


async def again(
    tx: Transaction, site: str, ids: list[int], *, why: str, next_try_wall: datetime, is_counted: bool = True
) -> None:
    """These are tried again."""
    values = {"why": why, "next_try_wall": next_try_wall, "uncounted": 0 if is_counted else 1}
    await tx.run(_QUERIES["again"], site=site, ids=ids, **values)


async def fail_without_channel(tx: Transaction, channels: Sequence[ChannelName]) -> int:
    """Gives up what waits for a channel that is none of these; returns how many."""
    return await tx.run(_QUERIES["fail_without_channel"], channels=list(channels))


async def forget(tx: Transaction, before: datetime, limit: int) -> int:
    """Deletes notices of any site made before a time; returns how many."""
    return await tx.run(_QUERIES["forget"], before=before, limit=limit)


async def inbox(tx: Transaction, me: str, *, unread: bool, older_than: int | None, limit: int) -> list[dict[str, Any]]:
    """A person's notices, newest first."""
    return await tx.chosen(_QUERIES["inbox"], me=me, unread=unread, older_than=older_than, limit=limit)


async def unread(tx: Transaction, me: str, most: int) -> int:
    """How many notices a person has not read, counted up to `most`."""
    row = await tx.one(_QUERIES["unread"], me=me, most=most)
    return row["unread"] if row else 0


async def read(tx: Transaction, me: str, *, ids: list[int], up_to: int | None) -> int:
    """Marks a person's notices as read; returns how many were not."""
    return await tx.run(_QUERIES["read"], me=me, ids=ids, up_to=up_to)


async def deliveries(
    tx: Transaction, wanted: Wanted, *, is_confidant: bool, older_than: int | None, limit: int
) -> list[Delivery]:
    """What became of the site's notices, newest first; those of confidential orders for confidants only."""
    values = {"state": wanted.state, "channel": wanted.channel, "number": wanted.number, "is_confidant": is_confidant}
    rows = await tx.chosen(_QUERIES["deliveries"], **values, older_than=older_than, limit=limit)
    return [Delivery(**row) for row in rows]


async def figures(tx: Transaction, since: datetime) -> list[Figure]:
    """Counts by channel and state."""
    return [Figure(**row) for row in await tx.all(_QUERIES["figures"], since=since)]


async def preferences(tx: Transaction, username: str) -> Preferences:
    """How a person wants to be told."""
    row = await tx.one(_QUERIES["preferences"], username=username)
    return Preferences.model_validate(row or {})


async def put_preferences(tx: Transaction, username: str, wanted: Preferences) -> None:
    """Keeps how a person wants to be told."""
    values = wanted.model_dump(mode="json")
    await tx.run(_QUERIES["put_preferences"], username=username, **{**values, "only": Jsonb(values["only"])})


async def lock_person(tx: Transaction, username: str) -> bool:
    """Nobody else changes this person's addresses until this transaction ends; False if they are not of this site."""
    return await tx.one(_QUERIES["lock_person"], username=username) is not None


async def addresses(tx: Transaction, username: str) -> list[dict[str, Any]]:
    """A person's addresses."""
    return await tx.all(_QUERIES["addresses"], username=username)


async def put_address(
    tx: Transaction, username: str, channel: ChannelName, target: str, *, address: dict[str, str], confirmed: bool
) -> None:
    """Makes or replaces an address."""
    await tx.run(
        _QUERIES["put_address"],
        username=username,
        channel=channel,
        target=target,
        address=Jsonb(address),
        confirmed=confirmed,
        wall=tx.wall,
    )


async def address(tx: Transaction, username: str, channel: ChannelName, target: str) -> dict[str, Any] | None:
    """One address, which nobody else changes until this transaction ends."""
    return await tx.one(_QUERIES["address"], username=username, channel=channel, target=target)


async def confirm_address(tx: Transaction, username: str, channel: ChannelName, target: str) -> None:
    """The address is the person's own."""
    await tx.run(_QUERIES["confirm_address"], username=username, channel=channel, target=target)


async def wrong_code(tx: Transaction, username: str, channel: ChannelName, target: str) -> None:
    """Somebody guessed."""
    await tx.run(_QUERIES["wrong_code"], username=username, channel=channel, target=target)


async def remove_address(tx: Transaction, username: str, channel: ChannelName, target: str) -> bool:
    """Deletes an address; False if there is none."""
    return await tx.run(_QUERIES["remove_address"], username=username, channel=channel, target=target) > 0


async def take_from_others(tx: Transaction, username: str, channel: ChannelName, target: str) -> list[str]:
    """Deletes this address of everybody but this person, at all sites; returns who of this site had it."""
    await enter(tx, ALL_SITES)
    values = {"of_site": tx.site, "username": username, "channel": channel, "target": target}
    rows = await tx.all(_QUERIES["take_from_others"], **values)
    await enter(tx, tx.site)
    return [row["username"] for row in rows if row["site"] == tx.site]


async def address_gone(
    tx: Transaction, username: str, channel: ChannelName, target: str, *, address: Mapping[str, str]
) -> None:
    """Deletes an address that its service knows no more, whatever site its person is of."""
    values = {"username": username, "channel": channel, "target": target, "address": Jsonb(dict(address))}
    await tx.run(_QUERIES["address_gone"], **values)


def _values(notice: New | ToSend) -> dict[str, Any]:
    names = type(notice).__dataclass_fields__
    return {**{name: getattr(notice, name) for name in names}, "details": Jsonb(notice.details)}
