"""Files for spreadsheets."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from api.exports import Sheet, csv_of, xlsx_of
from tests.integration.api.many_orders import cells

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30)
DANGEROUS = tuple("=+-@\t\r\n＝＋－＠")


def lines(sheet: Sheet) -> list[list[str]]:
    return list(csv.reader(io.StringIO(csv_of(sheet).decode("utf-8-sig"), newline="")))


@given(st.one_of(WORDS, st.tuples(st.sampled_from(DANGEROUS), WORDS).map("".join)))
def test_no_text_of_a_csv_file_begins_a_formula_and_none_is_lost(text: str) -> None:
    (_, (cell, number)) = lines(Sheet("s", ["a", "b"], [(text, Decimal("-1.50"))]))
    assert not cell.startswith(DANGEROUS)
    assert cell.removeprefix("'") == text.removeprefix("'")
    assert number == "-1.50"  # a number of ours stays a number


@given(st.one_of(WORDS, st.tuples(st.sampled_from("=+-@"), WORDS).map("".join)))
def test_text_of_an_xlsx_file_is_text(text: str) -> None:
    told = cells(xlsx_of([Sheet("s", ["a"], [(text or "x",)])]))
    assert all(kind == "s" for row in told for kind, _ in row)


def test_excel_is_told_that_it_is_utf_8() -> None:
    assert csv_of(Sheet("s", ["排名"], [])).startswith(b"\xef\xbb\xbf")
