"""`make bench-suggestions`: what it costs to suggest a category for a report, and to learn all examples anew.

CPU time of this process: milliseconds a suggestion (median of ROUNDS), seconds for learning.
"""

from __future__ import annotations

import statistics
import time
from typing import Final

from api.categories import shipped
from api.categories.classifier import Example, train
from tests.load.report import say

ROUNDS: Final = 200
SHORT: Final = "昨天晚上电梯又坏了,老人被困了半个小时,请尽快来修"
LONG: Final = "门口的路坑坑洼洼," * 250  # as long as a report may be


def main() -> None:
    """Measures and says it."""
    tree = shipped.default_tree()
    examples = [Example(text, name) for name, texts in shipped.examples().items() for text in texts]
    began = time.process_time()
    model = train(examples, tree.keywords, {name: each.en for name, each in tree.categories.items()})
    say(f"learning {len(examples)} examples: {time.process_time() - began:.2f} s")
    for text in (SHORT, LONG):
        taken = []
        for _ in range(ROUNDS):
            began = time.process_time()
            model.suggest(text)
            taken.append(time.process_time() - began)
        say(f"a suggestion for {len(text)} characters: {statistics.median(taken) * 1000:.2f} ms")


if __name__ == "__main__":
    main()
