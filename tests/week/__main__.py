"""`make week`: the labelled week in full."""

from __future__ import annotations

import sys
import time

from tests.week.judging import FALSE_ALARMS_PER_WEEK, SENSORS, WEEKS, judge


def main() -> None:
    """Prints the report of each week."""
    for week in WEEKS:
        began = time.perf_counter()
        report = judge(week)
        took = time.perf_counter() - began
        head = f"week of {week}: {SENSORS} sensors, at most {FALSE_ALARMS_PER_WEEK} false alarms a week a detector"
        tail = f"{report.observations} observations in {took:.0f} s"
        sys.stdout.write("\n".join([head, "", *report.lines(), tail, "", ""]))


if __name__ == "__main__":
    main()
