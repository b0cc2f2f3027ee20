"""The channels that the settings of this process describe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import httpx
from nats.aio.client import Client

from api.notices.channels.contract import Channel, ChannelName
from api.notices.channels.dingtalk import DingTalk
from api.notices.channels.feishu import Feishu
from api.notices.channels.mail import Mail, parse_mail_url
from api.notices.channels.mqtt import Mqtt
from api.notices.channels.robots import Robot, parse_robots
from api.notices.channels.web_push import WebPush
from api.notices.channels.wechat import Account, WeChat
from api.notices.channels.wecom import WeCom
from api.notices.web_push_cipher import Vapid
from herun.clock import Clock
from herun.errors import ConfigurationError
from herun.settings import Settings

_SUBJECTS: Final = ("mailto:", "https://")


@dataclass(frozen=True)
class Configured:
    """The channels by name, the robots by name, and what pages must know to subscribe."""

    channels: Mapping[ChannelName, Channel]
    robots: Mapping[str, Robot]
    web_push_public_key: str | None
    push_hosts: frozenset[str]
    private_hosts: frozenset[str]

    def pace_of(self, robot: str) -> str:
        """Under which name it is kept when this robot may write: one for all of a site that write to one address."""
        return self.paces.get(robot, robot)

    @cached_property
    def paces(self) -> Mapping[str, str]:
        """The pace of each robot."""
        first: dict[tuple[str, str], str] = {}
        return {name: first.setdefault((each.site, each.url), name) for name, each in self.robots.items()}

    @property
    def wechat(self) -> WeChat | None:
        """The official account, if there is one."""
        found = self.channels.get(ChannelName.WECHAT)
        return found if isinstance(found, WeChat) else None


def configure(settings: Settings, client: httpx.AsyncClient, nats: Client, wall: Clock) -> Configured:
    """The channels that are configured; without any settings that is MQTT. Raises ConfigurationError for half a one."""
    robots = parse_robots(settings.notice_robots.get_secret_value() if settings.notice_robots else None)
    allowed, private = _hosts(settings.web_push_hosts), _hosts(settings.web_push_private_hosts)
    vapid = _vapid(settings)
    channels: list[Channel] = [Mqtt(client=nats)]
    if vapid is not None:
        channels.append(WebPush(client, vapid, wall, allowed, private))
    if settings.smtp_url is not None:
        server = parse_mail_url(settings.need("smtp_url"))
        channels.append(Mail(server, settings.need("smtp_from"), wall))
    if settings.wechat_app_id is not None:
        account = Account(
            settings.wechat_app_id,
            settings.need("wechat_app_secret"),
            settings.need("wechat_template_id"),
            settings.wechat_api_url.rstrip("/"),
        )
        channels.append(WeChat(client, account, wall))
    kinds = {robot.channel for robot in robots.values()}
    robot_channels: list[Channel] = [WeCom(client), DingTalk(client, wall), Feishu(client, wall)]
    channels += [each for each in robot_channels if each.name in kinds]
    return Configured(
        {each.name: each for each in channels}, robots, vapid.public_key if vapid else None, allowed, private
    )


def _vapid(settings: Settings) -> Vapid | None:
    if settings.vapid_private_key is None:
        return None
    subject = settings.need("vapid_subject")
    if not subject.startswith(_SUBJECTS):
        raise ConfigurationError("HERUN_VAPID_SUBJECT is a mailto: or https: address")
    return Vapid(settings.need("vapid_private_key"), subject)


def _hosts(text: str) -> frozenset[str]:
    return frozenset(filter(None, (each.strip().lower() for each in text.split(","))))
