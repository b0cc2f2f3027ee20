"""Errors by what the caller can do about them."""

from __future__ import annotations


class HerunError(Exception):
    """Base of all errors that Herun raises on purpose."""


class TransientError(HerunError):
    """Something is away for now (broker, stream, database): try again later, nothing is wrong with the input."""


class InvalidInputError(HerunError):
    """The input will never be right: refuse it, say why and where, keep it as a dead letter.

    `field`: which of its fields it is, where it is one.
    """

    def __init__(self, reason: str, detail: str, field: str | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.field = field


class FencedError(HerunError):
    """Another owner has taken over: stop at once and write nothing more."""


class ConfigurationError(HerunError):
    """A setting is missing or wrong; the text says which and what was expected."""
