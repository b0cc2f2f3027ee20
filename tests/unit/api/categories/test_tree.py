"""The tree that comes along, trees that sites make, and routing by the words of a text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from api.categories import shipped
from api.categories.schemas import NewTree
from api.categories.tree import DESK, Diversion, Raise
from simulators.estate import SKILLS

TREE = shipped.default_tree()
ROOT = Path(__file__).parents[4]


def body(**changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = shipped.default_body().model_dump(mode="json", by_alias=True)
    return {**whole, **changes}


def test_the_shipped_tree_has_the_hotlines_classes_and_a_desk() -> None:
    chinese = {zh for zh, _ in TREE.classes.values()}
    assert chinese >= {
        "劳动人社", "医疗卫生", "住房城建", "市场监管", "交通运输", "民生服务", "司法", "治安管理", "区县服务",
        "城市管理", "环保", "教育文体",
    }  # fmt: skip
    assert DESK in TREE.units
    assert {leaf.top_class for leaf in TREE.categories.values()} == set(TREE.classes)


def test_every_category_says_how_long_and_who() -> None:
    for leaf in TREE.categories.values():
        assert set(leaf.limits) == {"info", "warning", "critical"}
        assert leaf.unit in TREE.units
        for limits in leaf.limits.values():
            assert limits.accept < limits.solve < limits.promise
        assert leaf.limits["critical"].solve <= leaf.limits["warning"].solve <= leaf.limits["info"].solve


def test_skills_of_the_demo_estate_and_its_rules_without_other_names_are_in_the_tree_or_the_desks() -> None:
    for skill in SKILLS:
        leaf = TREE.categories.get(skill) or shipped.free_category(skill)
        assert leaf.unit in TREE.units
    assert "maintenance" in TREE.categories  # what the simulated residents report


def test_the_word_that_names_another_unit_is_told_as_it_stands_in_the_text() -> None:
    road = TREE.categories["road-works"]
    assert road.unit_for("燃氣公司把路挖開,沒有恢復") == ("gas-company", "燃氣")
    assert road.unit_for("施工队把路挖开") == (road.unit, None)
    assert replace(road, unit_by_word=(Diversion("power-company", ("電纜",)),)).unit_for("埋电缆") == (
        "power-company", "电缆",
    )  # fmt: skip


@pytest.mark.parametrize(("category", "number"), [("rescue", "120"), ("fire", "119")])
def test_who_is_in_danger_is_told_whom_to_call(category: str, number: str) -> None:
    leaf = TREE.categories[category]
    assert leaf.severity == "critical"
    assert leaf.advice is not None
    assert all(number in words for words in leaf.advice.values())


def test_a_free_name_is_the_desks() -> None:
    leaf = shipped.free_category("load")
    assert (leaf.category, leaf.unit, leaf.known) == ("load", DESK, False)
    assert leaf.limits["critical"].solve


@pytest.mark.parametrize(
    ("text", "unit", "because"),
    [
        ("燃气公司挖的沟", "gas-company", "燃气"),
        ("埋光缆挖的沟", "telecom-companies", "光缆"),
        ("不知道谁挖的沟", "housing-office", None),
        ("自来水公司抢修挖的坑,离燃气管道很近,一直没填", "water-company", "自来水"),
        ("离燃气管道很近的坑是自来水公司挖的", "water-company", "自来水"),
        ("移动公司挖沟碰到电缆", "telecom-companies", "移动公司"),
        ("供电的和供水的都在挖", "power-company", "供电"),
        (None, "housing-office", None),
    ],
)
def test_whoever_dug_the_road_up_restores_it(text: str | None, unit: str, because: str | None) -> None:
    assert TREE.categories["road-works"].unit_for(text) == (unit, because)


@pytest.mark.parametrize(
    ("answers", "severity"),
    [(None, "info"), ({"trapped": "no"}, "info"), ({"trapped": "yes"}, "critical"), ({"trapped": ["yes"]}, "critical"),
     ({"lift_number": "yes"}, "info")],
)  # fmt: skip
def test_somebody_trapped_makes_a_lift_critical(answers: Any, severity: str) -> None:
    assert TREE.categories["lift"].severity_for(answers) == severity


@pytest.mark.parametrize(("answer", "severity"), [("yes", "critical"), ("no", "info")])
def test_a_crime_that_is_going_on_is_critical(answer: str, severity: str) -> None:
    assert TREE.categories["security"].severity_for({"happening_now": answer}) == severity


def test_a_gas_bill_is_no_leak() -> None:
    bill, leak = TREE.categories["gas-account"], TREE.categories["gas"]
    assert (bill.unit, bill.severity, leak.severity) == (leak.unit, "info", "critical")


def test_an_answer_raises_the_severity_and_never_lowers_it() -> None:
    leaf = TREE.categories["lift"]
    both = (Raise("trapped", frozenset({"yes"}), "critical"), Raise("hurt", frozenset({"yes"}), "warning"))
    assert replace(leaf, raises=both).severity_for({"trapped": "yes", "hurt": "yes"}) == "critical"
    assert replace(leaf, raises=both).severity_for({"trapped": "no", "hurt": "yes"}) == "warning"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"attribute": "traped"}, "no question with values"),
        ({"attribute": "lift_number"}, "no question with values"),
        ({"values": ["maybe"]}, "no value maybe"),
        ({"severity": "info"}, "warning"),
    ],
)
def test_what_raises_the_severity_is_a_value_of_a_question(change: dict[str, Any], says: str) -> None:
    whole = body()
    lift = next(each for each in whole["categories"] if each["category"] == "lift")
    lift["severity_by_attribute"][0] |= change
    with pytest.raises(ValidationError, match=says):
        NewTree.model_validate(whole)


def test_a_severity_that_a_category_has_anyhow_is_not_raised_to() -> None:
    whole = body()
    lift = next(each for each in whole["categories"] if each["category"] == "lift")
    lift["severity"] = "critical"
    with pytest.raises(ValidationError, match="critical is not above critical"):
        NewTree.model_validate(whole)


def test_an_unknown_name_has_neighbours() -> None:
    assert TREE.nearest("lifts")[0] == "lift"
    assert TREE.nearest("电梯")[0] == "lift"
    assert TREE.nearest("street-stalls")[0] == "street-stall"
    assert TREE.nearest("zzzz-0") == []


def test_a_body_survives_being_stored() -> None:
    stored = NewTree.model_validate_json(shipped.body_of(shipped.default_body()))
    assert shipped.tree_of(stored).digest == TREE.digest


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"units": [{"unit": "u", "zh": "u", "en": "u", "kind": "street"}]}, "desk"),
        ({"classes": [{"class": "x", "zh": "x", "en": "x"}]}, "no class"),
        ({"limits": {"usual": {}}}, "info, warning and critical"),
    ],
)
def test_a_tree_that_names_what_it_does_not_have_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        NewTree.model_validate(body(**change))


def test_a_category_twice_is_refused() -> None:
    whole = body()
    with pytest.raises(ValidationError, match="same category"):
        NewTree.model_validate({**whole, "categories": [*whole["categories"], whole["categories"][0]]})


def test_a_list_without_answers_is_refused() -> None:
    whole = body()
    question = {"code": "q", "datatype": "singlevaluelist", "required": True, "zh": "q", "en": "q"}
    whole["categories"][0]["attributes"] = [question]
    with pytest.raises(ValidationError, match="values are given"):
        NewTree.model_validate(whole)


def test_rules_of_the_demo_estate_open_orders_of_known_categories() -> None:
    rules = yaml.safe_load((ROOT / "simulators" / "rules" / "herun.yaml").read_text(encoding="utf-8"))["rules"]
    named = {rule.get("order_category") or rule["category"] for rule in rules if rule.get("opens_order", True)}
    assert named <= set(TREE.categories), named - set(TREE.categories)
