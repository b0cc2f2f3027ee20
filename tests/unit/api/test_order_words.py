"""Whoever listens to the history of orders listens for words that are written there."""

from __future__ import annotations

import re
from typing import Final

from api.notices.rules import BY_ACTION
from herun.order_words import Action, Word
from tests.architecture.sources import sql_files

_STATEMENTS: Final = re.compile(r"^-- name: ", re.MULTILINE)
_ACTIONS: Final = re.compile(r"\baction (?:=|<>|IN|WHEN) \(?((?:'[^']*'(?:,\s*)?)+)")


def listened_for(sql: str) -> set[str]:
    """The words that its statements compare the action of an order's history with."""
    heard = [each for each in _STATEMENTS.split(sql) if "order_history" in each and "alert_actions" not in each]
    return {word for each in heard for found in _ACTIONS.findall(each) for word in re.findall(r"'([^']*)'", found)}


def test_statements_listen_for_words_that_are_written() -> None:
    heard = {word for source in sql_files() for word in listened_for(source.text)}
    assert {"return", "offered"} <= heard
    assert heard - {*Action, *Word} == set()


def test_notices_are_made_of_words_that_are_written() -> None:
    assert set(BY_ACTION) - {*Action, *Word} == set()


def test_a_word_that_nobody_writes_is_seen() -> None:
    assert listened_for("-- name: a\nSELECT 1 FROM order_history WHERE action IN ('rate', 'corrected')") == {
        "rate",
        "corrected",
    }
