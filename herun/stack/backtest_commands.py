"""`herun backtest` and `herun trace`: start the processor's program on the stored rows and show what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from herun.backtests import DEFAULT_TIME_ZONE, Backtest, Job, Trace, check_period, encode_job
from herun.clock import SECOND_US, to_us
from herun.errors import InvalidInputError
from herun.settings import Settings
from herun.stack.folder import StackError

PROGRAM: Final = (sys.executable, "-m", "processor.backtest")
_CANNOT_BE_DONE: Final = 2
_QUOTED: Final = 2_000  # characters of what the program says when it breaks

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of the stack (HERUN_DATA_DIR); default .herun", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="For a program to read; the same bytes for the same events")]
Moment = "2026-05-11, or 2026-05-11T19:00 with or without offset"


def backtest(
    rule: Annotated[str | None, typer.Argument(help="Uid of a rule in force or of the file; none: all rules")] = None,
    *,
    begin: Annotated[str, typer.Option("--from", help=Moment)],
    end: Annotated[str, typer.Option("--to", help=f"{Moment}; not included")],
    site: Annotated[str, typer.Option(help="May be left out if there is only one", show_default=False)] = "",
    rule_file: Annotated[
        Path | None, typer.Option(help="A candidate in YAML or JSON, instead of the rule in force", show_default=False)
    ] = None,
    warm_up_s: Annotated[
        float | None,
        typer.Option(help="Seconds of events before --from that make the state; default: by the rules' durations"),
    ] = None,
    time_zone: Annotated[str, typer.Option(help="Of the days, and of times without offset")] = DEFAULT_TIME_ZONE,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show what a rule would have said in a past period, beside what the live engine said."""
    from herun.stack import backtest_tables
    from herun.stack import rule_file as files

    body = None if rule_file is None else files.read_rule(rule_file, rule)
    job = Backtest(
        site=site,
        from_us=_moment(begin, time_zone, "--from"),
        to_us=_moment(end, time_zone, "--to"),
        rule=body,
        rule_uid=None if body is not None else rule,
        warm_up_us=None if warm_up_s is None else round(warm_up_s * SECOND_US),
        time_zone=time_zone,
    )
    try:
        check_period(job)
    except InvalidInputError as error:
        raise StackError(error.detail) from error
    told, figures = _run(job, data_dir)
    print(told) if as_json else backtest_tables.show_backtest(json.loads(told))
    print(_in_words(json.loads(figures)), file=sys.stderr)


def trace(
    site: Annotated[str, typer.Argument()],
    device: Annotated[str, typer.Argument()],
    event_id: Annotated[str, typer.Argument()],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show which rules saw an event, and why each did or did not fire."""
    from herun.stack import backtest_tables

    told, _ = _run(Trace(site=site, device=device, event_id=event_id), data_dir)
    print(told) if as_json else backtest_tables.show_trace(json.loads(told))


def _run(job: Job, data_dir: Path | None) -> tuple[str, str]:
    """The program's result and its figures. Raises StackError with what it says if it cannot."""
    if data_dir is not None:
        os.environ["HERUN_DATA_DIR"] = str(data_dir)
    Settings().need("database_url")
    # In a session of its own, so that Ctrl-C reaches this process only; the program ends with its standard input.
    with subprocess.Popen(
        PROGRAM, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as program:
        if program.stdin is None or program.stdout is None or program.stderr is None:
            raise AssertionError("a child without pipes")
        program.stdin.write(encode_job(job) + b"\n")
        program.stdin.flush()
        told, said = program.stdout.read().decode().rstrip("\n"), program.stderr.read().decode()
    if program.returncode == _CANNOT_BE_DONE:
        raise StackError(str(json.loads(told)["error"]))
    if program.returncode:
        raise StackError(f"the backtest program ended with {program.returncode}: {said[-_QUOTED:].strip()}")
    return told, said.rstrip().rpartition("\n")[2]


def _moment(text: str, time_zone: str, option: str) -> int:
    """Microseconds of a day's beginning or a time. Raises StackError."""
    try:
        zone = ZoneInfo(time_zone)
        if len(text) == len("2026-05-11"):
            moment = datetime.combine(date.fromisoformat(text), time(), zone)
        else:
            moment = datetime.fromisoformat(text)
        return to_us(moment if moment.tzinfo else moment.replace(tzinfo=zone))
    except ZoneInfoNotFoundError as error:
        raise StackError(f"--time-zone {time_zone}: there is no such time zone") from error
    except ValueError as error:
        raise StackError(f"{option} {text}: expected {Moment}") from error


def _in_words(figures: dict[str, Any]) -> str:
    return f"{figures['events']} events in {figures['seconds']} s, {figures['events_per_second']} a second"
