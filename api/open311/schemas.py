"""How a site takes part in Open311, and which clients may."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from api.open311.attributes import Attributes, Words
from api.schema import Body, Moment, Title, View, without_repeats


class Reading(StrEnum):
    """Who may read a site's requests."""

    PUBLIC = "public"  # as the specification has it: anybody
    KEY = "key"  # whoever has a key with the right to read


class Right(StrEnum):
    """What a key is good for."""

    READ = "read"  # requests and updates where reading takes a key; no limit by address
    CREATE = "create"  # to send in requests, and updates of them


class Kind(StrEnum):
    """When a client learns the number of its request."""

    REALTIME = "realtime"  # in the answer
    BATCH = "batch"  # later, by a token
    BLACKBOX = "blackbox"  # never


class Participation(Body):
    """PUT /v1/sites/{site}/open311: whether it is a jurisdiction, who may read, whether pictures are shown."""

    enabled: bool
    reading: Reading = Reading.PUBLIC
    shows_media: bool = False


class SiteParticipation(View):
    """How a site takes part; `changed_by` is null as long as nobody has said."""

    enabled: bool
    reading: Reading
    shows_media: bool
    changed_by: str | None
    changed_at: Moment | None


class NewKey(Body):
    """POST /v1/sites/{site}/open311-keys: a client that may use the site's Open311; `hourly` is its most requests."""

    name: Title
    rights: Annotated[list[Right], Field(min_length=1, max_length=len(Right)), AfterValidator(without_repeats)] = Field(
        default_factory=lambda: [Right.READ, Right.CREATE]
    )
    hourly: Annotated[int, Field(ge=1, le=100_000)] = 600


class Key(View):
    """A client; the key itself is kept nowhere."""

    key_id: str
    name: str
    rights: list[Right]
    hourly: int
    created_by: str
    created_at: Moment
    revoked_by: str | None
    revoked_at: Moment | None


class MadeKey(Key):
    """A client with its key, which is shown this once."""

    api_key: str


class Keys(View):
    """All clients of the site, by their ids."""

    items: list[Key]


class ServiceSettings(Body):
    """PUT /v1/sites/{site}/open311-services/{service_code}: what is left out, or null, stays as the category has it.

    `lists_alerts`: orders of alerts in this category are published too.
    """

    offered: bool = True
    type: Kind | None = None
    name: Words | None = None
    description: Words | None = None
    group: Words | None = None
    keywords: Annotated[list[Annotated[str, Field(pattern=r"^[^,]{1,40}$")]], Field(max_length=30)] | None = None
    notice: Words | None = None
    lists_alerts: bool = False
    attributes: Attributes = Field(default_factory=list)


class OfferedService(ServiceSettings):
    """The settings of one service."""

    service_code: str


class Removed(View):
    """The service whose settings were taken back."""

    service_code: str


class Contact(View):
    """Who sent a request in, as far as it is still kept."""

    phone: str | None
    email: str | None
    first_name: str | None
    last_name: str | None


class SaidLater(View):
    """What the client that sent a request in said of it later; `status` is what it asked for, if anything."""

    update_id: str
    status: str | None
    description: str
    media_url: str | None
    media: list[str]
    at: Moment


class SentIn(View):
    """GET /v1/sites/{site}/open311-requests/{number}: what came with a request, for the desk."""

    number: str
    service_code: str
    client: str
    description: str | None
    lat: float | None
    long: float | None
    address_string: str | None
    address_id: str | None
    zipcode: str | None
    media_url: str | None
    media: list[str]
    attributes: dict[str, str | list[str]]
    received_at: Moment
    updates: list[SaidLater]
    contact: Contact | None
