"""`herun dead-letters`: list, show, replay."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from herun.clock import to_text
from herun.dead_letters import DeadLetterReason
from herun.log import configure
from herun.settings import Settings

if TYPE_CHECKING:  # the stream's client takes a third of a second to import: each command does it when it needs it
    from nats.js import JetStreamContext

    from herun.dead_letter_desk import StoredLetter

Result = TypeVar("Result")

app = typer.Typer(name="dead-letters", help="What could not be used: list, show, replay.", no_args_is_help=True)

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of the stack (HERUN_DATA_DIR); default .herun", show_default=False),
]
Reason = Annotated[DeadLetterReason | None, typer.Option("--reason", help="Of this reason only", show_default=False)]


@app.command("list")
def list_(
    data_dir: DataDir = None,
    reason: Reason = None,
    after: Annotated[int, typer.Option(help="Only letters with a higher number")] = 0,
    limit: Annotated[int, typer.Option(help="At most so many")] = 50,
) -> None:
    """List dead letters, the oldest first."""
    from herun import dead_letter_desk as desk

    for stored in _run(data_dir, lambda js, _: desk.list_letters(js, reason=reason, after=after, limit=limit)):
        print(_line(stored))


@app.command()
def show(number: Annotated[int, typer.Argument(help="As the list gives it")], data_dir: DataDir = None) -> None:
    """Show one dead letter with its payload."""
    from herun import dead_letter_desk as desk

    stored = _run(data_dir, lambda js, _: desk.get_letter(js, number))
    print(_line(stored))
    print(f"{stored.letter.detail}\n{stored.letter.length} bytes, sha256 {stored.letter.sha256}\n")
    print(stored.letter.raw.decode(errors="backslashreplace"))


@app.command()
def replay(
    numbers: Annotated[list[int] | None, typer.Argument(help="Which ones; none: all of --reason")] = None,
    data_dir: DataDir = None,
    reason: Reason = None,
) -> None:
    """Publish dead letters again on the topics they came on; what still cannot be used comes back."""
    from herun import dead_letter_desk as desk

    if not numbers and reason is None:
        raise typer.BadParameter("name letters by number, or give --reason")

    async def work(js: JetStreamContext, settings: Settings) -> int:
        if numbers:
            letters = [await desk.get_letter(js, number) for number in numbers]
        else:
            letters = await desk.list_letters(js, reason=reason, limit=desk.MOST_LISTED)
        return await desk.replay_letters(js, settings.need("mqtt_replay_url"), letters)

    print(f"{_run(data_dir, work)} published again")


def _line(stored: StoredLetter) -> str:
    letter = stored.letter
    where = letter.mqtt_topic or f"{letter.site}.{letter.device}"
    return f"{stored.number:>8}  {to_text(letter.received_at)}  {letter.reason.value:<18}  {where}"


def _run(data_dir: Path | None, work: Callable[[JetStreamContext, Settings], Awaitable[Result]]) -> Result:
    from herun import stream

    if data_dir is not None:
        os.environ["HERUN_DATA_DIR"] = str(data_dir)
    settings = Settings()
    configure("dead-letters", settings.log_level)  # standard output holds the letters, and only them

    async def connected() -> Result:
        client = await stream.connect(settings.need("nats_url"), "dead-letters")
        try:
            return await work(client.jetstream(), settings)
        finally:
            await client.close()

    return asyncio.run(connected())
