"""By which limits an order goes that is opened now: the site's, and those of the category tree."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from api.categories.shipped import default_tree
from api.clocks.limits import Limits
from api.clocks.schemas import ClockSettings
from api.clocks.terms import Ground, new_terms
from tests.unit.api.test_order import REPORT

GUIDE: Final = Path(__file__).parents[3] / "docs" / "clocks.md"


def example_of_the_guide() -> ClockSettings:
    (example,) = re.findall(r"```json\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    return ClockSettings.model_validate_json(example)


def held(settings: ClockSettings, category: str, severity: str) -> Limits:
    ground = Ground(settings, "Asia/Shanghai", "[]", None, None)
    order = replace(REPORT, category=category, severity=severity)
    return new_terms(ground, order, of_tree(category, severity)).limits


def of_tree(category: str, severity: str) -> Limits:
    return default_tree().categories[category].limits[severity]


@pytest.mark.parametrize("severity", ["info", "warning"])
def test_limits_of_one_severity_of_a_category_leave_its_others_as_the_tree_has_them(severity: str) -> None:
    settings = example_of_the_guide()
    assert held(settings, "lift", "critical").promise == timedelta(hours=4)
    assert held(settings, "lift", severity) == of_tree("lift", severity)


@pytest.mark.parametrize("severity", ["info", "warning", "critical"])
def test_what_a_site_says_of_a_category_comes_before_the_tree(severity: str) -> None:
    settings = example_of_the_guide()
    of_all = settings.limits[0].model_copy(update={"category": "lift", "promise_minutes": 3000})
    said = settings.model_copy(update={"limits": [of_all]})
    assert held(said, "lift", severity).promise == timedelta(minutes=3000)
