"""`make nab NAB=<checkout>` and `make waterflow`: the default detector on public data, judged by others' scorer.

python -m tests.nab WATERFLOW_FOLDER [CHECKOUT SCORER_PYTHON WORK_FOLDER]
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from processor.engine.detectors.default import Default
from processor.engine.detectors.rest import strength_of
from tests.nab import water_flow
from tests.nab.detecting import Cost, write_results
from tests.nab.split import is_for_tuning

DEFAULT_THRESHOLD: Final = strength_of(Default.least_excess)
PROFILES: Final = {"standard": "standard", "low_fp": "reward_low_FP_rate", "low_fn": "reward_low_FN_rate"}


def tell(line: str) -> None:
    """Says a line to whoever started this."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def lay_out(checkout: Path, folder: Path, windows: dict[str, Any], cost: Cost) -> None:
    """Data, results and labels of these files, as the scorer wants them."""
    shutil.rmtree(folder, ignore_errors=True)
    for relative in windows:
        target = folder / "data" / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(checkout / "data" / relative, target)
        write_results(folder / "data", folder / "results", relative, cost)
    (folder / "labels.json").write_text(json.dumps(windows), encoding="utf-8")


def score(scorer: str, checkout: Path, folder: Path, threshold: float | None = None) -> dict[str, Any]:
    """What the scorer says of a folder."""
    program = str(Path(__file__).with_name("scoring.py"))
    given = [] if threshold is None else [repr(threshold)]
    done = subprocess.run(
        [scorer, "-I", "-W", "ignore", program, str(checkout), str(folder), *given],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def profiles(answer: dict[str, Any]) -> str:
    """The three scores in a line."""
    return " ".join(f"{short} {answer['scores'][name]:.2f}" for short, name in PROFILES.items())


def run_nab(checkout: Path, scorer: str, work: Path) -> tuple[dict[str, Any], Cost]:
    """Scores all files, both halves, and the held-out half with the tuned half's threshold; tells all but the first."""
    windows = json.loads((checkout / "labels" / "combined_windows.json").read_text(encoding="utf-8"))
    halves = {
        "tuned": {path: found for path, found in windows.items() if is_for_tuning(path)},
        "held out": {path: found for path, found in windows.items() if not is_for_tuning(path)},
    }
    cost = Cost()
    lay_out(checkout, work / "all", windows, cost)
    whole = score(scorer, checkout, work / "all")
    answers = {}
    for name, files in halves.items():
        lay_out(checkout, work / name, files, Cost())
        answers[name] = score(scorer, checkout, work / name)
        tell(
            f"{name} half, {len(files)} files, own threshold {_threshold(answers[name]):.4f}: {profiles(answers[name])}"
        )
    theirs = _threshold(answers["tuned"])
    theirs_on_ours = score(scorer, checkout, work / "held out", theirs)
    tell(f"held out half, tuned half's threshold: {profiles(theirs_on_ours)}")
    default = score(scorer, checkout, work / "all", DEFAULT_THRESHOLD)
    tell(f"all files, default threshold {DEFAULT_THRESHOLD:.4f}: {profiles(default)}")
    return whole, cost


def _threshold(answer: dict[str, Any]) -> float:
    return float(answer["thresholds"]["standard"])


def main() -> None:
    """Runs what the arguments give the means for."""
    series = water_flow.read_wheel(Path(sys.argv[1]))
    threshold, last = DEFAULT_THRESHOLD, ""
    if len(sys.argv) > 2:
        whole, cost = run_nab(Path(sys.argv[2]).resolve(), sys.argv[3], Path(sys.argv[4]).resolve())
        threshold = _threshold(whole)
        tell(f"all files, threshold by the scorer: {threshold:.4f}")
        last = f"{profiles(whole)} us_per_event {cost.us_per_event:.2f} bytes_per_stream {cost.most_bytes}"
    tell(f"WaterFlow, threshold {threshold:.4f}: {water_flow.by_threshold(series, threshold)}")
    wanted = water_flow.FALSE_ALARMS_PER_WEEK
    tell(f"WaterFlow, at most {wanted:g} false alarm a week: {water_flow.by_calibration(series)}")
    if last:
        tell(last)


if __name__ == "__main__":
    main()
