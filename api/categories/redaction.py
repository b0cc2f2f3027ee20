"""Takes out of a text what tells who wrote it or about whom. Pure.

Numbers (phones, identity cards, accounts), plates, mail addresses and flats are found by their form; names only where
the text introduces them as such. A name that stands alone is not found: what is learned from is therefore kept apart,
bounded, and shown to nobody.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

HIDDEN: Final = "*"
_PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_SURNAMES: Final = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章苏潘葛奚范彭郎鲁韦马苗方俞任袁柳"
    "鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于傅卞齐康伍余元顾孟黄穆萧尹姚邵汪祁毛狄臧戴宋庞熊纪舒屈项祝董梁杜阮"
    "蓝闵席季贾路江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万柯卢莫房解应宗丁宣邓单洪包左石崔吉龚程邢裴陆荣翁荀甄"
    "曲封储靳段焦谷侯全甘武刘景龙叶司黎薄白蒲卓池乔谭申向古易廖庄聂"
)
_TITLES: Final = "先生|女士|小姐|阿姨|大爷|大妈|师傅|老师|经理|主任|奶奶|爷爷|阿婆|大姐|大哥"
_HIDDEN_FORMS: Final = re.compile(
    r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"  # mail
    rf"|[{_PROVINCES}]\s?[A-Za-z]\s?[·.\-]?\s?[A-Za-z0-9]{{4,6}}[挂学警港澳]?"  # plates
    r"|(?:\+?\d[\s-]?){6,}[\dXx]"  # phones, identity cards and accounts, however they are spaced
    r"|[零〇一二两三四五六七八九幺]{7,}"  # the same in words
    r"|\d+\s?(?:号楼|栋|幢|座)\s?(?:\d+\s?单元)?\s?\d+\s?(?:室|号|户)"  # flats
    r"|\d+-\d+-\d{3,4}"
    r"|\b\d{3,4}\s?室"
)
_NAMES: Final = re.compile(
    rf"(?<=我叫)[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}"
    rf"|(?<=姓名)[::\s]*[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}"
    rf"|(?<=联系人)[::\s]*[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}"
    rf"|(?<=我是)[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}(?=[,,。;;、\s]|$)"
    rf"|[{_SURNAMES}][\u4e00-\u9fff]{{0,2}}(?=(?:{_TITLES}))"
    rf"|(?<=姓)[{_SURNAMES}](?=的)"
)


def redacted(text: str) -> str:
    """The text with `*` in place of what tells about persons; full-width characters become usual ones."""
    plain = unicodedata.normalize("NFKC", text)
    return _NAMES.sub(HIDDEN, _HIDDEN_FORMS.sub(HIDDEN, plain))
