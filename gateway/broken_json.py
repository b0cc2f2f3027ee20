"""Why a payload could not be decoded, in the words of the dead letters. Slow: it runs for refused payloads only."""

from __future__ import annotations

import json
import re
from typing import Final, NoReturn

import msgspec

from gateway.refusal import refused
from herun.dead_letters import DeadLetterReason
from herun.errors import InvalidInputError
from herun.frames import MAX_EVENT_BYTES, MAX_FRAME_BYTES

# All that msgspec raises for what others wrote; RecursionError is a payload nested too deeply.
ERRORS: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


# What is split: all the text that a frame can hold of it. A larger array with broken text is refused whole.
MAX_ARRAY_BYTES: Final = MAX_FRAME_BYTES

_BLANKS: Final = re.compile(r"[ \t\r\n]*")
_scan: Final = json.JSONDecoder().raw_decode


class _NotANumberError(ValueError):
    """JSON has no such constant."""


def explain(payload: bytes, error: Exception) -> InvalidInputError:
    """The error to raise instead of the decoder's."""
    reason, detail = _judge(payload, error)
    return refused(reason, detail)


def split_array(payload: bytes, most: int) -> list[bytes]:
    """The elements of an array that has broken text inside of elements, as bytes; empty if it is no array otherwise.

    Looks at no more than MAX_ARRAY_BYTES, and at no element after the first beyond `most`.
    """
    if len(payload) > MAX_ARRAY_BYTES:
        return []
    found: list[bytes] = []
    try:
        text = payload.decode("utf-8")
        at = _skip(text, _skip(text, 0) + 1)
        while len(found) <= most:
            _, end = _scan(text, at)
            found.append(text[at:end].encode())
            at = _skip(text, end)
            if text[at] == "]":
                return found if _skip(text, at + 1) == len(text) else []
            if text[at] != ",":
                return []
            at = _skip(text, at + 1)
    except (ValueError, IndexError, RecursionError):  # no JSON even to a parser that lets more through
        return []
    return found


def _skip(text: str, at: int) -> int:
    blanks = _BLANKS.match(text, at)
    return blanks.end() if blanks else at


def _judge(payload: bytes, error: Exception) -> tuple[DeadLetterReason, str]:
    if len(payload) > MAX_EVENT_BYTES:
        return DeadLetterReason.TOO_LARGE, f"{len(payload)} bytes, at most {MAX_EVENT_BYTES}, and not decodable"
    try:
        payload.decode("utf-8")
    except UnicodeDecodeError as undecodable:
        return DeadLetterReason.NOT_UTF8, f"byte {undecodable.start}: {undecodable.reason}"
    if isinstance(error, RecursionError):
        return DeadLetterReason.BAD_SHAPE, "nested too deeply"
    text = str(error)
    if "out of range" in text and "Integer" not in text.partition(" - ")[2]:
        return DeadLetterReason.BAD_NUMBER, text
    if "`$.time`" in text:
        return DeadLetterReason.BAD_TIME, text
    if isinstance(error, msgspec.ValidationError):
        return DeadLetterReason.BAD_SHAPE, text
    return _judge_syntax(payload, text)


def _judge_syntax(payload: bytes, text: str) -> tuple[DeadLetterReason, str]:
    """Tells NaN and lone surrogates, which other parsers let through, from what is no JSON at all."""
    try:
        value = json.loads(payload, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode()
    except _NotANumberError as constant:
        return DeadLetterReason.BAD_NUMBER, f"{constant} is no JSON number"
    except UnicodeEncodeError:
        return DeadLetterReason.BAD_TEXT, "a lone surrogate is no character"
    except (ValueError, RecursionError):
        return DeadLetterReason.NOT_JSON, text
    return DeadLetterReason.NOT_JSON, text


def _refuse_constant(name: str) -> NoReturn:
    raise _NotANumberError(name)
