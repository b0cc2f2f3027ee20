"""What the parser does not take is told as a person would say it, with the place."""

from __future__ import annotations

import pytest

from herun.cel import compile_expression
from herun.errors import InvalidInputError


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("data.value > ", "column 14: it ends too early"),
        ("(data.value > 3", "column 16: ')' is missing at the end"),
        ('data.metric = "a"', "column 13: = is not understood; equal is =="),
        ("data.value > 3 and data.x", "column 16: 'and' is not understood; write &&"),
        ("data.value > 3 or data.x", "column 16: 'or' is not understood; write ||"),
        ("data.value >> 3", "column 13: '>' is not expected here"),
        ("data..x", "column 6: '..' is not expected here"),
        ("#", "column 1: '#' is not understood"),
        ("1 +\n\n )", "line 3, column 2: ')' is not expected here"),
        ("(" * 400 + "1" + ")" * 400, "column 97: more than 96 levels"),
    ],
)
def test_what_is_no_condition_is_told_with_its_place(text: str, said: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        compile_expression(text)
    assert refused.value.detail == said
