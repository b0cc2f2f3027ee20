"""A frozen bulletin as tables with Chinese headers."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from api.bulletins.schemas import Bulletin, GrowingTopic, HotTopic
from api.exports import Cell, Sheet

_TOPICS: Final = ["话题", "编号", "诉求量", "诉求人数", "地点数", "前四周人数", "增长倍数", "是否新增"]


def sheets(bulletin: Bulletin, zone: ZoneInfo) -> list[Sheet]:
    """The ranking first: it is what a CSV file holds. Times are the site's own."""
    body = bulletin.body
    ranking, left_out = body.ranking, bulletin.left_out
    rows = [(item.rank, item.top_class["zh"], item.count, Decimal(item.share)) for item in ranking.items]
    rest = (None, "其余类别", ranking.rest.count, Decimal(ranking.rest.share))
    total = (None, "合计", ranking.total, Decimal(ranking.shares_sum))
    return [
        Sheet("热点排名", ["排名", "类别", "诉求量", "占比(%)"], [*rows, rest, total]),
        Sheet("典型诉求", ["类别", "诉求内容"], [(each.top_class["zh"], each.text) for each in body.examples]),
        Sheet("问答", ["问题", "答复"], [(pair.question, pair.answer) for pair in body.pairs]),
        Sheet("热点话题", _TOPICS, [_told(each) for each in body.topics]),
        Sheet(
            "说明",
            ["项目", "内容"],
            [
                ("周次", body.week),
                ("起", _local(datetime.fromisoformat(body.begin), zone)),
                ("止", _local(datetime.fromisoformat(body.end), zone)),
                ("口径", body.rounding["zh"]),
                ("冻结时间", _local(bulletin.frozen_at, zone)),
                ("SHA-256", bulletin.hash),
                (
                    "冻结后因转为保密而不再显示",
                    f"典型诉求{left_out.examples}条,问答{left_out.pairs}组,话题名称{left_out.topics}个(已更名)",
                ),
            ],
        ),
    ]


def _told(topic: HotTopic) -> tuple[Cell, ...]:
    reports: int | None = None
    before = growth = None
    if isinstance(topic, GrowingTopic):
        reports, before = topic.reports, "、".join(map(str, topic.before))
        growth = None if topic.growth is None else Decimal(topic.growth)
    is_new = "是" if topic.is_new else "否"
    return topic.label, topic.topic, reports, topic.reporters, topic.places, before, growth, is_new


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(timespec="seconds")
