"""The pages of settings, metrics and events, made from the code: `make docs` writes them, a test compares."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from herun.catalogue import CATALOGUE
from herun.metrics import METRICS, Metric
from herun.settings import PREFIX, Settings
from tests.architecture.event_page import EVENTS_PAGE, events_page
from tests.architecture.sources import ROOT

SETTINGS_PAGE: Final = ROOT / "docs" / "settings.md"
METRICS_PAGE: Final = ROOT / "docs" / "metrics.md"

_SETTINGS_HEAD: Final = """\
# Settings

Made from `herun/settings.py` by `make docs`; a test compares. A setting is taken from the environment, else
from the file that `<name>_FILE` names (for secrets), else from `<data folder>/stack.env`, which the one-box stack
writes, else the default.

| name | type | default | what it is |
|---|---|---|---|
"""

_METRICS_HEAD: Final = """\
# Metrics

Made from `herun/metrics.py` by `make docs`; a test compares. Every process serves its own at `/metrics`.

| name | type | labels | what it tells |
|---|---|---|---|
"""


def environment_name(field: str) -> str:
    """`api_port` is HERUN_API_PORT."""
    return f"{PREFIX}{field.upper()}"


def _cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def _type(annotation: Any) -> str:
    if typing.get_origin(annotation) in {typing.Union, types.UnionType}:
        kinds = [kind for kind in typing.get_args(annotation) if kind is not type(None)]
        return " or ".join(_type(kind) for kind in kinds)
    if annotation is SecretStr:
        return "secret"
    return {"str": "text", "int": "whole number", "float": "number", "bool": "true or false", "Path": "path"}.get(
        getattr(annotation, "__name__", ""), getattr(annotation, "__name__", str(annotation))
    )


def _default(field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=False)
    return "" if default is None else f"`{default}`"


def settings_page(fields: Iterable[tuple[str, FieldInfo]]) -> str:
    """The page of settings. Raises ValueError for a setting without a description."""
    rows = []
    for name, field in fields:
        if not field.description:
            raise ValueError(f"{environment_name(name)} has no description")
        cells = (f"`{environment_name(name)}`", _type(field.annotation), _default(field), field.description)
        rows.append("| " + " | ".join(map(_cell, cells)) + " |\n")
    return _SETTINGS_HEAD + "".join(rows)


def metrics_page(metrics: Iterable[Metric]) -> str:
    """The page of metrics. Raises ValueError for a metric without a help text."""
    rows = []
    for metric in metrics:
        if not metric.help:
            raise ValueError(f"{metric.name} has no help text")
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        rows.append("| " + " | ".join(map(_cell, (f"`{metric.name}`", metric.type, labels, metric.help))) + " |\n")
    return _METRICS_HEAD + "".join(rows)


def pages() -> Iterator[tuple[Path, str]]:
    """Every page that is made from code, as it has to be."""
    yield SETTINGS_PAGE, settings_page(Settings.model_fields.items())
    yield METRICS_PAGE, metrics_page(METRICS)
    yield EVENTS_PAGE, events_page(CATALOGUE.values())


def write() -> None:
    """Writes the pages."""
    for path, text in pages():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
