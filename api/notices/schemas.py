"""Notices as people see them, and how they want to be told."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from api.notices import web_push_cipher
from api.notices.channels.contract import ChannelName
from api.notices.rules import Kind, Urgency
from api.notices.times import QUIET_FROM, QUIET_UNTIL
from api.schema import MAX_PAGE, Bilingual, Body, Moment, View, as_typed, without_repeats

MAX_ENDPOINT_CHARS: Final = 1000
_BIGINT: Final = 2**63 - 1

Mutable = Literal["mqtt", "web_push", "email", "wechat"]
Kinds = Annotated[list[Kind], Field(min_length=1, max_length=len(Kind)), AfterValidator(without_repeats)]
Email = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}$")
]
State = Literal["new", "waiting", "sent", "failed"]


class InboxNotice(View):
    """One notice. `number` is the order that it is about."""

    id: int
    site: str
    kind: Kind
    number: str | None
    urgency: Urgency
    title: Bilingual
    text: Bilingual
    made_at: Moment
    read_at: Moment | None


class Inbox(View):
    """One page, newest first. `unread` counts all, at most 1000; `next_cursor` is null on the last page."""

    items: list[InboxNotice]
    unread: int
    next_cursor: str | None


class ReadNotices(Body):
    """POST /v1/me/notices/read: which ones have been read, by id, or all up to one."""

    ids: Annotated[list[Annotated[int, Field(ge=0, le=_BIGINT)]], Field(default_factory=list, max_length=MAX_PAGE)]
    up_to: Annotated[int, Field(ge=0, le=_BIGINT)] | None = None


class Read(View):
    """How many were marked, and how many are unread still."""

    marked: int
    unread: int


class Delivery(View):
    """What became of one notice by one channel; what it says is not here."""

    id: int
    recipient: str
    channel: ChannelName
    kind: Kind
    number: str | None
    urgency: Urgency
    state: State
    made_at: Moment
    due_at: Moment
    tries: int
    ended_at: Moment | None
    failed_why: str | None


class Deliveries(View):
    """One page, newest first; `next_cursor` is null on the last."""

    items: list[Delivery]
    next_cursor: str | None


class Figure(View):
    """How many notices of one channel are in one state; `not_written` counts those beyond the day's limit."""

    channel: ChannelName
    state: State
    notices: int
    not_written: int


class Figures(View):
    """Since when, and how many."""

    since: Moment
    items: list[Figure]


Minute = Annotated[
    str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["22:00"], description="of the site's time")
]


class Preferences(Body):
    """PUT /v1/me/notice-channels. The same time twice: no quiet hours. `muted` channels tell nothing.

    `only`: by a channel that is named here, of these kinds alone.
    """

    language: Literal["zh", "en"] = "zh"
    quiet_from: Minute = f"{QUIET_FROM:%H:%M}"
    quiet_until: Minute = f"{QUIET_UNTIL:%H:%M}"
    digest_at: Minute | None = None
    muted: Annotated[list[Mutable], Field(default_factory=list, max_length=4), AfterValidator(without_repeats)]
    only: dict[Mutable, Kinds] = Field(default_factory=dict)


class Address(View):
    """One address, masked. `target` names it among those of its channel; where a person has one, it is `only`."""

    channel: ChannelName
    target: str
    shown: str
    confirmed: bool


class NoticeChannels(View):
    """How a person is told. `available` are the channels besides the inbox by which this installation tells persons."""

    language: str
    quiet_from: Minute
    quiet_until: Minute
    digest_at: Minute | None
    muted: list[str]
    only: dict[str, list[Kind]]
    addresses: list[Address]
    available: list[ChannelName]
    web_push_public_key: str | None


class NewEmail(Body):
    """PUT /v1/me/notice-channels/email: a code goes there; until it comes back nothing else does."""

    address: Email


class EmailCode(Body):
    """POST /v1/me/notice-channels/email/confirm: the code that came."""

    code: Annotated[str, BeforeValidator(as_typed), Field(pattern=r"^[0-9]{8}$")]


class BrowserKeys(Body):
    """The keys of a subscription, in base64url."""

    p256dh: Annotated[str, Field(min_length=80, max_length=120)]
    auth: Annotated[str, Field(min_length=20, max_length=40)]


class NewSubscription(Body):
    """POST /v1/me/notice-channels/web-push: what `PushSubscription.toJSON()` gives a page."""

    endpoint: Annotated[str, Field(min_length=10, max_length=MAX_ENDPOINT_CHARS)]
    expirationTime: Any = None  # noqa: N815 - the browser's name
    keys: BrowserKeys

    @model_validator(mode="after")
    def _is_one(self) -> NewSubscription:
        web_push_cipher.browser_keys(self.keys.p256dh, self.keys.auth)
        return self


class WeChatCode(Body):
    """POST /v1/me/notice-channels/wechat: the code that WeChat's sign-in gave the page."""

    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,128}$")]


class Removed(View):
    """Which address is no more."""

    channel: ChannelName
    target: str
