"""What of a report says what it is about. Pure."""

from __future__ import annotations

import re
from typing import Final

from herun.redaction import redacted

# What people say whatever it is about: who they are, where they live, that they report something and ask for help.
_PHRASES: Final = re.compile(
    r"[您你大]家?好|(?:我|本人)(?:叫|姓|是)(?:\*+|[^,。;:\s]{0,4}(?:业主|居民|住户|市民))?|家?住在?(?=[\d*\s])"
    r"|\**\d*\s*(?:号楼|栋楼?|幢|单元|室|号院|楼层)"
    r"|(?:我|我的|联系)*(?:电话|手机)(?:号码?)?[是为]?|(?:来电|致电|来信|市民|诉求人?|业主|居民|住户)"
    r"|(?:要|想|特|特此|再次|多次|来)*(?:反映|投诉|举报|咨询|诉求|报告)(?:一?个|一?下|一些)?(?:问题|情况|事情|事)?"
    r"|(?:有|是|一)?个?(?:问题|情况|事情)(?:是这样)?|(?:有关|相关)?(?:部门|工作人员|领导|物业(?!费|公司|服务|管理))"
    r"|(?:希望|恳请|请|麻烦)(?:你们)?|(?:非常|十分)?(?:谢谢|感谢)|我(?=\s|,|$)"
    r"|(?:尽快|及时|马上|赶紧|早日)?(?:派人|安排|联系|回复|答复|核实|处理|解决|帮忙|落实)(?:一下|人)?"
)


def matter(text: str) -> str:
    """The text without who says it and the phrases of every hotline, which make no two reports alike."""
    return _PHRASES.sub(" ", redacted(text))
