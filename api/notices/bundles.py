"""What goes out as one message. Pure.

Robots of group chats take some twenty messages a minute: whatever waits for one goes together, as far as it fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from api.notices import texts
from api.notices.channels import web_push
from api.notices.channels.contract import ChannelName, Message
from api.notices.store import Claimed
from api.notices.texts import Words
from api.notices.web_push_cipher import MAX_PLAIN_BYTES

MAX_TOGETHER: Final = texts.MAX_DIGEST_LINES  # no line is left out
MAX_BYTES: Final = 2000  # WeCom takes 2,048 bytes of text, the others ten times as much
# Why a notice waits whose message was refused with others in it: it goes alone then, so that one takes no other along.
REFUSED_TOGETHER: Final = "refused together with others"


def message_of(notices: Sequence[Claimed], language: str) -> Message:
    """One notice as a message, or several as one. Its dedupe id is the same whenever the same are sent."""
    said = [texts.words(each.kind, each.number, each.details, language) for each in notices]
    lines = MAX_TOGETHER
    message = _message(notices, said, language, lines)
    # A push service refuses what is longer than one record, and everything in it.
    while notices[0].channel is ChannelName.WEB_PUSH and lines > 1 and len(web_push.plain(message)) > MAX_PLAIN_BYTES:
        lines -= 1
        message = _message(notices, said, language, lines)
    return message


def _message(notices: Sequence[Claimed], said: Sequence[Words], language: str, lines: int) -> Message:
    first = notices[0]
    whole = said[0] if len(said) == 1 else texts.digest(said, language, lines)
    return Message(
        dedupe_id=f"{first.site}-{first.id}" + (f"-{notices[-1].id}" if len(notices) > 1 else ""),
        site=first.site,
        recipient=first.recipient,
        kind=first.kind if len(notices) == 1 else "digest",
        number=first.number if len(notices) == 1 else None,
        title=whole.title,
        text=whole.text,
        made_at=first.made_at.astimezone(ZoneInfo(first.time_zone or "UTC")).isoformat(),
    )


def fitting(notices: Sequence[Claimed], language: str) -> int:
    """How many of these, from the first on, one message to a robot can hold; one at least."""
    count = 1
    while count < min(len(notices), MAX_TOGETHER) and not any(map(_goes_alone, notices[: count + 1])):
        if _size(message_of(notices[: count + 1], language)) > MAX_BYTES:
            break
        count += 1
    return count


def _goes_alone(notice: Claimed) -> bool:
    return notice.failed_why is not None and notice.failed_why.startswith(REFUSED_TOGETHER)


def _size(message: Message) -> int:
    return len(f"{message.title}\n{message.text}".encode())
