"""What of a report says what it is about. Pure."""

from __future__ import annotations

import re
from typing import Final

from herun.characters import simplified
from herun.redaction import redacted

# What people say whatever it is about: who they are, where they live, that they report something and ask for help.
_PHRASES: Final = re.compile(
    r"[您你大]家?好|(?:我|本人)(?:叫|姓|是)(?:\*+|[^,。;:\s]{0,4}(?:业主|居民|住户|市民))?|家?住在?(?=[\d*\s])"
    r"|\**\d*\s*(?:号楼|栋楼?|幢|单元(?!门)|室|号院|楼层)"
    r"|(?:我|我的|联系)*(?:电话|手机)(?![都也又快]?没)(?:号码?)?[是为]?|(?:来电|致电|来信|市民|诉求人?|业主|居民|住户)"
    r"|(?:要|想|特|特此|再次|多次|来)*(?:反映|投诉|举报|咨询|诉求|报告)(?:一?个|一?下|一些)?(?:问题|情况|事情|事)?"
    r"|(?:有|是|一)?个?(?:问题|情况|事情)(?:是这样)?|(?:有关|相关)?(?:部门|工作人员|领导|物业(?!费|公司|服务|管理))"
    r"|(?:希望|恳请|请|麻烦)(?:你们)?|(?:非常|十分)?(?:谢谢|感谢)|我(?=\s|,|$)"
    # How long it goes on, who does nothing about it, and what it does to people.
    r"|(?:一直|还是|也|都|又|就是)?没有?人(?:来|去|给|肯)?(?:修理?|管理?|收|理睬?|来|处理|解决|维修|负责)(?![员费])"
    r"|(?:一直|老是|总是|还是|就是|也|都)不(?:来|给|肯|去)?(?:处理|解决|修|管|理睬?)"
    r"|(?:好|十)几[天个次](?:月|星期|礼拜)?|好久|(?:很多|多|无数|[两三几])次|(?:直?到)?(?:现在|目前)(?:还|也|都|为止)?"
    r"|打了?[^,。;!\s]{0,6}电话|报修(?![电单]|系统)|马上就?来"
    r"|(?:严重)?(?:影响|威胁)到?了?(?:大家|小区|居民|业主|我们|正常|日常|的)*(?:出行|休息|睡觉|生活|安全|通行|学习)*"
    r"|(?:尽快|及时|马上|赶紧|早日)?(?:派人|安排|联系|回复|答复|核实|处理|解决|帮忙|落实)(?:一下|人)?"
)

# What is cut off is said in ways that share no characters, 没水, 断水, 水停了: each is read as one word.
_OFF: Final = r"(?:都|又|也)?(?:[停断没]了|没有了|[停断](?=[,。;!\s]|$|[\d一二两三四五六七八九十几半多]+[天日个小]))"
_NO_OTHER: Final = "热雨污积开充来漏暖空"  # hot water, rain, heating: something else
_PLANTS: Final = "花草树木苗坪带化"  # short of water, but not cut off
_SAME: Final = (
    (re.compile("停(?=电[动瓶]|水泥)"), "停 "),  # an e-bike that is parked cuts no power
    *(
        (
            re.compile(
                rf"(?:[停断]了?|(?<![{_PLANTS}])缺|(?<![{own}])(?<![{own}][都又也快])[没冇无](?:有了?|得|了)?){more}{of}(?![{but}])"
                rf"|(?<![{_NO_OTHER}{own}]){more}{of}{_OFF}",
                re.IGNORECASE,
            ),
            word,
        )
        # `own`: ends of what has its own, a boiler, a telephone, a tyre, a fence.
        for more, of, but, own, word in (
            ("(?:自来)?", "水", "泵管压表费箱果沟井泥质电平", "器泉池栓", "停水"),
            ("", "电", "动瓶梯车视信话脑线池表费箱压工", "机锁车瓶控禁", "停电"),
            ("(?:天然|燃|煤)?", "气", "味表费灶管体氛", "胎球筒", "停气"),
            ("", "(?:网络?|宽带|wifi)", "线管格约", "护栏丝球围纱渔滤铁", "断网"),
        )
    ),
)


def matter(text: str) -> str:
    """The text, simplified, without who says it and the phrases of every hotline, which make no two reports alike."""
    said = _PHRASES.sub(" ", simplified(redacted(text)))
    for pattern, word in _SAME:
        said = pattern.sub(word, said)
    return said
