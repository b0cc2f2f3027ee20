"""The robots of group chats that the settings name: which site's, which unit's, where."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from api.notices.channels.contract import ChannelName
from herun.errors import ConfigurationError
from herun.names import NAME_PATTERN

MAX_ROBOTS: Final = 200  # of all sites
_LOOPBACK: Final = re.compile(r"127\.0\.0\.1|localhost|\[::1\]")

Name = Annotated[str, Field(pattern=f"^{NAME_PATTERN}$")]


class Robot(BaseModel):
    """One robot. Without a unit it writes what supervisors are told, with one what that unit is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    kind: Literal["wecom", "dingtalk", "feishu"]
    site: Name
    unit: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    url: str
    secret: str | None = None  # signs what DingTalk and Feishu get; WeCom's secret is its address

    @property
    def channel(self) -> ChannelName:
        """The channel that speaks to it."""
        return ChannelName(self.kind)

    @property
    def address(self) -> dict[str, str]:
        """What its channel needs."""
        return {"url": self.url, **({"secret": self.secret} if self.secret else {})}


_ROBOTS: Final = TypeAdapter(Annotated[list[Robot], Field(max_length=MAX_ROBOTS)])


def parse_robots(text: str | None) -> dict[str, Robot]:
    """The robots of HERUN_NOTICE_ROBOTS by name. Raises ConfigurationError, which repeats no secret."""
    if not text:
        return {}
    try:
        robots = _ROBOTS.validate_json(text)
    except ValidationError as error:
        where = [".".join(map(str, each["loc"])) for each in error.errors(include_input=False, include_url=False)]
        raise ConfigurationError(f"HERUN_NOTICE_ROBOTS is wrong at {', '.join(where)}") from None
    for robot in robots:
        parts = urlsplit(robot.url)
        if parts.scheme != "https" and not _LOOPBACK.fullmatch(parts.hostname or ""):
            raise ConfigurationError(f"HERUN_NOTICE_ROBOTS: the url of {robot.name} is not https")
    found = {robot.name: robot for robot in robots}
    if len(found) != len(robots):
        raise ConfigurationError("HERUN_NOTICE_ROBOTS: two robots have one name")
    return found
