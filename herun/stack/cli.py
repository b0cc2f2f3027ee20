"""The `herun` command. Each part is imported by the command that needs it: `herun status` should not take a second."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from herun.errors import HerunError
from herun.settings import Settings
from herun.stack import audit_commands, backtest_commands, dead_letter_commands, rule_commands
from herun.stack.environment import StackSettings
from herun.stack.folder import folder_at
from herun.stack.services import SERVICES

app = typer.Typer(
    name="herun",
    help="Event processing for a smart residential community, on one box.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(dead_letter_commands.app)
app.add_typer(rule_commands.app)
app.add_typer(audit_commands.app)
app.command()(backtest_commands.backtest)
app.command()(backtest_commands.trace)

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of the stack (HERUN_DATA_DIR); default .herun", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="For a program to read")]


@app.command()
def up(
    data_dir: DataDir = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Run in the background")] = False,
    backbone_only: Annotated[bool, typer.Option("--backbone-only", help="Broker and database, no services")] = False,
) -> None:
    """Start everything and keep it running until Ctrl-C."""
    _use(data_dir)
    from herun.stack import running

    services = () if backbone_only else SERVICES
    if detach:
        pid = running.run_detached(StackSettings(), services)
        print(f"Herun is up in the background (pid {pid}); `herun status` shows it, `herun down` stops it.")
    else:
        running.run_in_foreground(StackSettings(), services)


@app.command()
def down(data_dir: DataDir = None) -> None:
    """Stop the stack that runs in the data folder."""
    _use(data_dir)
    from herun.stack import running

    print(running.stop_running(folder_at(StackSettings().data_dir)))


@app.command()
def status(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show every process; exit code 0 only if all are ready."""
    _use(data_dir)
    from herun.stack import status as looking

    settings = Settings()
    folder = folder_at(settings.data_dir)
    seen = asyncio.run(looking.look(folder, settings))
    print(json.dumps(seen.as_dict(), indent=2) if as_json else looking.as_text(seen, folder))
    raise typer.Exit(0 if seen.all_ready else 1)


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database (HERUN_DATABASE_URL, or the running stack's) to this version's schema."""
    _use(data_dir)
    from herun.stack.schema import migrate_database

    print(f"the database is at revision {migrate_database(Settings().need('database_url'))}")


@app.command()
def doctor(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Tell in words what is wrong; exit code 1 if something is."""
    _use(data_dir)
    from herun.stack import doctor as diagnosis

    findings = asyncio.run(diagnosis.examine(StackSettings(), Settings()))
    print(json.dumps([finding.as_dict() for finding in findings], indent=2) if as_json else diagnosis.as_text(findings))
    raise typer.Exit(1 if diagnosis.something_is_wrong(findings) else 0)


@app.command()
def demo(data_dir: DataDir = None) -> None:
    """Watch the Herun estate live on a simulated clock; DEMO_SECONDS=60 ends by itself."""
    from herun.stack.demo import run_demo

    raise typer.Exit(run_demo(data_dir))


def main() -> None:
    """Runs the command; what went wrong is told in a sentence, not in a traceback."""
    try:
        app()
    except HerunError as error:
        print(f"herun: {error}", file=sys.stderr)
        sys.exit(1)


def _use(data_dir: Path | None) -> None:
    if data_dir is not None:
        os.environ["HERUN_DATA_DIR"] = str(data_dir)
