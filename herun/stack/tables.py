"""Tables for a person, in which nothing is cut off: narrow columns are folded, and a file is as wide as it needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

WIDEST: Final = 10_000  # characters of a line that goes to no terminal: more than the longest texts of a row together


def make_console() -> Console:
    """Takes texts as they are: what people have written is no markup."""
    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = WIDEST
    return console


def print_table(console: Console, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table; None is an empty cell."""
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console.print(table)
