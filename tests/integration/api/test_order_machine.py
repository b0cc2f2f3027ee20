"""The walk's moves as hypothesis chooses them: what fails is made smaller, to the few moves that it takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.integration.api.cycle.looks import LOOKS
from tests.integration.api.cycle.walk import Walk
from tests.integration.api.running import Servers, fresh_world

EXAMPLES: Final = 4
MOVES: Final = 25  # of an example; some are of several people, or of one after the other
CHANCES: Final = st.integers(0, 2**32 - 1)  # who wishes for what in a move


class Cycle(RuleBasedStateMachine):
    """Orders of a fresh site; the book is held against each move as it is made, and against all that there is."""

    begin: Callable[[], AbstractAsyncContextManager[Walk]]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.held = AsyncExitStack()
        self.walk = self.runner.run(self.held.enter_async_context(type(self).begin()))

    @rule(chance=CHANCES)
    def people_act_one_after_the_other(self, chance: int) -> None:
        self._move(chance, self.walk.alone)

    @rule(chance=CHANCES)
    def people_act_at_once(self, chance: int) -> None:
        self._move(chance, self.walk.together)

    @rule(chance=CHANCES)
    def the_clock_jumps(self, chance: int) -> None:
        self._move(chance, self.walk.jump)

    @rule(chance=CHANCES)
    def a_sensor_speaks(self, chance: int) -> None:
        self._move(chance, self.walk.alert)

    @precondition(lambda self: bool(self.walk.book.papers))
    @rule()
    def everybody_looks(self) -> None:
        self.runner.run(self.walk.look())

    def teardown(self) -> None:
        self.runner.run(self.held.aclose())
        self.runner.close()

    def _move(self, chance: int, move: Callable[[], Awaitable[None]]) -> None:
        async def made() -> None:
            await move()

        self.walk.chance.seed(chance)
        self.runner.run(made())


@pytest.mark.timeout(1200)  # to make what fails smaller takes minutes
def test_whatever_moves_are_chosen_the_cycle_is_what_the_book_says(servers: Servers, tmp_path: Path) -> None:
    @asynccontextmanager
    async def begin() -> AsyncIterator[Walk]:
        async with fresh_world(servers, tmp_path) as world, Walk(world, 0, LOOKS).begun() as walk:
            yield walk
            world.look_at_the_chain()

    run_state_machine_as_test(
        type("Chosen", (Cycle,), {"begin": staticmethod(begin)}),
        settings=settings(max_examples=EXAMPLES, stateful_step_count=MOVES, suppress_health_check=list(HealthCheck)),
    )
