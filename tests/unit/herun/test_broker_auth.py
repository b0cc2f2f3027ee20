"""Laws of what a device may do on the broker."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import msgspec
import nkeys
import pytest

from herun.broker_auth import (
    AuthRequest,
    Permissions,
    PersonAllowed,
    Signer,
    is_client_id_of_person,
    new_account_seed,
    permissions_of,
    permissions_of_person,
    read_request,
    secret_matches,
)
from herun.errors import ConfigurationError, InvalidInputError
from herun.registry import DeviceEntry, DeviceFormat

SEED = new_account_seed(b"7" * 32)
REQUEST = AuthRequest("NSERVER", "UUSER", "s1.d1", "secret", "dev1", "127.0.0.1", is_mqtt=True)


def entry(**changes: Any) -> DeviceEntry:
    return msgspec.structs.replace(DeviceEntry(site="s1", device="d1", partition=0), **changes)


def token(claims: dict[str, Any]) -> bytes:
    return b"e30." + base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=") + b".c2ln"


def claims_of(jwt: bytes) -> dict[str, Any]:
    head, body, signature = jwt.split(b".")
    key = nkeys.from_seed(bytearray(SEED.encode()))
    assert key.verify(head + b"." + body, base64.urlsafe_b64decode(signature + b"=="))
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + b"=="))
    return found


def test_the_brokers_question_is_read() -> None:
    nats = {
        "server_id": {"id": "NSERVER", "name": "herun"},
        "user_nkey": "UUSER",
        "client_info": {"host": "127.0.0.1", "type": "mqtt", "mqtt_id": "dev1"},
        "connect_opts": {"user": "s1.d1", "pass": "secret", "protocol": 0},
    }
    assert read_request(token({"iss": "NSERVER", "nats": nats})) == REQUEST


@pytest.mark.parametrize(
    "raw", [b"", b"a.b", b"a.b.c", b"a.!!!.c", token({}), token({"nats": {"server_id": 5}}), b"\xff.\xff.\xff"]
)
def test_what_is_no_question_is_invalid_input(raw: bytes) -> None:
    with pytest.raises(InvalidInputError, match="bad_auth_request"):
        read_request(raw)


def test_client_ids_of_the_stack_are_nobody_elses() -> None:
    assert msgspec.structs.replace(REQUEST, client_id="herun-gateway-0").client_id_is_reserved
    assert not REQUEST.client_id_is_reserved


def test_an_answer_that_allows_names_the_user_the_account_and_only_the_given_subjects() -> None:
    answer = claims_of(Signer(SEED).allow(REQUEST, Permissions(("a.b",), ()), wall_s=5))
    assert (answer["aud"], answer["sub"], answer["iat"]) == ("NSERVER", "UUSER", 5)
    user = claims_of(answer["nats"]["jwt"].encode())
    assert (user["aud"], user["name"], user["iss"]) == ("DEVICES", "s1.d1", Signer(SEED).issuer)
    assert user["nats"]["pub"] == {"allow": ["a.b"]}
    assert user["nats"]["sub"] == {"deny": [">"]}


def test_a_device_comes_by_mqtt_or_not_at_all() -> None:
    request = msgspec.structs.replace(REQUEST, is_mqtt=False)
    answer = claims_of(Signer(SEED).allow(request, Permissions(("a.b",), ()), wall_s=5))
    assert "MQTT only" in answer["nats"]["error"]


def test_an_answer_that_refuses_says_why_and_lets_nobody_in() -> None:
    answer = claims_of(Signer(SEED).refuse(REQUEST, "unknown device", wall_s=5))
    assert answer["nats"]["error"] == "unknown device"
    assert "jwt" not in answer["nats"]


@pytest.mark.parametrize("seed", ["", "SAA", "not a seed at all", SEED[:-4] + "é"])
def test_a_seed_that_is_none_is_a_configuration_error(seed: str) -> None:
    with pytest.raises(ConfigurationError, match="HERUN_AUTH_CALLOUT_SEED"):
        Signer(seed)


def test_a_password_matches_its_hash_only() -> None:
    good = hashlib.sha256(b"secret").hexdigest()
    assert secret_matches("secret", good)
    assert not secret_matches("Secret", good)
    assert not secret_matches("", None)
    assert not secret_matches("\ud800", good)


def test_a_native_device_has_its_own_channels_only() -> None:
    allowed = permissions_of(entry())
    assert set(allowed.publish) == {f"herun.v1.s1.d1.{name}" for name in ("event", "reading", "state", "reply")}
    assert allowed.subscribe == ("herun.v1.s1.d1.command",)


def test_a_plate_camera_speaks_on_both_of_its_layouts() -> None:
    allowed = permissions_of(entry(format=DeviceFormat.VZENITH, external_id="aabb-cc"))
    assert "device.aabb-cc.message.up.>" in allowed.publish
    assert "aabb-cc.device.message.up.>" in allowed.publish
    assert "device.aabb-cc.message.down.>" in allowed.subscribe


def test_a_bridge_has_all_below_its_base_topic() -> None:
    allowed = permissions_of(entry(format=DeviceFormat.ZIGBEE2MQTT, base_topic="b07/zigbee2mqtt"))
    assert allowed.publish == ("b07.zigbee2mqtt", "b07.zigbee2mqtt.>")


@pytest.mark.parametrize(
    "bad",
    [
        {"site": "s1.x"},
        {"device": ">"},
        {"device": "a b"},
        {"format": DeviceFormat.VZENITH, "external_id": "*"},
        {"format": DeviceFormat.VZENITH, "external_id": "a.b"},
        {"format": DeviceFormat.ZIGBEE2MQTT},
        {"format": DeviceFormat.ZIGBEE2MQTT, "base_topic": "#"},
        {"format": DeviceFormat.ZIGBEE2MQTT, "base_topic": "a//b"},
        {"format": DeviceFormat.ZIGBEE2MQTT, "base_topic": "herun"},
        {"format": DeviceFormat.ZIGBEE2MQTT, "base_topic": "device/x"},
        {"format": DeviceFormat.ZIGBEE2MQTT, "base_topic": "a.b"},
    ],
)
def test_no_name_reaches_anothers_topics(bad: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="bad_registry_entry"):
        permissions_of(entry(**bad))


def test_a_person_reads_their_own_notices_and_says_nothing() -> None:
    allowed = permissions_of_person(PersonAllowed("gwen", "s1", 0))
    assert allowed == Permissions(publish=(), subscribe=("herun.v1.s1.people.gwen.notice",))
    everywhere = permissions_of_person(PersonAllowed("admin", "*", 0))
    assert everywhere.subscribe == ("herun.v1.*.people.admin.notice",)


@pytest.mark.parametrize(
    ("username", "home"), [("*", "s1"), (">", "s1"), ("a.b", "s1"), ("gwen", ">"), ("gwen", "a.b")]
)
def test_a_person_whose_name_could_reach_anothers_topic_is_kept_out(username: str, home: str) -> None:
    with pytest.raises(InvalidInputError, match="bad_person"):
        permissions_of_person(PersonAllowed(username, home, 0))


def test_a_persons_session_is_theirs_alone() -> None:
    for client_id, own in [
        ("people/gwen", True),
        ("people/gwen/phone", True),
        ("people/gwenda", False),
        ("dev1", False),
    ]:
        request = msgspec.structs.replace(REQUEST, user="people/gwen", client_id=client_id)
        assert request.person == "gwen"
        assert is_client_id_of_person(request) is own
    assert REQUEST.person is None


def test_a_connection_lasts_as_long_as_is_said_and_a_devices_without_end() -> None:
    for until_s, said in [(None, False), (1_800_000_000, True)]:
        answer = claims_of(Signer(SEED).allow(REQUEST, Permissions((), ("a",)), wall_s=1, until_s=until_s))
        user = claims_of(answer["nats"]["jwt"].encode())
        assert ("exp" in user) is said
