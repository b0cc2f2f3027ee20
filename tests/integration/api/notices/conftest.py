"""The API with every channel, each to a fake of its service."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from pydantic import SecretStr

from api.notices import delivery, spreading, web_push_cipher
from api.notices.channels.configured import Configured, configure
from api.notices.channels.contract import ChannelName
from api.notices.outgoing import make_client
from herun.clock import SECOND_US, SystemClock
from herun.settings import Settings
from tests.integration.api.notices.fakes import (
    APP_ID,
    APP_SECRET,
    SECRET,
    TEMPLATE,
    WECOM_KEY,
    Fakes,
    MailServer,
    running_fakes,
    running_mail_server,
)
from tests.integration.api.running import World

VAPID_KEY: Final = web_push_cipher.new_private_key()


def channel_settings(fakes: Fakes, mail: MailServer) -> dict[str, str]:
    """The settings of all channels, as the environment has them."""
    robots = [
        {"name": "desk", "kind": "wecom", "site": "s1", "url": f"{fakes.url}/cgi-bin/webhook/send?key={WECOM_KEY}"},
        {
            "name": "desk-ding",
            "kind": "dingtalk",
            "site": "s1",
            "url": f"{fakes.url}/robot/send?access_token=t",
            "secret": SECRET,
        },
        {
            "name": "plumbers",
            "kind": "feishu",
            "site": "s1",
            "unit": "water",
            "url": f"{fakes.url}/open-apis/bot/v2/hook/h1",
            "secret": SECRET,
        },
        {"name": "others", "kind": "wecom", "site": "s2", "url": f"{fakes.url}/cgi-bin/webhook/send?key=of-s2"},
    ]
    return {
        "smtp_url": f"smtp://127.0.0.1:{mail.port}",
        "smtp_from": "notices@herun.example",
        "vapid_private_key": VAPID_KEY,
        "vapid_subject": "mailto:admin@herun.example",
        "web_push_private_hosts": fakes.host,
        "wechat_app_id": APP_ID,
        "wechat_app_secret": APP_SECRET,
        "wechat_template_id": TEMPLATE,
        "wechat_api_url": fakes.url,
        "notice_robots": json.dumps(robots),
    }


@dataclass
class Post:
    """What a test of notices works with."""

    world: World
    fakes: Fakes
    mail: MailServer
    configured: Configured

    async def spread(self) -> int:
        return await spreading.spread_batch(self.world.resources, self.configured)

    async def deliver(self, channel: ChannelName) -> int:
        """One round of a channel."""
        return await delivery.deliver_batch(self.world.resources, self.configured, self.configured.channels[channel])

    async def run(self) -> None:
        """Spreads everything, and one round of each channel but MQTT, for which there is no gateway here."""
        while await self.spread():
            pass
        for name in self.configured.channels:
            if name is not ChannelName.MQTT:
                await self.deliver(name)

    def later(self, seconds: float) -> None:
        """Moves both clocks."""
        self.world.clock.at_us += int(seconds * SECOND_US)
        self.world.wall.at_us += int(seconds * SECOND_US)

    def rows(self, where: str = "true") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.world.rows(f"SELECT * FROM notices WHERE {where} ORDER BY id")
        return found

    async def report(self, who: str = "rita") -> str:
        """A report of the category that gwen knows: accepted and dispatched to her at once."""
        made = await self.world.by(who).post("reports", {"category": "water", "text": "漏水,张三家"})
        return str(made["number"])


async def failed(post: Post) -> list[tuple[str, str]]:
    """Channel and reason of each notice that was given up."""
    items = (await post.world.by("susan").get("notices?state=failed"))["items"]
    return [(item["channel"], item["failed_why"]) for item in items]


@pytest.fixture
async def fakes() -> AsyncIterator[Fakes]:
    async with running_fakes() as running:
        yield running


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    async with running_mail_server() as running:
        yield running


@pytest.fixture
async def post(world: World, fakes: Fakes, mail: MailServer) -> AsyncIterator[Post]:
    values = {
        name: SecretStr(value)
        if name in {"smtp_url", "vapid_private_key", "wechat_app_secret", "notice_robots"}
        else value
        for name, value in channel_settings(fakes, mail).items()
    }
    settings = world.resources.settings.model_copy(update=values)
    assert isinstance(settings, Settings)
    async with make_client() as client:
        configured = configure(settings, client, world.resources.nats, SystemClock())
        world.resources.channels = configured
        fakes.wall = world.wall
        yield Post(world, fakes, mail, configured)
