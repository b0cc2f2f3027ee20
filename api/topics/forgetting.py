"""What is confidential by now leaves no words in its topic: neither its label nor what ties its reports together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from api.topics import store
from api.topics.text import Centre, grams
from api.transactions import Transaction
from herun.redaction import redacted

if TYPE_CHECKING:
    from api.work_orders.effects import Step

LABEL_CHARS: Final = 60
UNNAMED: Final = "未命名话题"


def label_of(title: str | None) -> str:
    """What a topic is called by the title of one of its orders."""
    return redacted(title or UNNAMED, LABEL_CHARS)


async def not_by(tx: Transaction, numbers: Sequence[str]) -> None:
    """Names topics anew that are called by one of these orders: its words are not to be shown."""
    for each in await store.called_by(tx, numbers):
        if label := _without(each):
            await store.call(tx, each["topic"], label)


async def follow(tx: Transaction, step: Step) -> None:
    """Takes the words of an order that becomes confidential out of its topic.

    A pass that holds the topic at this moment is not waited for, for it may wait for whoever moves an order: its label
    is then made again by the next one.
    """
    if step.before is None or step.before.confidential or not step.after.confidential:
        return
    said = await store.said_by(tx, step.after.number)
    if said is None:
        return
    text = grams(f"{said['title'] or ''}\n{said['told'] or ''}")
    left = Centre(said["grams"], said["members"]).left(text)
    await store.make_again(tx, said["topic"], _without(said) or said["label"], left)


async def relabel(tx: Transaction) -> None:
    """Names topics anew that are called by what is confidential by now."""
    for each in await store.called_by_hidden(tx):
        if label := _without(each):
            await store.call(tx, each["topic"], label)


def _without(said: dict[str, Any]) -> str | None:
    """The label without the order that has this title, by the one of the others that is most like all; None if it is
    not called by it.
    """
    is_called_by_it = said["label"] in {said["title"], label_of(said["title"])}
    return label_of(said["other"]) if is_called_by_it else None
