"""What pydantic refuses, in the words that people get: one place for the API and for files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

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
    ("string_pattern_mismatch", "expected a text that matches {pattern}"),
    ("string_too_short", "expected at least {min_length} characters"),
    ("string_too_long", "expected at most {max_length} characters"),
    ("too_short", "expected at least {min_length} of them, not {actual_length}"),
    ("too_long", "expected at most {max_length} of them"),
    ("int_from_float", "expected a whole number"),
    ("int_", "expected a whole number"),
    ("float_", "expected a number"),
    ("bool_", "expected true or false"),
    ("string_", "expected a text"),
    ("list_", "expected a list"),
    ("dict_", "expected names and values"),
    ("timezone_aware", "expected a time with its zone, such as 2026-05-11T08:00:00+08:00"),
    ("model_", "expected names and values"),
    ("none_required", "expected nothing"),
)


def in_words(item: Mapping[str, Any]) -> str:
    """One item of a validation error's list, as a sentence that says what was expected."""
    for begin, words in _WORDS:
        if item["type"].startswith(begin):
            try:
                return words.format_map(item.get("ctx", {}))
            except (KeyError, ValueError):  # a limit that is no number, as a date's
                break
    message = str(item["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return message.replace("Input should be ", "expected ", 1)
