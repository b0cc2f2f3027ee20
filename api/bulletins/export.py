"""A frozen bulletin as tables with Chinese headers."""

from __future__ import annotations

from decimal import Decimal

from api.bulletins.schemas import Bulletin
from api.exports import Sheet


def sheets(bulletin: Bulletin) -> list[Sheet]:
    """The ranking first: it is what a CSV file holds."""
    body = bulletin.body
    ranking, left_out = body.ranking, bulletin.left_out
    rows = [(item.rank, item.top_class["zh"], item.count, Decimal(item.share)) for item in ranking.items]
    rest = (None, "其余类别", ranking.rest.count, Decimal(ranking.rest.share))
    total = (None, "合计", ranking.total, Decimal(ranking.shares_sum))
    return [
        Sheet("热点排名", ["排名", "类别", "诉求量", "占比(%)"], [*rows, rest, total]),
        Sheet("典型诉求", ["类别", "诉求内容"], [(each.top_class["zh"], each.text) for each in body.examples]),
        Sheet("问答", ["问题", "答复"], [(pair.question, pair.answer) for pair in body.pairs]),
        Sheet(
            "热点话题",
            ["话题", "诉求人数", "地点数", "是否新增"],
            [(each.label, each.reporters, each.places, "是" if each.is_new else "否") for each in body.topics],
        ),
        Sheet(
            "说明",
            ["项目", "内容"],
            [
                ("周次", body.week),
                ("起", body.begin),
                ("止", body.end),
                ("口径", body.rounding["zh"]),
                ("冻结时间", bulletin.frozen_at.isoformat()),
                ("SHA-256", bulletin.hash),
                (
                    "冻结后因转为保密而不再显示",
                    f"典型诉求{left_out.examples}条,问答{left_out.pairs}组,话题名称{left_out.topics}个(已更名)",
                ),
            ],
        ),
    ]
