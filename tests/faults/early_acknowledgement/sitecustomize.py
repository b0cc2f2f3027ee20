"""On PYTHONPATH, this makes a gateway that breaks its promise: it acknowledges before the stream has the frame.

The fault tests must notice. Python imports a module of this name by itself when it starts.
"""

from __future__ import annotations

import asyncio
import sys

if "gateway" in sys.orig_argv:
    from gateway.lanes import Batch, Lane
    from herun import faults
    from herun.faults import FaultPoint

    async def _acknowledge_first(self: Lane, batch: Batch) -> None:
        batch.acknowledge()
        await asyncio.sleep(0.05)  # the acknowledgements are on their way
        faults.reached(FaultPoint.GATEWAY_STORED_NOT_ACKNOWLEDGED)
        await self.store(batch)

    Lane.store_and_acknowledge = _acknowledge_first  # type: ignore[method-assign]
