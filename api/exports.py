"""Tables as files that spreadsheets open: CSV and XLSX. What people wrote is text there, and never a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

import xlsxwriter
from fastapi import Response

Cell = str | int | Decimal | None

_CSV: Final = "text/csv; charset=utf-8"
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A cell that begins with one of these is a formula to a spreadsheet that opens a CSV file.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_TWO_DIGITS: Final = "0.00"
_WIDTH: Final = 14  # characters of a column, so that Chinese headers are read whole

RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The file.", "content": {"text/csv": {}, _XLSX: {}}}
}


class Format(StrEnum):
    """Which file."""

    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: a title of at most 31 characters, its headers, its rows."""

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def answer(sheets: Sequence[Sheet], format_: Format, name: str) -> Response:
    """The file; a CSV file holds the first sheet only. `name` is ASCII."""
    body = csv_of(sheets[0]) if format_ is Format.CSV else xlsx_of(sheets)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{format_.value}"'}
    return Response(body, media_type=_CSV if format_ is Format.CSV else _XLSX, headers=headers)


def csv_of(sheet: Sheet) -> bytes:
    """With a byte order mark, without which Excel takes Chinese for something else."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([_plain(header) for header in sheet.headers])
    writer.writerows([_plain(cell) for cell in row] for row in sheet.rows)
    return text.getvalue().encode("utf-8-sig")


def xlsx_of(sheets: Sequence[Sheet]) -> bytes:
    """Text is written as text: neither formulas nor links come of it."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        two_digits = book.add_format({"num_format": _TWO_DIGITS})
        bold = book.add_format({"bold": True})
        for sheet in sheets:
            page = book.add_worksheet(sheet.title)
            page.set_column(0, len(sheet.headers) - 1, _WIDTH)
            page.freeze_panes(1, 0)
            for column, header in enumerate(sheet.headers):
                page.write_string(0, column, header, bold)
            for line, row in enumerate(sheet.rows, start=1):
                for column, cell in enumerate(row):
                    if isinstance(cell, str):
                        page.write_string(line, column, cell)
                    elif cell is not None:
                        page.write_number(line, column, cell, two_digits if isinstance(cell, Decimal) else None)
    return file.getvalue()


def _plain(cell: Cell) -> str:
    if cell is None:
        return ""
    text = str(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(_FORMULA) else text
