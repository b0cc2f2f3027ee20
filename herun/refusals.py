"""What pydantic refuses, in the words that people get: one place for the API and for files.

Neither a regular expression nor a library's own words: what was expected, and an example of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from herun.names import NAME_PATTERN

_DATE: Final = "expected a date such as 2026-05-11"
_TIME: Final = "expected a time with its zone, such as 2026-05-11T08:00:00+08:00"
_DURATION: Final = "expected a duration such as PT5H or P1DT30M"
_ID: Final = "expected an id such as 0198c0de-0000-7000-8000-000000000001"
_TIME_OF_DAY: Final = "expected a time of day such as 22:00"
# By what is matched. A test finds the pattern of any body, path or query that is missing here.
_FORMS: Final = {
    f"^{NAME_PATTERN}$": "expected 1 to 64 letters, digits, - and _, the first a letter or digit, such as b07",
    f"^{NAME_PATTERN}(/{NAME_PATTERN}){{0,7}}$": "expected names with / between them, such as zigbee2mqtt/b07",
    r"^[A-Za-z0-9_.-]{1,64}$": "expected 1 to 64 letters, digits, dots, - and _, such as floor",
    r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$": "expected a time zone such as Asia/Shanghai",
    r"^WO[0-9]{8}-[0-9]{6}$": "expected the number of a work order, such as WO20260101-123456",
    r"^T([0-9]{8}-[0-9]{6}|[0-9a-f]{12})$": "expected the id of a topic, such as T0a1b2c3d4e5f",
    r"^[0-9]{4}$": "expected the last four digits of the phone number, such as 1234",
    r"^20[0-9]{2}-W[0-5][0-9]$": "expected an ISO week such as 2026-W20",
    r"^\+?[0-9]([ -]?[0-9]){4,14}$": "expected a phone number of 5 to 15 digits, such as 13800001234 or 010-82345678",
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$": _TIME_OF_DAY,
    r"^([01]\d|2[0-3]):[0-5]\d$": _TIME_OF_DAY,
    r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$": f"{_TIME_OF_DAY} or 24:00",
    r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}$": (
        "expected an email address such as rita@example.com"
    ),
    r"^[0-9]{8}$": "expected the eight digits of the code that was sent, such as 12345678",
    r"^[A-Za-z0-9_-]{8,128}$": "expected the code that WeChat gave: 8 to 128 letters, digits, - and _",
    r"[0-9A-Za-z]": "expected a plate such as 苏E12345",
    r"^[^,]{1,40}$": "expected 1 to 40 characters without a comma",
    r"^[0-9a-f]{16}$": "expected 16 of the digits 0 to 9 and a to f",
    r"^[0-9a-f]{32}$": "expected 32 of the digits 0 to 9 and a to f",
    r"^([0-9a-f]{16}|only)$": "expected the `target` of the address, as the list of addresses has it",
    r"^[\x21-\x7e]{1,200}$": "expected 1 to 200 letters, digits and signs without a space",
    r"^[\x21-\x7e]{16,200}$": "expected 16 to 200 letters, digits and signs without a space",
}
# By the beginning of the error's type, the longer one first; {} is filled in from what the error knows.
_WORDS: Final = (
    ("missing", "is missing"),
    ("extra_forbidden", "unknown field"),
    ("literal_error", "expected {expected}"),
    ("enum", "expected {expected}"),
    ("greater_than_equal", "expected at least {ge:.15g}"),
    ("greater_than", "expected more than {gt:.15g}"),
    ("less_than_equal", "expected at most {le:.15g}"),
    ("less_than", "expected less than {lt:.15g}"),
    ("string_too_short", "expected at least {min_length} characters"),
    ("string_too_long", "expected at most {max_length} characters"),
    ("too_short", "expected at least {min_length} of them, not {actual_length}"),
    ("too_long", "expected at most {max_length} of them"),
    ("int_from_float", "expected a whole number"),
    ("int_", "expected a whole number"),
    ("float_", "expected a number"),
    ("finite_number", "expected a number"),
    ("bool_", "expected true or false"),
    ("string_", "expected a text"),
    ("list_", "expected a list"),
    ("dict_", "expected names and values"),
    ("timezone_aware", _TIME),
    ("datetime_", _TIME),
    ("date_", _DATE),
    ("time_delta_", _DURATION),
    ("uuid_", _ID),
    ("model_", "expected names and values"),
    ("none_required", "expected nothing"),
)


def in_words(item: Mapping[str, Any]) -> str:
    """One item of a validation error's list, as a sentence that says what was expected."""
    context = item.get("ctx", {})
    if item["type"] == "string_pattern_mismatch":
        return _FORMS.get(context["pattern"], "expected a text of another form")
    for begin, words in _WORDS:
        if item["type"].startswith(begin):
            try:
                return words.format_map(context)
            except ValueError:  # a limit that is no number, as a duration's
                return words.replace(":.15g", "").format_map(context)
    message = str(item["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return message.replace("Input should be ", "expected ", 1)
