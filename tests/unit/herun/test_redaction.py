"""What tells who somebody is goes out of a text; what it is about stays."""

from __future__ import annotations

import unicodedata

import pytest

from herun.redaction import redacted


@pytest.mark.parametrize(
    "personal",
    [
        "13800001234", "138 0000 1234", "138-0000-1234", "+86 13800001234", "\uff11\uff1338\uff10\uff10001234",
        "021-55512345", "110101199003071234", "11010119900307123X", "li.si@example.cn", "京A12345",
        "沪B·D1234", "粤BD12345", "一三八零零零零一二三四", "3-2-501",
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", ["打我电话{}谢谢", "{}", "车({})堵门", "call {} now"])
def test_what_tells_who_it_is_goes(personal: str, text: str) -> None:
    clean = redacted(text.format(personal))
    assert personal not in clean
    assert unicodedata.normalize("NFKC", personal) not in clean
    assert "***" in clean


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("我叫张三丰,", "我叫***,"),
        ("联系人:李四", "联系人:***"),
        ("王女士说漏水", "某女士说漏水"),
        ("3号楼502室漏水", "3号楼***室漏水"),
        ("微信号:abc_1234", "微信号:***"),
    ],
)
def test_names_go_where_names_stand(text: str, clean: str) -> None:
    assert redacted(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "工单WO20260601-123456没人管", "3号楼电梯坏了2天", "2026年6月1日晚上8点30分停水", "地下车库B2层积水10厘米",
        "消防通道堆了5袋垃圾", "第19栋门口路灯不亮",
    ],
)  # fmt: skip
def test_what_it_is_about_stays(text: str) -> None:
    assert redacted(text) == text
