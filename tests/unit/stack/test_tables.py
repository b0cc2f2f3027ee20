"""A table on the terminal, or in a file, holds all that is in it."""

from __future__ import annotations

import pytest

from herun.stack.tables import make_console, print_table

ROW = ("underpass-water-" * 3, "switched off 2026-05-11T08:00:00Z", "as [bold]they[/bold] said :smile: " * 4, None)
COLUMNS = ("uid", "mode", "why", "by")


def test_what_goes_to_no_terminal_stands_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(make_console(), COLUMNS, [ROW])
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if all(cell.strip() in line for cell in ROW if cell)]


@pytest.mark.parametrize("width", [40, 80])
def test_on_a_narrow_terminal_nothing_is_cut(capsys: pytest.CaptureFixture[str], width: int) -> None:
    console = make_console()
    console.width = width
    print_table(console, COLUMNS, [ROW])
    lines = [line.split("\N{BOX DRAWINGS LIGHT VERTICAL}")[1:-1] for line in capsys.readouterr().out.splitlines()]
    columns = ["".join(part.replace(" ", "") for part in column) for column in zip(*filter(None, lines), strict=True)]
    assert columns == [cell.replace(" ", "") if cell else "" for cell in ROW]
