"""People's words as they are compared, whichever way they are written. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from herun.characters import simplified

_CHEQUES: Final = ("壹贰貳叁參肆伍陆陸柒捌玖拾兩", "一二二三三四五六六七八九十两")  # numerals that nobody can alter
_AS_WRITTEN: Final = str.maketrans(*_CHEQUES)
_SECOND: Final = re.compile(r"两(?=\s*号楼)")  # 两栋 are two buildings, 两号楼 is the second
_DIGITS: Final = "零一二三四五六七八九"
_NUMERAL: Final = re.compile(r"(?:(?P<tens>[一二三四五六七八九])?(?P<ten>十))?(?P<ones>[一二三四五六七八九])?")
# 这一栋 and 整一栋 say no number, and 十一月三号 is a day.
COUNT: Final = r"(?<![零一二三四五六七八九十百这那每同哪整月])[零一二三四五六七八九十百]+"
# One building as it is written. 3号楼梯 is a staircase, 3#电梯 a lift, 一座桥 a bridge, 7座商务车 a car, 5月3号 a day.
_ONE: Final = re.compile(
    r"(?<![0-9a-z月])(?P<plain>[0-9a-z]+)\s*(?:号楼(?!梯)|栋|幢|座(?![位椅机轿]|的?车(?!库|位|棚)|商务车|面包车)|#(?!\s*(?:单元|电梯))楼?)"
    rf"|(?P<numeral>{COUNT})\s*(?:号楼(?!梯)|栋|幢)"
)


def plain(words: str) -> str:
    """As it is compared: full-width as half-width, 電梯 as 电梯, 3号楼, 3號樓, 3 幢, 3#, 三栋 and 叁栋 as 3栋."""
    usual = unicodedata.normalize("NFKC", words).strip().lower().replace("參與", "参与").translate(_AS_WRITTEN)
    return _ONE.sub(_plain_one, _SECOND.sub("二", simplified(usual)))


def _plain_one(said: re.Match[str]) -> str:
    return f"{said['plain'] or _number(said['numeral'])}栋"


def _number(numeral: str) -> str:
    """十九 as 19, up to 99; what is no such number (一百二十) as it is."""
    parts = _NUMERAL.fullmatch(numeral)
    if parts is None:
        return numeral
    tens = _DIGITS.index(parts["tens"] or "一") if parts["ten"] else 0
    return str(10 * tens + (_DIGITS.index(parts["ones"]) if parts["ones"] else 0))
