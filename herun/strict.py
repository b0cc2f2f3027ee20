"""What is a number or a truth by itself: a text or a truth that could be read as a number was meant otherwise."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError


def _no_other(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise PydanticCustomError("float_type", "expected a number")
    return value


def _truth(value: Any) -> Any:
    if not isinstance(value, bool):
        raise PydanticCustomError("bool_type", "expected true or false")
    return value


IsNumber: Final = BeforeValidator(_no_other)  # true is not 1, and "60" is not 60
IsTruth: Final = BeforeValidator(_truth)  # "yes" and 1 are not true
