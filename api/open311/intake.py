"""From what a client sent to a request that can be stored, or to all that is wrong with it. Pure."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from api.open311.attributes import Values, checked
from api.open311.catalogue import Service
from api.open311.errors import refused
from api.open311.forms import Sent
from api.schema import national_phone
from herun.visible import is_seen

MAX_DESCRIPTION_CHARS: Final = 4000  # the specification's
MAX_URL_CHARS: Final = 2000
NO_SERVICE: Final = "service_code was not provided"
# Characters of everything else that is free text.
_LIMITS: Final = {
    "address_string": 500, "address_id": 100, "zipcode": 20, "email": 254, "first_name": 100, "last_name": 100,
    "account_id": 200, "device_id": 200,
}  # fmt: skip
_PLACE_DIGITS: Final = 4  # decimals of a degree, about 11 m: within them two places are one, as far as repeats go
_PHONE: Final = re.compile(r"\+?[0-9]{5,15}")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_DEGREES: Final = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{0,20})?")


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request as it was sent in; `lat` and `lon` are WGS-84."""

    description: str | None
    lat: float | None
    lon: float | None
    address_string: str | None
    address_id: str | None
    zipcode: str | None
    media_url: str | None
    attributes: Values
    account_id: str | None
    device_id: str | None
    phone: str | None
    email: str | None
    first_name: str | None
    last_name: str | None

    def fingerprint(self, key_id: str, service_code: str) -> str:
        """The same for a request that is sent again: client, service, place, text, and who sends it."""
        place = [None if each is None else round(each, _PLACE_DIGITS) for each in (self.lat, self.lon)]
        who = [self.account_id, self.device_id, self.phone, self.email, self.first_name, self.last_name]
        texts = [self.address_string, self.address_id, self.description, self.attributes]
        parts = json.dumps([key_id, service_code, place, texts, who], sort_keys=True)
        return hashlib.sha256(parts.encode()).hexdigest()


def new_request(service: Service | None, sent: Sent, flaws_of_pictures: Sequence[str] = ()) -> NewRequest:
    """What was sent for a service; None: the form names none. Raises Problem 400 with every flaw."""
    values, flaws = checked(service.attributes, sent.attributes) if service else ({}, [NO_SERVICE])
    flaws += [f"{name} has more than {most} characters" for name, most in _LIMITS.items() if _is_over(sent, name, most)]
    lat, lon = _place(sent, flaws)
    if service is not None and not service.anonymous and sent.one("phone") is None and sent.one("email") is None:
        flaws.append("this service needs somebody who can be asked: send phone or email")
    request = NewRequest(
        description=_description(sent, flaws),
        lat=lat,
        lon=lon,
        address_string=sent.one("address_string"),
        address_id=sent.one("address_id"),
        zipcode=sent.one("zipcode"),
        media_url=media_url(sent, flaws),
        attributes=values,
        account_id=sent.one("account_id"),
        device_id=sent.one("device_id"),
        phone=_phone(sent, flaws),
        email=_email(sent, flaws),
        first_name=sent.one("first_name"),
        last_name=sent.one("last_name"),
    )
    if flaws or flaws_of_pictures:
        raise refused(*flaws, *flaws_of_pictures)
    return request


def media_url(sent: Sent, flaws: list[str]) -> str | None:
    """An address of the web that came with a request or an update."""
    url = sent.one("media_url")
    if url is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        flaws.append("media_url is no URL")
        return None
    if parts.scheme not in {"http", "https"} or not parts.netloc or len(url) > MAX_URL_CHARS or not url.isprintable():
        flaws.append(f"media_url is no http or https URL of at most {MAX_URL_CHARS} characters")
    return url


def _is_over(sent: Sent, name: str, most: int) -> bool:
    text = sent.one(name)
    return text is not None and len(text) > most


def _description(sent: Sent, flaws: list[str]) -> str | None:
    text = sent.one("description")
    if text is not None and len(text) > MAX_DESCRIPTION_CHARS:
        flaws.append(f"description has more than {MAX_DESCRIPTION_CHARS} characters")
    return text if text is not None and is_seen(text) else None


def _place(sent: Sent, flaws: list[str]) -> tuple[float | None, float | None]:
    lat, long = sent.one("lat"), sent.one("long")
    if lat is None and long is None:
        if sent.one("address_string") is None and sent.one("address_id") is None:
            flaws.append("a place is missing: send lat and long, address_string or address_id")
        return None, None
    if lat is None or long is None:
        flaws.append("lat and long have to be sent together")
        return None, None
    return _degrees("lat", lat, 90.0, flaws), _degrees("long", long, 180.0, flaws)


def _degrees(name: str, text: str, most: float, flaws: list[str]) -> float | None:
    if not _DEGREES.fullmatch(text) or abs(float(text)) > most:
        flaws.append(f"{name} is no number of degrees between -{most:.0f} and {most:.0f}")
        return None
    return float(text)


def _phone(sent: Sent, flaws: list[str]) -> str | None:
    text = sent.one("phone")
    if text is None:
        return None
    phone = re.sub(r"[\s().-]", "", unicodedata.normalize("NFKC", text))
    if not _PHONE.fullmatch(phone):
        flaws.append("phone is no phone number")
    return national_phone(phone)


def _email(sent: Sent, flaws: list[str]) -> str | None:
    email = sent.one("email")
    if email is not None and not _EMAIL.fullmatch(email):
        flaws.append("email is no e-mail address")
    return email
