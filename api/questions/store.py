"""Questions to reporters."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from api.questions.schemas import Outcome, Question
from api.transactions import Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
_MAX_SITES: Final = 1000  # looked after in one round


async def everything(tx: Transaction, number: str) -> list[Question]:
    """All questions of an order, oldest first."""
    return [Question(**row) for row in await tx.all(_QUERIES["everything"], number=number)]


async def add(tx: Transaction, number: str, n: int, text: str, until: datetime) -> None:
    """Keeps a question."""
    await tx.run(_QUERIES["add"], number=number, n=n, text=text, until=until)


async def end_open(tx: Transaction, number: str, outcome: Outcome, answer: str | None = None) -> int | None:
    """Ends the question that is open and returns its number; None if none is."""
    row = await tx.one(_QUERIES["end_open"], number=number, outcome=outcome, answer=answer)
    return row["n"] if row else None


async def lapsing(tx: Transaction, limit: int) -> list[str]:
    """Orders of which the open question's time is over, the longest waiting first."""
    return [row["number"] for row in await tx.all(_QUERIES["lapsing"], limit=limit)]


async def sites_with_lapsing(tx: Transaction) -> list[str]:
    """Sites with such orders. In a transaction of all sites."""
    return [row["site"] for row in await tx.all(_QUERIES["sites_with_lapsing"], limit=_MAX_SITES)]
