"""Every setting and every metric is documented, exists, and is used."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest
from pydantic.fields import FieldInfo

from herun.catalogue import EventType, Field, FieldType
from herun.metrics import METRICS, Metric, MetricType
from herun.settings import Settings
from tests.architecture.event_page import events_page
from tests.architecture.reference import environment_name, metrics_page, pages, settings_page
from tests.architecture.sources import Source, package_files, text_files, words

# Read by tests only.
TEST_SETTINGS: Final = {"HERUN_SOAK_KILLS", "HERUN_CYCLE_SEED", "HERUN_CYCLE_STEPS", "HERUN_QUIET_HOURS"}


def undocumented_settings(sources: tuple[Source, ...], known: set[str]) -> list[str]:
    """Names like settings that no setting has; `<name>_FILE` is the file form of one."""
    return [
        f"{source.path}: {name}"
        for source in sources
        for name in sorted(set(re.findall(r"\bHERUN_[A-Z0-9_]*[A-Z0-9]\b", source.text)))
        if name.removesuffix("_FILE") not in known
    ]


@pytest.mark.parametrize(
    ("path", "text"), list(pages()), ids=lambda value: value.name if isinstance(value, Path) else ""
)
def test_the_page_says_what_the_code_says(path: Path, text: str) -> None:
    assert path.read_text(encoding="utf-8") == text, "run: make docs"


def test_every_metric_is_measured_somewhere() -> None:
    used = words(tuple(source for source in package_files() if source.path != "herun/metrics.py"))
    assert [metric.name for metric in METRICS if metric.name not in used] == []


def test_every_setting_is_read_somewhere() -> None:
    used = words(package_files())
    names = set(Settings.model_fields)
    assert [name for name in sorted(names) if name not in used and environment_name(name) not in used] == []


def test_every_setting_that_a_file_names_exists() -> None:
    known = {environment_name(name) for name in Settings.model_fields} | TEST_SETTINGS
    shipped = tuple(source for source in text_files() if not source.path.startswith("tests/"))
    assert undocumented_settings(shipped, known) == []


def test_a_setting_that_does_not_exist_is_seen() -> None:
    sample = Source("docs/guide.md", "set HERUN_COLOUR or HERUN_DATABASE_URL_FILE, see HERUN_*")
    assert undocumented_settings((sample,), {"HERUN_DATABASE_URL"}) == ["docs/guide.md: HERUN_COLOUR"]


def test_a_setting_without_description_is_refused() -> None:
    with pytest.raises(ValueError, match="HERUN_COLOUR has no description"):
        settings_page([("colour", FieldInfo(annotation=str, default="red"))])


def test_a_metric_without_help_is_refused() -> None:
    with pytest.raises(ValueError, match="has no help"):
        metrics_page([Metric("herun_x_total", MetricType.COUNTER, "")])


def test_words_are_attributes_and_strings() -> None:
    assert words((Source("a.py", "x = settings.api_port\ny = need('nats_url')"),)) == {"api_port", "nats_url"}


def test_an_example_that_lacks_a_required_field_is_refused() -> None:
    colour = EventType("wall.painted", "A wall was painted.", {"colour": Field(FieldType.STRING, required=True)})
    with pytest.raises(ValueError, match=r"wall\.painted is wrong about \['colour'\]"):
        events_page([colour])
