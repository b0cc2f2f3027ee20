"""What every channel is: one file each behind one protocol. A channel speaks to one service and keeps nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class ChannelName(StrEnum):
    """How somebody hears of a notice."""

    INBOX = "inbox"  # GET /v1/me/notices: always, and by no service
    MQTT = "mqtt"
    WEB_PUSH = "web_push"
    EMAIL = "email"
    WECHAT = "wechat"
    WECOM = "wecom"
    DINGTALK = "dingtalk"
    FEISHU = "feishu"


ROBOTS = frozenset({ChannelName.WECOM, ChannelName.DINGTALK, ChannelName.FEISHU})  # write to groups, not to persons


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent. `dedupe_id` is the same each time that the same is sent again, so that a service can drop it."""

    dedupe_id: str
    site: str
    recipient: str
    kind: str
    number: str | None
    title: str
    text: str
    made_at: str


class Channel(Protocol):
    """One way to somebody."""

    name: ChannelName

    async def send(self, address: Mapping[str, str], message: Message) -> None:
        """Returns when the service has taken the message.

        Raises AwayError to be asked again later, TooFastError to be asked less often, RefusedError if this message will
        never be taken, GoneError if this address will never take one. What else is raised while a connection is made or
        lost counts as AwayError.
        """


class AwayError(Exception):
    """The service does not answer, or says: not now. `retry_after_s` is its own wish."""

    def __init__(self, why: str, retry_after_s: float | None = None) -> None:
        super().__init__(why)
        self.retry_after_s = retry_after_s


class TooFastError(AwayError):
    """The service takes no more for now. Of a robot that is no try of the message."""


class RefusedError(Exception):
    """The service will not take this message."""


class GoneError(Exception):
    """The service knows the address no more."""
