"""What an order is made of."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

NOBODY: Final = "(anonymous)"  # who acts, where nobody says who they are; no username has brackets
NO_WORKER: Final = "承办人已不在岗。Its worker is none any more."  # why it is taken from whoever had it


class Origin(StrEnum):
    """What an order came of."""

    ALERT = "alert"
    REPORT = "report"
    SPLIT = "split"  # a part of another order


class ReturnCode(StrEnum):
    """Why a worker gives an order back."""

    NOT_OURS = "not_ours"  # 非本单位职责
    WRONG_PLACE = "wrong_place"  # 地点有误
    WRONG_CATEGORY = "wrong_category"  # 分类有误
    DUPLICATE = "duplicate"  # 重复工单
    LACKS_INFORMATION = "lacks_information"  # 信息不全
    BEYOND_MEANS = "beyond_means"  # 超出处置能力


class Channel(StrEnum):
    """The way an order came in."""

    ACCOUNT = "account"
    PHONE = "phone"  # taken down by the desk for somebody who called
    ANONYMOUS = "anonymous"
    OPEN311 = "open311"
    ALERT = "alert"
    SPLIT = "split"  # a part of another order
    PATTERN = "pattern"  # opened before anybody complained again: 未诉先办
