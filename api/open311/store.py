"""Jurisdictions, clients, services, and what came in."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg.types.json import Jsonb

from api.open311.asking import Asked
from api.open311.intake import NewRequest
from api.open311.schemas import Contact, Key, NewKey, Participation, Reading, ServiceSettings, SiteParticipation
from api.open311.statuses import CLOSED
from api.transactions import Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
MAX_KEYS: Final = 1000  # of one list; a site has a handful of clients
MAX_SAID: Final = 1000  # updates of one request that the desk is shown


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """A site that takes part."""

    site: str
    reading: Reading
    shows_media: bool
    time_zone: str


async def jurisdictions(tx: Transaction, asked: str | None) -> list[Jurisdiction]:
    """The one that is asked for, or the first two of all."""
    rows = await tx.all(_QUERIES["jurisdictions"], asked=asked)
    return [Jurisdiction(**{**row, "reading": Reading(row["reading"])}) for row in rows]


async def changed(tx: Transaction) -> datetime | None:
    """When what is offered anywhere was last changed."""
    row = await tx.one(_QUERIES["changed"])
    return row["at"] if row else None


async def put_site(tx: Transaction, new: Participation) -> None:
    """Makes a site a jurisdiction, or no more."""
    await tx.run(_QUERIES["put_site"], **new.model_dump())


async def site(tx: Transaction) -> SiteParticipation | None:
    """How the site takes part; None if nobody has said."""
    row = await tx.one(_QUERIES["site"])
    return SiteParticipation(**row) if row else None


async def add_key(tx: Transaction, new: NewKey, *, key_id: str, key_hash: str) -> Key:
    """Adds a client."""
    row = await tx.one(_QUERIES["add_key"], key_id=key_id, key_hash=key_hash, **new.model_dump())
    assert row is not None  # noqa: S101 - the statement returns what it adds
    return Key(**row)


async def keys(tx: Transaction) -> list[Key]:
    """All clients, the oldest first."""
    return [Key(**row) for row in await tx.all(_QUERIES["keys"], limit=MAX_KEYS)]


async def key_of(tx: Transaction, key_hash: str) -> Key | None:
    """The client with this key, if it was not revoked."""
    row = await tx.one(_QUERIES["key_of"], key_hash=key_hash)
    return Key(**row) if row else None


async def revoke(tx: Transaction, key_id: str) -> Key | None:
    """Revokes a key for good; None if there is none."""
    row = await tx.one(_QUERIES["revoke"], key_id=key_id)
    return Key(**row) if row else None


async def put_service(tx: Transaction, code: str, settings: ServiceSettings) -> None:
    """Sets how a category is offered."""
    await tx.run(_QUERIES["put_service"], service_code=code, settings=Jsonb(settings.model_dump(mode="json")))


async def remove_service(tx: Transaction, code: str) -> bool:
    """Forgets the settings of a service; False if it has none."""
    return await tx.run(_QUERIES["remove_service"], service_code=code) > 0


async def service_settings(tx: Transaction) -> dict[str, ServiceSettings]:
    """What the site has set, by service."""
    rows = await tx.all(_QUERIES["service_settings"])
    return {row["service_code"]: ServiceSettings(**row["settings"]) for row in rows}


async def claim(tx: Transaction, fingerprint: str, token: str, oldest: datetime) -> str:
    """The token of a request that is the same, came since `oldest` and is open still, else this one."""
    values = {"token": token, "wall": tx.wall, "oldest": oldest, "closed_states": list(CLOSED)}
    row = await tx.one(_QUERIES["claim"], fingerprint=fingerprint, **values)
    row = row or await tx.one(_QUERIES["claimed"], fingerprint=fingerprint)
    return str(row["token"]) if row else token


async def forget_repeats(tx: Transaction, oldest: datetime, most: int) -> int:
    """Deletes fingerprints of any site that are over; returns how many."""
    return await tx.run(_QUERIES["forget_repeats"], oldest=oldest, most=most)


async def forget_contacts(tx: Transaction, oldest: datetime, most: int) -> int:
    """Deletes who sent something in, of any site, before a time; returns how many."""
    return await tx.run(_QUERIES["forget_contacts"], oldest=oldest, most=most)


async def forget_pictures(tx: Transaction, oldest: datetime, most: int) -> int:
    """Deletes pictures that came, to any site, before a time; returns how many."""
    return await tx.run(_QUERIES["forget_pictures"], oldest=oldest, most=most)


async def add_request(
    tx: Transaction,
    new: NewRequest,
    *,
    token: str,
    key_id: str,
    service_code: str,
    account_hash: str | None,
    device_hash: str | None,
) -> None:
    """Adds a request that has no order yet."""
    values = {**asdict(new), "attributes": Jsonb(new.attributes)}
    names = {"token": token, "key_id": key_id, "service_code": service_code}
    await tx.run(_QUERIES["add_request"], **values, **names, account_hash=account_hash, device_hash=device_hash)
    if new.phone or new.email or new.first_name or new.last_name:
        await tx.run(_QUERIES["add_contact"], **values, token=token)


async def put_media_url(tx: Transaction, token: str, media_url: str) -> None:
    """Sets where a request's picture is on the web."""
    await tx.run(_QUERIES["put_media_url"], token=token, media_url=media_url)


async def add_picture(tx: Transaction, token: str, media_id: str, picture: bytes, update_id: str | None) -> None:
    """Adds a JPEG to a request, or to an update of it; nothing happens if it is there."""
    await tx.run(_QUERIES["add_picture"], token=token, media_id=media_id, picture=picture, update_id=update_id)


async def count_pictures(tx: Transaction, token: str, update_id: str | None) -> int:
    """How many pictures a request has, or an update of it."""
    row = await tx.one(_QUERIES["count_pictures"], token=token, update_id=update_id)
    return row["pictures"] if row else 0


async def waiting(tx: Transaction, most: int) -> list[tuple[str, str]]:
    """Site and token of requests of all sites whose order is to be opened now, the oldest first."""
    return [(row["site"], row["token"]) for row in await tx.all(_QUERIES["waiting"], wall=tx.wall, most=most)]


async def put_off(tx: Transaction, token: str, first: timedelta, longest: timedelta) -> None:
    """Sets a request that got no order behind the others: for the first time for `first`, then twice as long."""
    await tx.run(_QUERIES["put_off"], token=token, wall=tx.wall, first=first, longest=longest)


async def to_open(tx: Transaction, token: str) -> dict[str, Any] | None:
    """A request that has no order yet, locked; None if it has one, or somebody else is at it."""
    return await tx.one(_QUERIES["to_open"], token=token)


async def opened(tx: Transaction, token: str, number: str) -> None:
    """Says which order a request got."""
    await tx.run(_QUERIES["opened"], token=token, number=number)


async def by_token(tx: Transaction, token: str) -> dict[str, Any] | None:
    """Token, number (None: not yet) and service of a request."""
    return await tx.one(_QUERIES["by_token"], token=token)


async def requests(tx: Transaction, asked: Asked, codes: list[str], alert_codes: list[str]) -> list[dict[str, Any]]:
    """Published requests, the newest first."""
    values = {**asdict(asked), "wanted": asked.codes, "codes": codes, "alert_codes": alert_codes}
    return await tx.chosen(_QUERIES["requests"], closed_states=list(CLOSED), **values)


async def updates(tx: Transaction, asked: Asked, codes: list[str], alert_codes: list[str]) -> list[dict[str, Any]]:
    """What happened to published requests, the oldest first."""
    return await tx.chosen(_QUERIES["updates"], **{**asdict(asked), "codes": codes, "alert_codes": alert_codes})


async def token_of(tx: Transaction, number: str, key_id: str) -> str | None:
    """The token of a request with this number that this client sent in; None if it sent none."""
    row = await tx.one(_QUERIES["token_of"], number=number, key_id=key_id)
    return row["token"] if row else None


async def earlier_update(tx: Transaction, update: dict[str, Any], oldest: datetime, *, moves: bool) -> str | None:
    """The same update, if this client sent it before: by its own id; without one by its content since `oldest`, unless
    it moves the order, or the order has moved since.
    """
    row = await tx.one(_QUERIES["earlier_update"], **update, oldest=oldest, moves=moves)
    return row["update_id"] if row else None


async def told(tx: Transaction, number: str) -> int:
    """How often clients have said something of a request that moved nothing."""
    row = await tx.one(_QUERIES["told"], number=number)
    return row["times"] if row else 0


async def add_update(tx: Transaction, update: dict[str, Any], update_id: str) -> None:
    """Adds what a client says of a request."""
    await tx.run(_QUERIES["add_update"], **update, update_id=update_id, wall=tx.wall)


async def picture(tx: Transaction, media_id: str) -> dict[str, Any] | None:
    """One picture, and the number of the order that it belongs to."""
    return await tx.one(_QUERIES["picture"], media_id=media_id)


async def is_published(tx: Transaction, number: str, codes: list[str], alert_codes: list[str]) -> bool:
    """True if anybody may know of this order."""
    values = {"number": number, "codes": codes, "alert_codes": alert_codes}
    return await tx.one(_QUERIES["is_published"], **values) is not None


async def sent_in(tx: Transaction, number: str) -> dict[str, Any] | None:
    """All that came with a request but who sent it, and what its client said of it later."""
    row = await tx.one(_QUERIES["sent_in"], number=number)
    return row and {**row, "updates": await tx.all(_QUERIES["said_later"], number=number, limit=MAX_SAID)}


async def contact(tx: Transaction, token: str) -> Contact | None:
    """Who sent it, as far as it is still kept."""
    row = await tx.one(_QUERIES["contact"], token=token)
    return Contact(**row) if row else None
