"""E-mail by the estate's own mail server."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib

from api.notices.channels.contract import AwayError, ChannelName, GoneError, Message, RefusedError
from herun.clock import Clock, to_datetime
from herun.errors import ConfigurationError

TIMEOUT_S: Final = 8.0  # of each exchange with the server
_PERMANENT: Final = 500  # codes from here on will not change by waiting
# RFC 3463. What says that there is no such mailbox, host or address (5.1.7 and 5.1.8 are of the sender), or that it was
# closed; and what speaks of rights and policy, so of how we are known there.
_STATUS: Final = re.compile(r"\b5\.\d{1,3}\.\d{1,3}\b")
_NO_SUCH_ADDRESS: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_POLICY: Final = "5.7."
_PORTS: Final = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class MailServer:
    """The parts of `smtp://`, `smtp+starttls://` or `smtps://user:password@host:port`."""

    host: str
    port: int
    username: str | None
    password: str | None
    scheme: str


def parse_mail_url(url: str) -> MailServer:
    """The parts of HERUN_SMTP_URL. Raises ConfigurationError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError("HERUN_SMTP_URL is no address") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ConfigurationError(f"HERUN_SMTP_URL begins with one of: {', '.join(_PORTS)}, and names a host")
    return MailServer(
        parts.hostname,
        port or _PORTS[parts.scheme],
        None if parts.username is None else unquote(parts.username),
        None if parts.password is None else unquote(parts.password),
        parts.scheme,
    )


class Mail:
    """One message a connection. The Message-ID is the dedupe id: servers that look at it drop the second one."""

    name = ChannelName.EMAIL

    def __init__(self, server: MailServer, sender: str, wall: Clock) -> None:
        self._server = server
        self._sender = sender
        self._wall = wall

    async def send(self, address: Mapping[str, str], message: Message) -> None:
        mail = EmailMessage()
        mail["From"] = self._sender
        mail["To"] = address["address"]
        mail["Subject"] = message.title
        digest = hashlib.sha256(message.dedupe_id.encode()).hexdigest()[:32]
        mail["Message-ID"] = f"<{digest}@{self._sender.rpartition('@')[2]}>"
        # When it was sent, not when it was made: what the night held back is not of yesterday.
        mail["Date"] = format_datetime(to_datetime(self._wall.now_us()))
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text + "\n")
        server = self._server
        try:
            await aiosmtplib.send(
                mail,
                hostname=server.host,
                port=server.port,
                username=server.username,
                password=server.password,
                use_tls=server.scheme == "smtps",
                start_tls=server.scheme == "smtp+starttls",
                timeout=TIMEOUT_S,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise refusal(error.recipients[0].code, error.recipients[0].message) from None
        except aiosmtplib.SMTPAuthenticationError as error:
            # Ours to mend, so the mail waits.
            raise AwayError(f"sign-in refused with {error.code}") from None
        except aiosmtplib.SMTPSenderRefused as error:
            raise AwayError(f"sender refused with {error.code}") from None
        except aiosmtplib.SMTPDataError as error:
            is_final = error.code >= _PERMANENT and not _status(error.message).startswith(_POLICY)
            raise (RefusedError if is_final else AwayError)(f"refused with {error.code}") from None
        except aiosmtplib.SMTPResponseException as error:
            # Said before it heard for whom the mail is, so it is about us.
            raise AwayError(f"refused with {error.code}") from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise AwayError(type(error).__name__) from None


def refusal(code: int, said: str) -> AwayError | RefusedError | GoneError:
    """What it means that a server refuses a recipient.

    Only a status that says so makes an address one that is not: a server that does not know us refuses every address,
    often with a bare 550, and would have all of them forgotten.
    """
    status = _status(said)
    why = f"recipient refused with {code} {status}".rstrip()
    if code < _PERMANENT or status.startswith(_POLICY):
        return AwayError(why)
    return GoneError(why) if status in _NO_SUCH_ADDRESS else RefusedError(why)


def _status(said: str) -> str:
    found = _STATUS.search(said)
    return found[0] if found else ""
