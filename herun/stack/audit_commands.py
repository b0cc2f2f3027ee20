"""`herun audit`: whether the history of orders, and an evidence pack, are as they were written."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from herun.clock import to_datetime
from herun.errors import ConfigurationError
from herun.order_pictures import Album
from herun.settings import Settings

app = typer.Typer(name="audit", help="Whether the history of orders is as it was written.", no_args_is_help=True)


@app.command()
def verify(
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", help="Folder of the stack (HERUN_DATA_DIR); default .herun", show_default=False),
    ] = None,
    site: Annotated[str | None, typer.Option(help="Only this site", show_default=False)] = None,
    anchor: Annotated[
        list[str] | None,
        typer.Option(help="SITE:SEQ:HASH as an earlier run printed it; must still stand", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a program to read")] = False,
) -> None:
    """Walk each site's chain of entries; exit code 1 and the first break if one was changed, removed or put in.

    Orders, their ratings, promises and pictures are held against it.

    Write the printed head down elsewhere: with it, a later run also sees a chain that was made anew as a whole.
    """
    if data_dir is not None:
        os.environ["HERUN_DATA_DIR"] = str(data_dir)
    from herun import order_audit

    settings, anchors = Settings(), [_anchor(text) for text in anchor or []]
    try:
        album = _album(settings)
        found = order_audit.verify(settings.need("database_url"), site, anchors, album)
    except PermissionError as error:
        what = f"a picture cannot be read ({error}); run this as the user whose stack it is"
        raise ConfigurationError(what) from error
    if as_json:
        print(json.dumps([asdict(each) for each in found], indent=2))
    else:
        for each in found:
            print(each)
        if not found:
            print("no site" if site is None else f"no site {site}")
    if album.folder is None:
        print(f"files of pictures were not looked at: there is no folder {settings.objects}", file=sys.stderr)
    raise typer.Exit(0 if found and not any(each.breaks for each in found) else 1)


@app.command("verify-pack")
def verify_pack(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="An evidence pack")],
    key: Annotated[
        str | None, typer.Option(help="The public key in hexadecimal that must have signed it", show_default=False)
    ] = None,
) -> None:
    """Say whether an evidence pack is as it was signed; exit code 1 if it is not."""
    from herun.evidence import MAX_BYTES, check_pack

    with file.open("rb") as opened:
        content = opened.read(MAX_BYTES + 1)
    wrong = check_pack(content, key)
    by = f"by {key}" if key else "by whoever holds the key that it names (give --key)"
    print("\n".join(wrong) if wrong else f"as it was signed {by}")
    raise typer.Exit(1 if wrong else 0)


def _album(settings: Settings) -> Album:
    now = to_datetime(settings.make_clock().now_us())
    return Album(settings.objects if settings.objects.is_dir() else None, now)


def _anchor(text: str) -> tuple[str, int, str]:
    site, _, rest = text.partition(":")
    seq, _, digest = rest.partition(":")
    if not site or not seq.isdecimal() or not digest:
        raise typer.BadParameter(f"{text!r} is not SITE:SEQ:HASH")
    return site, int(seq), digest
