"""Figures as a table with Chinese headers."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from api.exports import Cell, Sheet
from api.figures.definitions import MEANINGS, RATES
from api.figures.schemas import By, OrderFigure, OrderFigures, OrderRate

_KEYS: Final = {By.UNIT: "责任单位", By.GRID: "网格", By.CATEGORY: "类别", By.WEEK: "周次"}
_WITHOUT: Final = "未指定"


def sheets(told: OrderFigures) -> list[Sheet]:
    """The figures, and what each of them means."""
    headers = [_KEYS[told.by], *(meaning.zh for meaning in MEANINGS.values())]
    for ratio in RATES.values():
        headers += [f"{ratio.meaning.zh}(%)", "较上周(百分点)", "较去年同周(百分点)"]
    rows = [_row(item.key or _WITHOUT, item) for item in told.items] + [_row("合计", told.total)]
    meanings = [*MEANINGS.values(), *(ratio.meaning for ratio in RATES.values())]
    explained = [(each.zh, each.sentence_zh) for each in meanings]
    return [Sheet(told.week, headers, rows), Sheet("指标说明", ["指标", "说明"], explained)]


def _row(key: str, figure: OrderFigure) -> list[Cell]:
    row: list[Cell] = [key, *(figure.numbers[name].count for name in MEANINGS)]
    for name in RATES:
        row += _rate(figure.rates[name])
    return row


def _rate(rate: OrderRate) -> list[Cell]:
    texts = (rate.percent, rate.change_to_last_week, rate.change_to_last_year)
    return [None if text is None else Decimal(text) for text in texts]
