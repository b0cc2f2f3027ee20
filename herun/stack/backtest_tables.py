"""Backtests and traces as tables for a person."""

from __future__ import annotations

from typing import Any, Final

from rich.console import Console

from herun.stack.tables import make_console, print_table

MOST_ROWS: Final = 20  # of one table; --json has all

_VERDICTS: Final = {
    "caught": "true alarms caught",
    "missed": "true alarms missed",
    "raised_again": "false alarms raised again",
    "spared": "false alarms spared",
}


def show_backtest(result: dict[str, Any]) -> None:
    """The result of a backtest on the terminal."""
    console, fires, difference = make_console(), result["fires"], result["difference"]
    rule = result["rule"]
    what = f"rule {rule['uid']} version {rule['version']}" if rule else "all rules as they were"
    console.print(f"{what} at {result['site']}, {result['from']} to {result['until']}")
    if result["until"] < result["to"]:
        console.print(f"not to {result['to']}: the engine has only come so far", style="yellow")
    equal = sum(pair["equal"] for pair in difference["both"])
    _table(
        console,
        ("", "alerts"),
        [
            ("raised", fires["total"]),
            ("as in the live run", equal),
            ("in both, but not equal", len(difference["both"]) - equal),
            ("only in the live run", len(difference["only_live"])),
            ("only in this one", len(difference["only_candidate"])),
            *((words, len(result["verdicts"][name])) for name, words in _VERDICTS.items()),
            *([("evaluations that threw", result["rule_errors"])] if result["rule_errors"] else []),
        ],
    )
    _table(console, ("day", "alerts"), sorted(fires["by_day"].items()))
    points = sorted(fires["by_point"], key=lambda point: -point["fires"])
    _table(
        console,
        ("building", "zone", "device", "alerts"),
        [(point["building"], point["zone"], point["device"], point["fires"]) for point in points],
    )
    columns = ("rule_uid", "key", "raised_at", "cleared_at", "count", "alert_id")
    _table(console, columns, [tuple(alert[name] for name in columns) for alert in result["alerts"]])


def show_trace(result: dict[str, Any]) -> None:
    """The answer of a trace on the terminal."""
    console = make_console()
    console.print(f"{result['event_type']} {result['event_id']} of {result['device']}, {result['event_time']}")
    if result["arming"] is not None:
        console.print(f"arming: {result['arming']['why']['en']}")
    for each in result["derived"]:
        console.print(f"the engine made of it: {each['event_type']} {each['device']} {each['event_id']}")
    rows = [(rule["rule_uid"], rule["rule_version"], rule["outcome"], rule["why"]["en"]) for rule in result["rules"]]
    _table(console, ("rule", "version", "outcome", "why"), rows, most=len(rows))


def _table(console: Console, columns: tuple[str, ...], rows: list[tuple[Any, ...]], most: int = MOST_ROWS) -> None:
    if not rows:
        return
    print_table(console, columns, rows[:most])
    if len(rows) > most:
        console.print(f"... and {len(rows) - most} more; --json tells all")
