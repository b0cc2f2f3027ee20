"""What belongs to an order's evidence besides the order: questions, clocks, the orders that belong to it, the chain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from api.clocks import views
from api.evidence import store
from api.questions import service as questions
from api.transactions import Transaction
from api.work_orders.order import Person

_CHAIN_NOTE: Final = {
    "zh": "标为 as_written 的记录与原文一致,可用 before 与其自身内容重算哈希(verify-pack 会逐条重算)。"
    "其余记录在此已脱敏,其哈希是原文的哈希,只能在保存原文处核对(herun audit verify)。"
    "首条记录的 original 是立单内容的加盐哈希(更正时补充了答复的,该条记录另有一个),盐不在此包内。",
    "en": "Entries marked as_written stand as they were written: their hash can be made again of `before` and their own"
    " words, and verify-pack does so. The others are redacted here: their hash is that of the whole words and can be"
    " checked only where these are kept (herun audit verify). `original` in the first entry is a salted hash of what"
    " the order was opened with, and in a correction that adds answers, of that with these; the salt is not in this"
    " pack.",
}


async def beside(tx: Transaction, person: Person, number: str) -> dict[str, Any]:
    """Files of an order that this person sees: questions, whose time it was, what was merged into it or split off."""
    clocks = (await views.one(tx, person, number)).model_dump(mode="json")
    return {
        "questions.json": (await questions.page(tx, person, number)).model_dump(mode="json")["items"],
        "clocks.json": clocks | {"promises": await store.promises(tx, number)},
        "related.json": await store.related(tx, number),
    }


def marked(entries: list[dict[str, Any]], cleaned: Callable[[Any], Any]) -> list[dict[str, Any]]:
    """The entries without what tells who people are, each with whether it is still as it was written."""
    shown = [(entry, cleaned(entry)) for entry in entries]
    return [clean | {"as_written": clean == entry} for entry, clean in shown]


def about_chain(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """What the manifest says of the entries' hashes."""
    redacted = [entry["n"] for entry in entries if not entry["as_written"]]
    without = [entry["n"] for entry in entries if entry["hash"] is None]
    return {"entries": len(entries), "redacted": redacted, "from_before_the_chain": without, "note": _CHAIN_NOTE}
