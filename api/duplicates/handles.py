"""A handle stands for an order without telling its number: sealed, for one site and one person, good for an hour."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime, timedelta
from typing import Final

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from api.resources import Resources
from api.transactions import Transaction

GOOD_FOR: Final = timedelta(hours=1)


def sealed(resources: Resources, tx: Transaction, number: str) -> str:
    """The handle of an order, for whoever acts in this transaction."""
    told = [tx.site, tx.actor, number, (tx.at + GOOD_FOR).isoformat()]
    return base64.urlsafe_b64encode(_box(resources).encrypt(json.dumps(told).encode())).decode()


def opened(resources: Resources, tx: Transaction, handle: str) -> str | None:
    """The number that a handle stands for; None if it is not ours, another's, of another site, or too old."""
    try:
        told = json.loads(_box(resources).decrypt(base64.urlsafe_b64decode(handle)))
    except (CryptoError, binascii.Error, ValueError):
        return None
    site, actor, number, until = told
    is_good = [site, actor] == [tx.site, tx.actor] and tx.at < datetime.fromisoformat(until)
    return str(number) if is_good else None


def _box(resources: Resources) -> SecretBox:
    return SecretBox(resources.derived_key("join"))
