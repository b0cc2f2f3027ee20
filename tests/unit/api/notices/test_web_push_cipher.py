"""Sealing as RFC 8291 says, by its own example, and signing as RFC 8292 says."""

from __future__ import annotations

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from api.notices import web_push_cipher
from api.notices.web_push_cipher import Vapid, browser_keys, decode, encode, open_sealed, seal, seal_with
from herun.errors import ConfigurationError

# Appendix A of RFC 8291.
PLAIN = b"When I grow up, I want to be a watermelon"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
BROWSER = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
SEALED = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3"
    "jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def key(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(decode(text)), ec.SECP256R1())


def test_the_example_of_the_standard_comes_out_to_the_byte() -> None:
    assert encode(seal_with(PLAIN, browser_keys(POINT, AUTH), key(SENDER), decode(SALT))) == SEALED


def test_only_the_browser_reads_what_is_sealed_and_no_two_are_alike() -> None:
    keys = browser_keys(POINT, AUTH)
    first, second = seal(PLAIN, keys), seal(PLAIN, keys)
    assert first != second
    assert open_sealed(first, key(BROWSER), decode(AUTH)) == PLAIN
    with pytest.raises(ValueError, match="somebody else"):
        open_sealed(second, key(SENDER), decode(AUTH))


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        ("x" * 87, AUTH),
        (POINT, "x"),
        (POINT, encode(b"short")),
        ("!" * 87, AUTH),
        (encode(b"\x04" + b"\x01" * 64), AUTH),
    ],
)
def test_what_are_no_keys_is_refused(p256dh: str, auth: str) -> None:
    with pytest.raises(ValueError):
        browser_keys(p256dh, auth)


def test_a_signature_is_for_one_push_service_and_ends_within_a_day() -> None:
    vapid = Vapid(web_push_cipher.new_private_key(), "mailto:admin@herun.example")
    scheme, _, fields = vapid.authorization("https://push.example:8443/send/abc?x=1", 1_800_000_000).partition(" ")
    assert scheme == "vapid"
    said = dict(field.strip().split("=", 1) for field in fields.split(","))
    assert said["k"] == vapid.public_key
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(said["k"]))
    claims = jwt.decode(
        said["t"], public, ["ES256"], audience="https://push.example:8443", options={"verify_exp": False}
    )
    assert claims["sub"] == "mailto:admin@herun.example"
    assert 0 < claims["exp"] - 1_800_000_000 <= 24 * 3600


@pytest.mark.parametrize("text", ["", "x", encode(b"\0" * 32)])
def test_a_key_that_is_none_is_said_at_the_start(text: str) -> None:
    with pytest.raises(ConfigurationError):
        Vapid(text, "mailto:a@b.example")
