"""Takes out of people's words what tells who they are, by patterns; whatever others read goes by these. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_GONE: Final = "***"
_SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪"
    "廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤"
)
_TITLES: Final = "先生|女士|小姐|阿姨|大爷|大妈|大姐|大哥|奶奶|爷爷|阿婆|师傅|老师|医生|经理|主任"
_PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"
# In this order: a phone behind a province and a letter is no plate, and what a plate ends with is no phone.
_PATTERNS: Final = (
    (r"[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", _GONE),  # mail
    (r"(?<!\d)(?:\+?86[\s.-]?)?1[3-9]\d[\s.-]?\d{4}[\s.-]?\d{4}(?!\d)", _GONE),  # mobile phones, with dots too
    (r"(?<!\d)0\d{2,3}\.\d{3,4}[\s.-]?\d{3,4}(?!\d)", _GONE),  # others with dots
    (rf"[{_PROVINCES}][A-Za-z][·.\s-]?[A-Za-z0-9]{{4,6}}[A-Za-z0-9挂学警]", _GONE),  # plates
    (r"((?:微信|QQ|qq|wx|WX|vx|VX)号?(?:是|为)?\s*:?\s*)[A-Za-z0-9_-]{4,}", rf"\1{_GONE}"),
    (r"\+?\d(?:[\s-]?\d){4,}[Xx]?", _GONE),  # phones, identity cards, accounts
    (r"[零〇一二三四五六七八九幺两]{5,}", _GONE),  # the same, spelt out
    (r"\d{1,3}\s*[-#]\s*\d{1,3}\s*[-#]\s*\d{1,4}", _GONE),  # house, entrance, flat
    (r"(单元|门|楼|栋)\s*\d{3,4}(?!\d|[年月日号栋楼元米个])", rf"\1{_GONE}"),
    (r"[A-Za-z]?\d{1,4}\s*(室|房|户)", rf"{_GONE}\1"),
    (rf"[{_SURNAMES}][一-鿿]{{0,2}}?(?={_TITLES})", "某"),
    (r"(我叫|名叫|姓名|联系人|业主)(\s*(?:是|为)?\s*:\s*|(?<=叫))[一-鿿]{2,4}", rf"\1\2{_GONE}"),
)  # fmt: skip
# What looks like somebody's number and is nobody's: our own orders, and days of this century that no more digits follow
# than a time has.
_KEPT: Final = re.compile(
    r"(WO\d{8}-\d{6}(?!\d)"
    r"|(?<!\d)(?<!\d[\s.-])20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?![\s.-]?\d(?!\d?:\d\d)))"
)
_COMPILED: Final = [(re.compile(pattern), instead) for pattern, instead in _PATTERNS]


def redacted(text: str, max_chars: int | None = None) -> str:
    """The text without phones, plates, accounts, addresses of mail, flats and names that stand where names stand.

    Numbers of our own orders and dates stay. Full-width characters become usual ones. A name that stands alone is not
    found. With `max_chars`, the rest is left out.
    """
    parts = _KEPT.split(unicodedata.normalize("NFKC", text))
    # One group: what is kept stands at every second place.
    clean = "".join(part if n % 2 else _without(part) for n, part in enumerate(parts))
    return clean if max_chars is None or len(clean) <= max_chars else f"{clean[: max_chars - 1]}…"


def _without(text: str) -> str:
    for pattern, instead in _COMPILED:
        text = pattern.sub(instead, text)
    return text
