"""What is typed with a Chinese keyboard, or sent as JSON has it, is taken as it is meant."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from api.progress.schemas import AnswerByTail
from api.reports.schemas import NewReport


def report(**more: Any) -> NewReport:
    return NewReport.model_validate({"category": "lift", "text": "电梯坏了", **more})


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("１３８０００１２３４", "1380001234"), (" 138 0001 2345 ", "13800012345"), ("(010)82345678", "01082345678"),
        ("（010） 8234-5678", "01082345678"), ("(+86)13800012345", "13800012345"),
    ],
)  # fmt: skip
def test_a_phone_is_taken_as_it_is_typed(typed: str, kept: str) -> None:
    assert report(phone=typed).phone == kept


@pytest.mark.parametrize("typed", ["138-0001-abcd", "()", "", 13800012345, None, "1380001２３４５６７８９０１２３"])
def test_what_is_no_phone_is_refused_however_it_is_typed(typed: Any) -> None:
    with pytest.raises(ValidationError):
        report(caller={"name": "Carla", "phone": typed})


def test_number_and_tail_are_taken_as_they_are_typed() -> None:
    typed = AnswerByTail.model_validate({"number": " ｗｏ20260101-123456 ", "phone_tail": "１２３４ ", "text": "好"})
    assert (typed.number, typed.phone_tail) == ("WO20260101-123456", "1234")
    with pytest.raises(ValidationError):
        AnswerByTail.model_validate({"number": " ", "phone_tail": "1234", "text": "好"})


def test_numbers_and_yes_and_no_are_answers_too() -> None:
    sent = {"floor": 3, "metres": 2.5, "inside": True, "hurt": False, "said": "３楼", "several": ["a", "b"]}
    kept = {"floor": "3", "metres": "2.5", "inside": "true", "hurt": "false", "said": "３楼", "several": ["a", "b"]}
    assert report(attributes=sent).attributes == kept
    refused: list[Any] = [math.nan, math.inf, None, {}, "x" * 501]
    for wrong in refused:
        with pytest.raises(ValidationError):
            report(attributes={"floor": wrong})


def test_what_is_promised_of_answers_is_what_is_taken() -> None:
    promised = str(NewReport.model_json_schema()["properties"]["attributes"])
    assert all(f"'type': '{each}'" in promised for each in ("string", "number", "boolean", "array"))
