"""Figures as a table with Chinese headers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from api.exports import Cell, Sheet
from api.figures.definitions import MEANINGS, RATES
from api.figures.schemas import By, OrderFigure, OrderFigures, OrderRate

_KEYS: Final = {By.UNIT: "责任单位", By.GRID: "网格", By.CATEGORY: "类别", By.WEEK: "周次"}
_WITHOUT: Final = "未指定"


def sheets(told: OrderFigures, names: Mapping[str, str]) -> list[Sheet]:
    """The figures, and what each of them means. What has one of the `names` stands under it, its id beside it."""
    has_ids = told.by is not By.WEEK
    headers = [_KEYS[told.by], *([f"{_KEYS[told.by]}编号"] if has_ids else [])]
    headers += [meaning.zh for meaning in MEANINGS.values()]
    for ratio in RATES.values():
        name = ratio.meaning.zh
        headers += [f"{name}(%)", f"{name}较上周(百分点)", f"{name}较去年同周(百分点)"]
    shown = [(names.get(item.key or "", item.key or _WITHOUT), item.key, item) for item in told.items]
    # By week there is no sum: orders of several weeks have no week before to be compared to.
    total = [("合计", None, told.total)] if has_ids else []
    rows = [[name, *([key] if has_ids else []), *_numbers(figure)] for name, key, figure in [*shown, *total]]
    if told.more:
        rows[-1:-1] = [[f"另有未列出的{_KEYS[told.by]},已计入合计", *[None] * (len(headers) - 1)]]
    meanings = [*MEANINGS.values(), *(ratio.meaning for ratio in RATES.values())]
    explained = [(each.zh, each.sentence_zh) for each in meanings]
    return [Sheet(told.week, headers, rows), Sheet("指标说明", ["指标", "说明"], explained)]


def _numbers(figure: OrderFigure) -> list[Cell]:
    row: list[Cell] = [figure.numbers[name].count for name in MEANINGS]
    for name in RATES:
        row += _rate(figure.rates[name])
    return row


def _rate(rate: OrderRate) -> list[Cell]:
    texts = (rate.percent, rate.change_to_last_week, rate.change_to_last_year)
    return [None if text is None else Decimal(text) for text in texts]
