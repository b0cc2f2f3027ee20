"""What arbiters decided becomes a rule when somebody says so who may make rules."""

from __future__ import annotations

import json
from collections.abc import Set as AbstractSet
from itertools import chain, count
from typing import Final

from api import cursors
from api.audit import store as audit
from api.dispatch import book, proposals_store, store
from api.dispatch.rules import Rule, Target
from api.dispatch.schemas import AcceptProposal, DeclineProposal, Proposal, Proposals, ProposalState
from api.problems import conflict, invalid, not_found
from api.transactions import Transaction
from api.work_orders.order import CONFIDANTS, Person

_ASKED: Final = {"to": "to", "when": "scope"}  # what of the request a part of the rule comes from


async def page(
    tx: Transaction, person: Person, states: frozenset[ProposalState], *, cursor: str | None, limit: int
) -> Proposals:
    """Proposals in any of the states (of none: in whichever), newest first; those of a confidential order for few."""
    key = cursors.decode_numbers(cursor, 1)
    before, is_confidant = key[0] if key else None, person.has(*CONFIDANTS)
    found = await proposals_store.page(tx, states, is_confidant=is_confidant, before=before, limit=limit + 1)
    items = found[:limit]
    return Proposals(items=items, next_cursor=cursors.encode(items[-1].id) if len(found) > limit else None)


async def accept(tx: Transaction, person: Person, proposal: int, how: AcceptProposal) -> Proposal:
    """Puts the rule before all others, as a new version.

    Raises Problem 404, 409, and 422 for what the rule names and the site has no more; the other rules stay as they are.
    """
    await store.one_at_a_time(tx)  # before the proposal's row, as whoever arbitrates
    found = await _pending(tx, person, proposal)
    now = await book.newest(tx)
    rule = _rule(found, how, {each.name for each in now.rules})
    code, errors = await book.wrong(tx, [rule])
    if errors:
        errors = [each.model_copy(update={"loc": ["body", _ASKED[str(each.loc[3])]]}) for each in errors]
        raise invalid(code, errors[0].msg, errors)
    await book.put_before(tx, now, rule, how.why or f"proposal {proposal}")
    return await _decided(tx, proposal, ProposalState.ACCEPTED, how.why)


async def decline(tx: Transaction, person: Person, proposal: int, how: DeclineProposal) -> Proposal:
    """Nothing comes of it. Raises Problem 404 or 409."""
    await _pending(tx, person, proposal)
    return await _decided(tx, proposal, ProposalState.DECLINED, how.why)


async def _pending(tx: Transaction, person: Person, proposal: int) -> Proposal:
    found = await proposals_store.locked(tx, proposal, is_confidant=person.has(*CONFIDANTS))
    if found is None:
        raise not_found("proposal")
    if found.state is not ProposalState.PENDING:
        raise conflict("decided_already", f"{found.decided_by} has decided: {found.state}")
    return found


async def _decided(tx: Transaction, proposal: int, state: ProposalState, why: str | None) -> Proposal:
    await proposals_store.decide(tx, proposal, state)
    await audit.record(tx, f"dispatch.proposal_{state.value}", str(proposal), {"why": why})
    after = await proposals_store.locked(tx, proposal, is_confidant=True)
    if after is None:
        raise LookupError(proposal)
    return after


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a text of JSON is one of CEL


def _rule(found: Proposal, how: AcceptProposal, taken: AbstractSet[str]) -> Rule:
    """The rule that would have decided so. Raises Problem 409 for a scope or a unit that the orders do not have."""
    condition = f"order.category == {_quoted(found.category)}"
    if how.scope != "site":
        place = found.building if how.scope == "building" else found.grid
        if place is None:
            raise conflict("no_such_scope", f"the orders have no {how.scope}; accept it for another scope")
        condition += f" && order.{how.scope} == {_quoted(place)}"
    if how.to == "unit" and found.unit is None:
        raise conflict("no_unit", f"{found.worker} belongs to no unit; accept it for the worker")
    to = Target(unit=found.unit) if how.to == "unit" else Target(worker=found.worker)
    name = f"proposal-{found.id}"
    names = chain([name], (f"{name}-{n}" for n in count(2)))  # who puts rules may have called one so
    return Rule(name=next(each for each in names if each not in taken), when=condition, to=to)
