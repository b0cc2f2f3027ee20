"""Runs the benchmark's own scorer; it needs pandas, so it runs in an environment of its own (see the Makefile).

    python scoring.py CHECKOUT FOLDER [THRESHOLD]

FOLDER holds data, results and labels.json of the files to be scored. The last line is the scores as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

PROFILES = ("standard", "reward_low_FP_rate", "reward_low_FN_rate")


def get_labels(self: Any) -> None:
    """CorpusLabel.getLabels for pandas of today, where writing through `.values` changes nothing."""
    self.labels = {}
    for path, data in self.corpus.dataFiles.items():
        labels = data.data[["timestamp"]].copy()
        labels["label"] = 0
        for first, last in self.windows[path]:
            labels.loc[(labels["timestamp"] >= first) & (labels["timestamp"] <= last), "label"] = 1
        self.labels[path] = labels


def score(checkout: Path, folder: Path, threshold: float | None) -> dict[str, Any]:
    """Scores by profile; the scorer picks the threshold on the labels unless one is given."""
    sys.path.insert(0, str(checkout))
    from nab.labeler import CorpusLabel  # type: ignore[import-not-found]
    from nab.runner import Runner  # type: ignore[import-not-found]

    CorpusLabel.getLabels = get_labels
    runner = Runner(
        dataDir=str(folder / "data"),
        resultsDir=str(folder / "results"),
        labelPath=str(folder / "labels.json"),
        profilesPath=str(checkout / "config" / "profiles.json"),
        thresholdPath=str(folder / "thresholds.json"),
        numCPUs=1,
    )
    runner.initialize()
    thresholds = runner.optimize(["herun", "null"])
    if threshold is not None:
        for profile in PROFILES:
            thresholds["herun"][profile]["threshold"] = threshold
    runner.score(["herun", "null"], thresholds)
    runner.normalize()
    runner.pool.close()
    scores = json.loads((folder / "results" / "final_results.json").read_text(encoding="utf-8"))["herun"]
    return {"scores": scores, "thresholds": {name: thresholds["herun"][name]["threshold"] for name in PROFILES}}


if __name__ == "__main__":
    given = float(sys.argv[3]) if len(sys.argv) > 3 else None
    sys.stdout.write("\n" + json.dumps(score(Path(sys.argv[1]), Path(sys.argv[2]), given)) + "\n")
