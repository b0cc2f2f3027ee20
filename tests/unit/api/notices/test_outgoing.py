"""Where requests go, and where never; what robots are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from api.notices import outgoing
from api.notices.channels import dingtalk, feishu
from api.notices.channels.contract import AwayError, GoneError, RefusedError
from api.notices.channels.mail import parse_mail_url, refusal
from api.notices.channels.robots import MAX_ROBOTS, parse_robots
from herun.errors import ConfigurationError

ALLOWED = frozenset({"fcm.googleapis.com", "push.apple.com"})
PRIVATE = frozenset({"127.0.0.1:9000"})
ROBOT = {"name": "desk", "kind": "dingtalk", "site": "s1", "url": "https://oapi.dingtalk.com/robot/send?access_token=t"}


@pytest.mark.parametrize(
    "endpoint",
    ["https://fcm.googleapis.com/fcm/send/a", "https://api.push.apple.com/3/x", "http://127.0.0.1:9000/push/1"],
)
def test_push_services_of_the_settings_are_asked(endpoint: str) -> None:
    assert outgoing.forbidden(endpoint, ALLOWED, PRIVATE) is None


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/x",
        "https://evilfcm.googleapis.com.attacker.example/x",
        "https://notfcm-googleapis.com/",
        "https://xfcm.googleapis.com.cn/",
        "https://evil-push.apple.com.example/",
        "https://fcm.googleapis.com:8443/x",
        "https://user@fcm.googleapis.com/x",
        "https://fcm.googleapis.com@10.0.0.1/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/x",
        "http://127.0.0.1:9001/push/1",
        "ftp://127.0.0.1:9000/x",
        "file:///etc/passwd",
        "https://[broken",
        "",
    ],
)
async def test_an_endpoint_leads_nowhere_else(endpoint: str) -> None:
    assert outgoing.forbidden(endpoint, ALLOWED, PRIVATE) is not None
    with pytest.raises(RefusedError):
        await outgoing.checked(endpoint, ALLOWED, PRIVATE)


async def test_a_name_of_the_list_that_resolves_to_an_address_of_ours_is_not_asked() -> None:
    with pytest.raises(AwayError, match="not a public one"):
        await outgoing.checked("https://localhost/x", frozenset({"localhost"}), frozenset())


async def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    target = await outgoing.checked("http://127.0.0.1:9000/push/1?a=b", frozenset(), PRIVATE)
    assert (target.url, target.host, target.name) == ("http://127.0.0.1:9000/push/1?a=b", "127.0.0.1:9000", "127.0.0.1")


def test_signatures_are_what_the_vendors_snippets_make() -> None:
    # Computed once with the Python lines that each vendor publishes, not with ours.
    assert dingtalk.signature("this is secret", 1577262236757) == "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM="
    assert feishu.signature("demo", 1599360473) == "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "http://oapi.dingtalk.com/x"},
        {"url": "nothing"},
        {"kind": "slack"},
        {"name": "not a name"},
        {"site": "*"},
        {"more": 1},
    ],
)
def test_a_robot_that_is_none_is_said_at_the_start_and_its_secret_is_not(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_robots(json.dumps([{**ROBOT, "secret": "SECtop", **changes}]))
    assert "SECtop" not in str(caught.value)
    assert "access_token" not in str(caught.value)


def test_robots_have_names_of_their_own_and_are_not_without_number() -> None:
    with pytest.raises(ConfigurationError):
        parse_robots(json.dumps([ROBOT, ROBOT]))
    with pytest.raises(ConfigurationError):
        parse_robots(json.dumps([{**ROBOT, "name": f"r{n}"} for n in range(MAX_ROBOTS + 1)]))
    assert parse_robots(None) == {}
    assert set(parse_robots(json.dumps([ROBOT]))) == {"desk"}


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtp://x:y"])
def test_an_address_of_no_mail_server_is_said_at_the_start(url: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_mail_url(url)


def test_a_mail_servers_port_is_its_schemes() -> None:
    assert parse_mail_url("smtps://a%40b:c@mail.example").port == 465
    assert parse_mail_url("smtp+starttls://mail.example").port == 587
    assert parse_mail_url("smtps://a%40b:c@mail.example").username == "a@b"


@pytest.mark.parametrize(
    ("code", "said", "expected"),
    [
        (550, "5.1.1 <a@b.example>: user unknown", GoneError),
        (550, "sorry, no mailbox here by that name. (#5.1.1)", GoneError),
        (553, "5.1.8 sender address of no domain", RefusedError),
        (550, "relay not permitted", RefusedError),
        (550, "5.21.1 is of no standard", RefusedError),
        (552, "5.2.2 mailbox full", RefusedError),
        (550, "5.2.1 mailbox disabled", GoneError),
        (554, "5.7.1 Relay access denied", AwayError),
        (450, "4.2.0 greylisted", AwayError),
    ],
)
def test_an_address_is_forgotten_only_if_its_server_says_that_there_is_none(
    code: int, said: str, expected: type[Exception]
) -> None:
    assert type(refusal(code, said)) is expected
