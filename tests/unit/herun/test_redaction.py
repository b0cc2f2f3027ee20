"""What tells who somebody is goes out of a text; what it is about stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herun.redaction import names_in, redacted


@pytest.mark.parametrize(
    "personal",
    [
        "13800001234", "138 0000 1234", "138-0000-1234", "+86 13800001234", "\uff11\uff1338\uff10\uff10001234",
        "021-55512345", "110101199003071234", "11010119900307123X", "li.si@example.cn", "京A12345",
        "沪B·D1234", "粤BD12345", "一三八零零零零一二三四", "3-2-501",
        "138.0000.1234", "+86 138.0000.1234", "86138.0000.1234", "0512.62345678", "+8613800001234",
        "+86 138-0000-1234", "0512-62345678", "0512 6234 5678", "62345678", "400-820-8820", "010-12345678",
        "320501199001011234", "32050119900101123X", "a.b@example.org", "苏E12345", "苏E·12345", "苏ED12345",
        "苏E-12345", "粤E1234挂", "使A12345", "6222021234567890123", "6222 0212 3456 7890 123",
        "138,0000,1234", "138\uff0c0000\uff0c1234", "138/0000/1234", "138、0000、1234", "138, 0000, 1234",
        "+86 138/0000/1234",
        "苏 EA123B", "苏 E12345", "苏 ED12345", "苏 E·12345", "苏 E1234挂", "1️⃣3️⃣8️⃣0️⃣0️⃣0️⃣0️⃣1️⃣2️⃣3️⃣4️⃣",
        *("\u200b\u00ad\u2060\ufeff\u200d"[n].join(each) for n, each in enumerate(["13800001234", "苏EA123B",
          "0512-62345678", "32050119900101123X", "138 0000 1234"])),
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", ["打我电话{}谢谢", "{}", "车({})堵门", "call {} now", "电话:{}。", "tel {}, 3号楼"])
def test_what_tells_who_it_is_goes_whole_and_nothing_else(personal: str, text: str) -> None:
    assert redacted(text.format(personal)) == text.format("***")


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
    ("text", "names"),
    [
        ("我叫王小明,漏水", {"王小明"}), ("联系人:李四,电话13812345678", {"李四"}), ("王小明先生来过", {"王小明"}),
        ("13812345678 欧阳锋", {"欧阳锋"}), ("找张三丰,13812345678", {"张三丰"}), ("3号楼漏水,苏E12345", set()),
        ("WO20260601-123456,我是刘备备", {"刘备备"}),
    ],
)  # fmt: skip
def test_a_name_that_is_found_is_told_alone(text: str, names: set[str]) -> None:
    assert names_in(text) == names
    assert not any(name in redacted(text) for name in names)


@pytest.mark.parametrize(
    "text",
    [
        "工单WO20260601-123456没人管", "3号楼电梯坏了2天", "2026年6月1日晚上8点30分停水", "地下车库B2层积水10厘米",
        "消防通道堆了5袋垃圾", "第19栋门口路灯不亮", "2026-06-01 12:30", "2026-06-01至2026-06-03停水", "第110路",
        "8:00-18:00", "¥1234.50", "水深15.5厘米",
    ],
)  # fmt: skip
def test_what_it_is_about_stays(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("电话13812345678", "电话***"),
        ("电话138-1234-5678,座机0512 6543210", "电话***,座机***"),
        ("打幺三八一二三四五六七八", "打***"),
        ("身份证32050119900101123X", "身份证***"),
        ("车牌苏E12345挡路", "车牌***挡路"),
        ("新能源苏E·D12345挡路", "新能源***挡路"),
        ("邮箱li.lei@example.com回复", "邮箱***回复"),
        ("微信:abc_123加我", "微信:***加我"),
        ("3栋2单元501室漏水", "3栋2单元***室漏水"),
        ("3-2-501漏水", "***漏水"),
        ("找王女士和欧阳老师", "找某女士和欧阳老师"),
        ("联系人:李小明", "联系人:***"),
        ("业主:赵六", "业主:***"),
        ("我是王建国", "我是***"),
        ("姓名李小明,电话13812345678", "姓名***,电话***"),
        ("本人李小明反映漏水", "本人***反映漏水"),
        ("业主王建国家里停水", "业主***家里停水"),
        ("联系人李小明电话", "联系人***电话"),
        ("责任人:李小明", "责任人:***"),
        ("姓名:麦小明", "姓名:***"),
        ("我叫欧阳锋,家住3号楼", "我叫***,家住3号楼"),
        ("我叫阿依古丽。", "我叫***。"),
        ("我叫张三住3号楼", "我叫***住3号楼"),
        ("请回复李小明13800001234", "请回复***"),
        ("联系李小明 13800001234", "联系*** ***"),
        ("李小明,0512-62345678", "***,***"),
        ("电话13812345678(李小明)", "电话***(***)"),
        ("李小明320501199001011234", "***"),
        ("三号楼二单元五零一漏水", "三号楼二单元***漏水"),
        ("二单元五〇一室漏水", "二单元***室漏水"),
        ("五〇一室漏水", "***室漏水"),
        ("B座1203没水", "B座***没水"),
        ("12幢3-402", "12幢***"),
        ("12栋3–402漏水", "12栋***漏水"),
        ("3-402家里没水", "***家里没水"),
        ("7-801和7-802都漏", "***和***都漏"),
        ("8#1203", "8#***"),
        ("8# 402.", "8#***."),
        ("8#2#501", "***"),
        ("幸福里5弄3号402", "幸福里5弄3号***"),
        ("中山路88号1203漏水", "中山路88号***漏水"),
        ("12幢-402", "12幢***"),
        ("A座-1203", "A座***"),
        ("3单元4-2漏水", "3单元***漏水"),
        ("5栋二单元四楼东户", "5栋二单元***户"),
        ("12楼西边户漏水", "***户漏水"),
        ("5栋2单元4楼西,没水", "5栋2单元***,没水"),
        ("3号楼1203天天吵", "3号楼***天天吵"),
        ("我住3栋2单元12楼2号,楼上漏水", "我住3栋2单元***,楼上漏水"),
        ("3栋2单元12楼2号楼上漏水", "3栋2单元***楼上漏水"),
        ("3栋2单元1202号漏水", "3栋2单元***漏水"),
        ("3栋1202号", "3栋***"),
        ("三栋二单元十二楼二号", "三栋二单元***"),
        ("三栋一二〇二号吵", "三栋***吵"),
        ("3单元12层4号没水", "3单元***没水"),
        ("6号楼3单元8号", "6号楼3单元***"),
        ("6号楼7门8号", "6号楼7门***"),
        ("3栋2单元6楼左边", "3栋2单元***"),
        ("3栋2单元6楼左边漏水", "3栋2单元***漏水"),
        ("12F-2吵", "***吵"),
        ("3/2/1202漏水", "***漏水"),
        ("我是5栋2单元301的李红梅", "我是5栋2单元***的***"),
        ("3栋2单元1202,张伟", "3栋2单元***,***"),
        ("我姓李,叫李红梅", "我姓李,叫***"),
        ("老公王建国,电话13800001234", "老公***,电话***"),
        ("租户陈小明在楼道堆物", "租户***在楼道堆物"),
        ("电话1\u200b3\u200b8\u200b0\u200b0\u200b0\u200b0\u200b1\u200b2\u200b3\u200b4", "电话***"),
        ("1\ufe0f\u20e33\ufe0f\u20e38\ufe0f\u20e30\ufe0f\u20e30001234", "***"),
        ("8#1203楼上漏水", "8#***楼上漏水"),
    ],
)
def test_what_tells_who_somebody_is_goes_and_the_rest_stays(text: str, shown: str) -> None:
    assert redacted(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "3号楼电梯坏了两天", "2026年5月1日停水", "押金2000元没退", "楼下垃圾3天没清", "7栋2楼路灯不亮",
        "我叫了三次物业没人来", "我叫物业,物业不来", "我叫救护车,等了半天", "我叫人来修", "我是高层住户", "我是江苏人",
        "我是业主", "业主张贴了告示", "业主何时能入住", "业主向物业投诉", "业主付款后", "业主任意停车",
        "业主:物业不作为", "本人曾多次反映", "本人于昨日发现", "本人谢谢", "居民高空抛物", "负责人是谁",
        "联系人不接电话", "3号楼一二三层停电", "有三四户没水", "一座1000平米的停车场", "A座大厅灯不亮",
        "B座3楼电梯坏了", "3号楼", "5楼", "2-3天没水", "8#电梯", "8#2台电梯", "1#2#3#楼停水", "1-2-3号楼停水",
        "3-5号楼停电", "6-10日停水", "5-6楼漏水", "二单元4-6层停水", "2单元2-3天没水", "花了3-100元", "3-100.5",
        "8#300千瓦", "cam-3-402", "小区3号500多户没水", "小区12号2000元", "5楼东侧走廊灯坏", "四楼南北两户没水",
        "消防3号通道堵了", "3号线吵", "12号晚上停水", "5月12号", "1202号公交不停", "3单元12号晚上停电",
        "3栋5号车位被占", "3单元2号楼停电", "2单元5楼东侧走廊灯坏", "3/2/2026停水", "12F的灯坏了", "北门12号公交",
        "12楼2号电梯坏了", "老公马上来", "儿子高三,怕吵", "邻居常年堆物",
        "我是3栋的业主", "3号楼1栋12号前修好", "三单元5楼12号下午停水",
        "四楼东户型图", "东户漏水", "3栋1-2单元", "工单WO20260601-123456,5-6楼",
    ],
)  # fmt: skip
def test_what_happened_stays(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "👨\u200d👩\u200d👧在电梯里⚠\ufe0f", "3\ufe0f\u20e3号楼停电", "房间101、102、103停水", "1380/2000",
        "138,0000", "138,000,1234",
        "很新 iPhone12", "更新 Windows10", "换了新 LED灯1234只", "云 server1", "苏 ABCDEFG", "138/0000、1234",
    ],
)  # fmt: skip
def test_what_is_no_number_keeps_its_signs_and_what_nobody_sees(text: str) -> None:
    assert redacted(text) == text


def test_a_name_is_found_whatever_nobody_sees_stands_in_it() -> None:
    assert names_in("我叫王\u200b小\u200b明,漏水") == {"王小明"}
    assert redacted("我叫王\u200b小\u200b明,漏水") == "我叫***,漏水"


@pytest.mark.parametrize("before", ["联系方式", "请马上打", "拨打向", "江苏", "请打"])
def test_words_before_a_phone_are_no_name(before: str) -> None:
    assert redacted(f"{before}13800001234") == f"{before}***"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("WO20260601-123456 13800001234", "WO20260601-123456 ***"),
        ("WO20260601-1234567", "WO***"),
        ("2026-06-01 13800001234", "*** ***"),
        ("62222026-06-01", "***"),
        ("6222 2026-06-01", "***"),
        ("1990-03-07", "***"),
        ("苏A 13800001234", "苏A ***"),
    ],
)
def test_neither_an_order_nor_a_day_hides_a_number_beside_it(text: str, shown: str) -> None:
    assert redacted(text) == shown


@given(st.text(), st.from_regex(r"\A1[3-9][0-9]{9}\Z"), st.text(), st.sampled_from(["", ".", "-", " "]))
def test_no_text_around_it_hides_a_mobile_number(before: str, number: str, after: str, between: str) -> None:
    spelt = between.join((number[:3], number[3:7], number[7:]))
    assert number[3:] not in redacted(f"{before} {spelt} {after}").replace(between, "")


@given(st.text(max_size=700))
def test_it_is_as_short_as_asked_for(text: str) -> None:
    assert len(redacted(text, 60)) <= 60
    assert not any(char.isdigit() for char in redacted("电话13812345678" + text)[:5])


@given(st.from_regex(r"\A1[3-9][0-9]{9}\Z"), st.text("水电漏修,。 ", max_size=20), st.text("水电漏修,。 ", max_size=20))
def test_a_phone_goes_wherever_it_stands(phone: str, before: str, after: str) -> None:
    assert phone not in redacted(f"{before}{phone}{after}")


@pytest.mark.parametrize("beginning", ["我是", "姓名", "业主", "联系人是", "3单元", "1-"])
def test_blanks_without_end_take_no_time_by_their_cube(beginning: str) -> None:
    text = f"{beginning}{' ' * 4000}x"  # minutes, if it did: the test's own time limit would end it
    assert redacted(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("楼上602天天半夜吵", "楼上***天天半夜吵"),
        ("楼上602漏水到502", "楼上***漏水到502"),
        ("我住602", "我住***"),
        ("对门1502号养狗", "对门***养狗"),
        ("502的邻居半夜吵闹", "***的邻居半夜吵闹"),
        ("501业主反映漏水", "***业主反映漏水"),
        ("B座二十层2003", "B座二十层***"),
        ("房间号1201", "房间号***"),
        ("1202王女士家漏水", "***某女士家漏水"),
        ("投诉人:张伟", "投诉人:***"),
        ("4栋-2-502", "4栋-***"),
        ("3号楼2单元5楼右手边", "3号楼2单元***"),
    ],
)
def test_a_flat_that_stands_beside_what_says_so_goes(text: str, shown: str) -> None:
    assert redacted(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "楼下100米", "隔壁200平米", "楼上200瓦", "楼下500多人", "对面200号院", "家在12层", "楼下110来了",
        "住在2026年前的房子", "12345热线没有回复", "请拨打12345",
        "供水热线96116,物业24小时电话96333", "报修95598", "拨打120的邻居", "住户300家",
    ],
)  # fmt: skip
def test_a_number_beside_it_that_is_no_flat_stays(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [("姓名:          王小明", "姓名:          ***"), ("5  -    2  -    301 漏水", "*** 漏水"), ("402    室", "***室")],
)
def test_blanks_hide_nothing(text: str, shown: str) -> None:
    assert redacted(text) == shown
