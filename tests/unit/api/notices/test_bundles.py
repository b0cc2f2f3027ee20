"""What goes out as one message, and how long it may be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from api.notices import web_push_cipher
from api.notices.bundles import message_of
from api.notices.channels import web_push
from api.notices.channels.contract import ChannelName
from api.notices.rules import Kind
from api.notices.store import Claimed
from api.notices.web_push_cipher import MAX_PLAIN_BYTES, RECORD_BYTES, BrowserKeys

AT = datetime(2026, 6, 1, tzinfo=UTC)


def waiting(count: int, channel: ChannelName, building: str) -> list[Claimed]:
    details = {"building": "b1", "building_name": building}
    return [
        Claimed(
            site="s1", id=n, recipient="susan", channel=channel, target="t", kind=Kind.PAUSE_ASKED,
            number=f"WO20260601-{n:06d}", details=details, in_digest=True, tries=1, made_at=AT, due_at=AT,
            failed_why=None, time_zone="Asia/Shanghai",
        )
        for n in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("count", [2, 20, 25])
@pytest.mark.parametrize("building", ["楼" * 32, "楼" * 200, '"' * 200])
def test_a_digest_by_web_push_fits_one_record_and_says_how_many_more_there_are(count: int, building: str) -> None:
    message = message_of(waiting(count, ChannelName.WEB_PUSH, building), "zh")
    assert len(web_push.plain(message)) <= MAX_PLAIN_BYTES
    *lines, last = message.text.split("\n")
    left_out = int(last.removeprefix("……另有").removesuffix("条")) if last.startswith("……") else 0
    shown = len(lines) if left_out else len(lines) + 1
    assert shown + left_out == count
    if shown < min(count, 20):  # no more is left out than has to be
        longer = replace(message, text="\n".join([lines[0], *lines, last]))
        assert len(web_push.plain(longer)) > MAX_PLAIN_BYTES


def test_a_digest_by_mail_has_all_the_lines_of_one() -> None:
    message = message_of(waiting(25, ChannelName.EMAIL, "楼" * 200), "zh")
    assert len(message.text.split("\n")) == 20 + 1


def test_the_longest_message_is_one_record_when_it_is_sealed() -> None:
    browser = ec.generate_private_key(ec.SECP256R1())
    keys = BrowserKeys(web_push_cipher._point(browser), bytes(16))
    assert len(web_push_cipher.seal(bytes(MAX_PLAIN_BYTES), keys)) == RECORD_BYTES
