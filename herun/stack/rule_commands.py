"""`herun rules`: check files, compare them with what is in force at a site, put what changed, look back, go back."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from herun.rule_files import PlacedRule
    from herun.stack.api_client import ApiClient

app = typer.Typer(name="rules", help="Rules in files and in force.", no_args_is_help=True)

_ENDINGS: Final = frozenset({".yaml", ".yml", ".json"})
_PAGE: Final = 200  # rules of one page: the API's most
_MAX_RULES: Final = 1000  # put by one request: the API's most
_MAX_BYTES: Final = 4_000_000  # of them, a little less than the API takes

Files = Annotated[
    list[Path],
    typer.Argument(help="YAML or JSON: one rule, a list, or {rules, plate_lists}; or a folder of such files"),
]
Site = Annotated[str, typer.Option("--site", help="The site's id", show_default=False)]
Why = Annotated[str, typer.Option("--why", help="For the rules' history", show_default=False)]
Uid = Annotated[str, typer.Argument(help="Of the rule", show_default=False)]
InFile = tuple[Path, "PlacedRule"]
Place = tuple[str | int, ...]  # the way to a part of a rule
Prune = Annotated[bool, typer.Option("--prune", help="Rules that no file has are taken out of force")]


@dataclass(frozen=True, slots=True)
class Book:
    """What all files together hold, in their order."""

    rules: list[InFile]
    plate_lists: dict[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Difference:
    """One rule that is not the same in force and in the files; None where there is none."""

    uid: str
    in_force: dict[str, Any] | None
    in_files: dict[str, Any] | None


@app.callback()
def sign_in(
    context: typer.Context,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", help="Folder of the stack (HERUN_DATA_DIR); default .herun", show_default=False),
    ] = None,
    api: Annotated[str | None, typer.Option(help="Address of the API; default: this box's", show_default=False)] = None,
    user: Annotated[str, typer.Option(help="Who signs in")] = "admin",
    password_file: Annotated[
        Path | None, typer.Option(help="Default: admin-password in the data folder", show_default=False)
    ] = None,
) -> None:
    """Rules in files and in force."""
    if data_dir is not None:
        os.environ["HERUN_DATA_DIR"] = str(data_dir)
    context.obj = (api, user, password_file)


@app.command()
def check(
    context: typer.Context,
    files: Files,
    site: Annotated[
        str | None, typer.Option(help="Tell also what this site does not have; needs the API", show_default=False)
    ] = None,
) -> None:
    """Tell what is wrong as file:line: what; exit code 1 if something is. Without --site no stack is needed."""
    from herun.rule_changes import doubts

    book = _read(files)
    if site is None:
        for each in book.rules:
            _warn(each, doubts(each[1].rule))
    else:
        with _client(context) as client:
            _warn_of(client, site, book, book.rules)
    print(f"{_rules(len(book.rules))}, nothing is wrong")


@app.command()
def diff(context: typer.Context, files: Files, site: Site, prune: Prune = False) -> None:
    """Show what `apply` would change; exit code 1 if that is anything."""
    book = _read(files)
    with _client(context) as client:
        found = list(_differences(book, _in_force(client, site), prune=prune))
        for each in found:
            _show_difference(each)
        changed = {each.uid for each in found}
        _warn_of(client, site, book, [each for each in book.rules if each[1].rule.uid in changed])
    raise typer.Exit(1 if found else 0)


@app.command()
def apply(context: typer.Context, files: Files, site: Site, why: Why, prune: Prune = False) -> None:
    """Put what changed, and nothing else: all of it, or nothing if a part is refused.

    Plate lists are put each time: only their hashes are kept.
    """
    book = _read(files)
    with _client(context) as client:
        found = list(_differences(book, _in_force(client, site), prune=prune))
        changed = {each.uid for each in found}
        places = {each[1].rule.uid: each for each in book.rules if each[1].rule.uid in changed}
        warnings = _put(client, site, book.plate_lists, list(places.values()), why)
        for each in found:
            _show_difference(each)
            if each.in_files is None:
                client.call("DELETE", f"/v1/sites/{site}/rules/{each.uid}", why=why)
            else:
                _warn(places[each.uid], _told(warnings[each.uid]))
    print(f"{_rules(len(found))} changed")


@app.command("list")
def list_(context: typer.Context, site: Site) -> None:
    """List the rules in force."""
    from herun.stack.tables import make_console, print_table

    rows = []
    with _client(context) as client:
        for each in _in_force(client, site):
            rule, off = each["rule"], each["switched_off"]
            mode = f"switched off {off}" if off else rule["mode"]
            row = (each["uid"], rule["kind"], mode, rule["severity"], each["version"], each["changed_at"])
            rows.append((*row, each["changed_by"], each["why"]))
    print_table(make_console(), ("uid", "kind", "mode", "severity", "version", "changed", "by", "why"), rows)


@app.command()
def show(context: typer.Context, uid: Uid, site: Site) -> None:
    """Show a rule in force as a file holds it."""
    import yaml

    from herun.rules import RULE

    with _client(context) as client:
        found = client.call("GET", f"/v1/sites/{site}/rules/{uid}")
    rule = RULE.validate_python(found["rule"])
    written = {"uid": rule.uid, "kind": rule.kind}
    written |= rule.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"version"})
    print(f"# version {found['version']}, {found['changed_by']}, {found['changed_at']}: {found['why'] or ''}")
    if found["switched_off"]:
        print(f"# switched off since {found['switched_off']}, because it failed; putting it again switches it on")
    print(yaml.safe_dump(written, allow_unicode=True, sort_keys=False, width=120), end="")


@app.command()
def history(context: typer.Context, uid: Uid, site: Site) -> None:
    """Show who changed a rule when, why, and what; newest first."""
    with _client(context) as client:
        items = client.call("GET", f"/v1/sites/{site}/rules/{uid}/versions")["items"]
    for n, each in enumerate(items):
        print(f"version {each['version']}  {each['changed_at']}  {each['changed_by']}  {each['why'] or ''}")
        before = items[n + 1]["rule"] if n + 1 < len(items) else None
        if each["rule"] is None:
            print("  taken out of force")
        elif before is not None:
            _show_fields(Difference(uid, before, each["rule"]))


@app.command()
def rollback(
    context: typer.Context,
    uid: Uid,
    version: Annotated[int, typer.Argument(help="To go back to")],
    site: Site,
    why: Why,
) -> None:
    """Put an old version again, as a new one."""
    with _client(context) as client:
        body = {"version": version, "why": why}
        found = client.call("POST", f"/v1/sites/{site}/rules/{uid}/rollback", body)
    for path, what in _told(found["warnings"]):
        print(f"warning: {uid}: {'.'.join(map(str, path))}: {what}")
    print(f"{uid} is at version {found['version']}, which is version {version} again")


def _read(files: Sequence[Path]) -> Book:
    """All files together; ends the command with exit code 1 if something is wrong, having told all of it."""
    from herun.rule_files import told
    from herun.stack.rule_file import read_file

    book, wrong = Book([], {}), []
    first: dict[str, str] = {}
    for path in _every(files):
        found = read_file(path)
        wrong += told(str(path), found.complaints)
        for placed in found.rules:
            where = first.setdefault(placed.rule.uid, f"{path}:{placed.line}")
            if where != f"{path}:{placed.line}":
                wrong.append(f"{path}:{placed.line}: {placed.rule.uid} is the rule of {where} already")
            book.rules.append((path, placed))
        book.plate_lists.update(found.plate_lists)
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        raise typer.Exit(1)
    return book


def _every(files: Sequence[Path]) -> Iterator[Path]:
    """The files; of a folder those that hold rules by their names, in their order. Raises StackError for one with none.

    Folders in it are not looked into.
    """
    from herun.stack.folder import StackError

    for path in files:
        if not path.is_dir():
            yield path
            continue
        found = sorted(each for each in path.iterdir() if each.suffix in _ENDINGS and each.is_file())
        if not found:
            raise StackError(f"{path}: a folder without any {', '.join(sorted(_ENDINGS))} file")
        yield from found


def _client(context: typer.Context) -> ApiClient:
    from herun.stack.api_client import ApiClient

    api, user, password_file = context.obj
    return ApiClient(api, user, password_file)


def _in_force(client: ApiClient, site: str) -> Iterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        page = client.call("GET", f"/v1/sites/{site}/rules", cursor=cursor, limit=_PAGE)
        yield from page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def _warn_of(client: ApiClient, site: str, book: Book, rules: Sequence[InFile]) -> None:
    """Tells what is hardly meant in these rules of the book, or is there nowhere at the site."""
    names: dict[str, list[str]] = {name: [] for name in book.plate_lists}
    for begin in range(0, len(rules), _PAGE):
        some = rules[begin : begin + _PAGE]
        body = {"rules": [placed.body for _, placed in some], "plate_lists": names}
        answer = client.call("POST", f"/v1/sites/{site}/rules/check", body)
        for each, found in zip(some, answer["items"], strict=True):
            _warn(each, _told(found["warnings"]))


def _put(
    client: ApiClient, site: str, lists: dict[str, Sequence[str]], rules: Sequence[InFile], why: str
) -> dict[str, list[dict[str, Any]]]:
    """Puts lists and rules, and returns the warnings by uid. Ends the command with exit code 1 if a rule is refused."""
    from herun.stack.api_client import RefusedError

    found: dict[str, list[dict[str, Any]]] = {}
    for names, some in _parts(lists, rules):
        body = {"plate_lists": {name: lists[name] for name in names}, "rules": [placed.body for _, placed in some]}
        try:
            answer = client.call("POST", f"/v1/sites/{site}/rules", body, why=why)
        except RefusedError as error:
            lines = list(_lines_of(error.errors, some))
            if not lines:
                raise
            print("\n".join(lines), file=sys.stderr)
            raise typer.Exit(1) from error
        found |= {each["uid"]: each["warnings"] for each in answer["items"]}
    return found


def _lines_of(errors: list[dict[str, Any]], rules: Sequence[InFile]) -> Iterator[str]:
    """Those errors that are about one of the rules which were sent, by the lines of their files."""
    for each in errors:
        match each["loc"]:
            case ["body", "rules", int(n), *way]:
                path, placed = rules[n]
                yield f"{path}:{placed.line_of(tuple(way))}: {placed.rule.uid}: {each['msg']}"


def _parts(lists: dict[str, Sequence[str]], rules: Sequence[InFile]) -> Iterator[tuple[list[str], list[InFile]]]:
    """Names of lists and rules, as many together as a request takes: a file is one, unless it is a large one."""
    sizes: list[tuple[str, InFile | None, int]] = [
        (name, None, len(json.dumps({name: plates}))) for name, plates in lists.items()
    ]
    sizes += [("", each, len(json.dumps(each[1].body))) for each in rules]
    names: list[str] = []
    some: list[InFile] = []
    size = 0
    for name, rule, length in sizes:
        if size + length > _MAX_BYTES or len(some) == _MAX_RULES:
            yield names, some
            names, some, size = [], [], 0
        size += length + len(", ")
        if rule is None:
            names.append(name)
        else:
            some.append(rule)
    if names or some:
        yield names, some


def _told(warnings: list[dict[str, Any]]) -> Iterator[tuple[Place, str]]:
    return ((tuple(each["loc"]), each["msg"]) for each in warnings)


def _warn(in_file: InFile, found: Iterable[tuple[Place, str]]) -> None:
    """Each with the line of the field that it is about."""
    path, placed = in_file
    for place, what in found:
        where = ".".join(map(str, place))
        print(f"{path}:{placed.line_of(place)}: warning: {placed.rule.uid}: {where}: {what}")


def _differences(book: Book, in_force: Iterator[dict[str, Any]], *, prune: bool) -> Iterator[Difference]:
    from herun.rule_changes import changes
    from herun.rules import RULE, body_of
    from herun.stack.folder import StackError

    there = {each["uid"]: body_of(RULE.validate_python(each["rule"])) for each in in_force}
    for _, placed in book.rules:
        old, new = there.pop(placed.rule.uid, None), placed.body
        if changes(old, new):
            yield Difference(placed.rule.uid, old, new)
    if prune and not book.rules:
        raise StackError(f"the files hold no rules: --prune would take all {len(there)} of the site out of force")
    if prune:
        yield from (Difference(uid, rule, None) for uid, rule in there.items())


def _show_difference(found: Difference) -> None:
    from herun.rule_changes import begins_anew

    if found.in_force is None:
        print(f"+ {found.uid}")
    elif found.in_files is None:
        print(f"- {found.uid}")
    else:
        anew = begins_anew(found.in_force, found.in_files)
        print(f"~ {found.uid}: {'begins anew' if anew else 'keeps what it knows'}")
        _show_fields(found)


def _show_fields(found: Difference) -> None:
    from herun.rule_changes import changes

    for each in changes(found.in_force, found.in_files):
        print(f"    {each.field}: {each.old!r} -> {each.new!r}")


def _rules(count: int) -> str:
    return "1 rule" if count == 1 else f"{count} rules"
