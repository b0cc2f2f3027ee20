"""People's words as they are compared, whichever way they are written. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Traditional characters of what is said of an estate, and what most write instead.
_TRADITIONAL: Final = (
    "號樓棟單電機東門區園車庫會壞燈鎖聲擾運開關閉響應髒亂環衛綠樹斷線網寬帶氣熱煙霧報監視頻攝頂層牆縫戶鬧馬達閥臺陽滲積廁蓋輛佔樁飛雜裝鐵鋼鋁護欄桿閘鑰鈴對講遙顯無沒濕淨滅災險傷員業費繳"
    "異裏裡後邊處間還過這個來說聽見時長壓陳舊損毀塊磚脫頭陰溝滿糞蟲貓鳥養違規擋擁塵廢棄體設備維檢測換誰嗎們為動請幫"
)
_SIMPLIFIED: Final = (
    "号楼栋单电机东门区园车库会坏灯锁声扰运开关闭响应脏乱环卫绿树断线网宽带气热烟雾报监视频摄顶层墙缝户闹马达阀台阳渗积厕盖辆占桩飞杂装铁钢铝护栏杆闸钥铃对讲遥显无没湿净灭灾险伤员业费缴"
    "异里里后边处间还过这个来说听见时长压陈旧损毁块砖脱头阴沟满粪虫猫鸟养违规挡拥尘废弃体设备维检测换谁吗们为动请帮"
)
_CHEQUES: Final = ("壹贰貳叁參肆伍陆陸柒捌玖拾兩", "一二二三三四五六六七八九十两")  # numerals that nobody can alter
_AS_WRITTEN: Final = str.maketrans(_TRADITIONAL + _CHEQUES[0], _SIMPLIFIED + _CHEQUES[1])
_SECOND: Final = re.compile(r"两(?=\s*号楼)")  # 两栋 are two buildings, 两号楼 is the second
_DIGITS: Final = "零一二三四五六七八九"
_NUMERAL: Final = re.compile(r"(?:(?P<tens>[一二三四五六七八九])?(?P<ten>十))?(?P<ones>[一二三四五六七八九])?")
COUNT: Final = r"(?<![零一二三四五六七八九十百这那每同哪])[零一二三四五六七八九十百]+"  # 这一栋 says no number
# One building, as people write it. 3号楼梯 is a staircase, 3#电梯 a lift, 一座桥 a bridge.
_ONE: Final = re.compile(
    r"(?<![0-9a-z])(?P<plain>[0-9a-z]+)\s*(?:号楼(?!梯)|栋|幢|座(?![位椅机])|#(?!\s*(?:单元|电梯))楼?)"
    rf"|(?P<numeral>{COUNT})\s*(?:号楼(?!梯)|栋|幢)"
)


def plain(words: str) -> str:
    """As it is compared: full-width as half-width, 電梯 as 电梯, 3号楼, 3號樓, 3 幢, 3#, 三栋 and 叁栋 as 3栋."""
    usual = unicodedata.normalize("NFKC", words).strip().lower().translate(_AS_WRITTEN)
    return _ONE.sub(_plain_one, _SECOND.sub("二", usual))


def _plain_one(said: re.Match[str]) -> str:
    return f"{said['plain'] or _number(said['numeral'])}栋"


def _number(numeral: str) -> str:
    """十九 as 19, up to 99; what is no such number (一百二十) as it is."""
    parts = _NUMERAL.fullmatch(numeral)
    if parts is None:
        return numeral
    tens = _DIGITS.index(parts["tens"] or "一") if parts["ten"] else 0
    return str(10 * tens + (_DIGITS.index(parts["ones"]) if parts["ones"] else 0))
