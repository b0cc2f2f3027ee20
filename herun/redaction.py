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
_COMPOUND: Final = "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|司徒|夏侯|端木|南宫|宇文|长孙"
_TITLES: Final = "先生|女士|小姐|阿姨|大爷|大妈|大姐|大哥|奶奶|爷爷|阿婆|师傅|老师|医生|经理|主任"
_PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"
# What a surname begins and is no name: words, and verbs and prepositions with what they mostly stand before.
_WORDS: Final = (
    "高[一二三层空楼压温速度峰考中铁龄兴级新价血]|金[色额属融钱]|张[贴开望]|何[时地必况处人事]|常[年常用见住驻务]|马[上路桶达]"
    "|任[何意务性由]|万[一分般科达元]|方[便式法向面案才]|白[天色白跑班]|黄[色河山昏金]|石[头子材板油路]|江[苏西边南北湖]"
    "|田[园里地]|武[汉警术装]|龙[头湖]|雷[雨电击]|钱[款包财江]|孔洞|段[时路]|毛[坯病巾]|叶子|程[序度]|陈[旧年列述]"
    "|严[重格禁厉肃]|顾[客及]|史上|周[一二三四五六日天末围边期]|吴[中江]|郑[州重]|徐州|苏[州宁]|林[业立荫]|沈阳|杨[树梅浦]"
    "|胡[乱同子扯]|谢[谢绝]|唐[山突]|许[多可久诺]|韩国|董事|余[额款生下]|杜绝|丁字|钟[点头]|陆续|范围|夏[天季日]|陶瓷"
    "|莫[名非]|孙[子女]|李子|肖像|付[款钱费清出完]|戴[着口]"
    "|曾[经多在向反打去于和找被报电拨联投申试给就因]|于[是今昨前去上下本当近早晚周星凌一二三四五六七八九十月某]"
    "|向[物有相上前后社街居业政贵本各东南西北下左右外市区开阳]"
)
# After a surname these begin what comes after it, and so they do after a name of two.
_NO_NAME: Final = "了的吗呢吧啊呀过着得就都也还又很太是有把被给让这那哪我你您他她它们不没要想请说叫"
_AFTER_NAME: Final = f"{_NO_NAME}家住在于电手来从向对和与反投咨举报话号机码打拨为加"
_NAME: Final = (
    rf"(?:(?:{_COMPOUND})[^\W\d_a-zA-Z{_NO_NAME}](?:(?![{_AFTER_NAME}])[一-鿿])?"
    rf"|(?=[{_SURNAMES}])(?!{_WORDS})[一-鿿](?![{_NO_NAME}])[一-鿿](?:(?![{_AFTER_NAME}])[一-鿿])?)"
)
_PHONE: Final = r"(?:\+?\d(?:[\s-]?\d){6,18}|1[3-9]\d[.,/、]\d{4}[.,/、]\d{4})"
_OF_PLATE: Final = r"(?=(?:[A-Za-z]{0,2}\d){3})[A-Za-z0-9]{4,5}[A-Za-z0-9挂学警](?![A-Za-z0-9])"
_ENDS_NO_NAME: Final = "话号机码电打拨是为加路街区楼园室栋院村镇县市店厅门"  # what stands before a phone and is no name
_FIELDS: Final = "姓名|联系人|责任人|负责人|户主|报修人|报事人|投诉人|反映人|来电人|申请人|举报人|诉求人"
_CALLED: Final = (
    "物业|保安|门卫|救护|急救|警察|消防|外卖|快递|师傅|维修|开锁|电工|邻居|老公|家人|孩子|出租|滴滴|代驾|人"
)
_DIGITS: Final = "零〇一二三四五六七八九两"
# So many of these are no flat, but what begins with them and is another word.
_SO_MANY: Final = (
    r"(?!天[天花台]|家[里中的人装]|户[主内]|楼[上下]|多[次年日]|年年|日夜|平时|次卧|人家)"
    r"[年月日号栋楼层元米个平多余名人户家次条台辆天点分位期十百千万]"
)
_NO_UNIT: Final = rf"(?!\d|\.\d|[A-Za-z%°块度克升吨瓦伏安秒毫厘]|公[里斤]|{_SO_MANY})"  # what may stand after a flat
_FLOOR: Final = r"(?:(?<!\d)\d{1,2}|(?<![一二三四五六七八九十])[一二三四五六七八九十]{1,3})\s*[楼层]"
# 号 behind a flat, and not behind a day, a house or a thing that is numbered: 12号晚上, 3号楼, 2号电梯.
_NO_DAY_OR_THING: Final = (
    r"号(?!楼(?![上下])|[栋幢院线路车井泵桩机库灯杆箱柱岗桥池厅梯口门]|公交|地铁|通道|电梯|出口|入口|当天|那天|以[前后]|之[前后]|前"
    r"|起|开始|至|[上下中]午|早|晚|凌晨|夜)"
)
_SOME: Final = rf"(?:\d{{1,4}}|[{_DIGITS}十]{{1,4}})\s*{_NO_DAY_OR_THING}"
_SIDE_OF_FLOOR: Final = rf"{_FLOOR}\s*[东南西北中左右]{{1,2}}"
# Names stand behind these, too.
_KIN: Final = "老公|老婆|爱人|丈夫|妻子|媳妇|儿子|女儿|父亲|母亲|爸爸|妈妈|租户|租客|房客|房东|邻居|室友"
_NOBODY_NOW: Final = "(?=$|[^一-鿿]|[家住在电反投报说打])"  # what may stand behind such a name
_BESIDE: Final = r"(?:楼[上下]|隔壁|对[门面]|住在?|家[在是住]|门牌号?|房[间门]?号)"  # after these a number is a flat's
_HELP: Final = r"1(?:10|19|20|22)(?!\d)"  # whom people call
# A person's name is the group `name`. In this order: a phone behind a province and a letter is no plate, and what a
# plate ends with is no phone.
_PATTERNS: Final = (
    (rf"(?P<name>[{_SURNAMES}][一-鿿]{{0,2}}?)(?={_TITLES})", "某"),
    (rf"(?P<name>{_NAME})(?<![{_ENDS_NO_NAME}])(?={_PHONE})", ""),  # who is called: the phone's stars stand for both
    (
        rf"(?:(?<![一-鿿])|(?<=联系|[打电]给)|(?<=找))(?P<name>{_NAME})(?<![{_ENDS_NO_NAME}])(?=[\s:,(]{{1,2}}{_PHONE})",
        _GONE,
    ),
    (rf"({_PHONE}[\s:,(]{{0,2}})(?P<name>{_NAME})(?<![{_ENDS_NO_NAME}])(?![一-鿿])", rf"\1{_GONE}"),
    (rf"(我是[^,。\s]{{0,14}}\d\s*[室号房户]?的)(?P<name>{_NAME})", rf"\1{_GONE}"),
    (rf"((?:单元|栋|幢|楼|座)\s*\d{{3,4}}[室号房户]?[\s:,(]{{1,2}})(?P<name>{_NAME})(?![一-鿿])", rf"\1{_GONE}"),
    (rf"((?:{_KIN})\s*(?:叫|是|名叫)?)(?P<name>{_NAME}){_NOBODY_NOW}", rf"\1{_GONE}"),
    (rf"((?<![一-鿿])叫)(?P<name>{_NAME})(?![一-鿿])", rf"\1{_GONE}"),
    (r"[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", _GONE),  # mail
    (r"(?<!\d)(?:\+?86[\s.-]?)?1[3-9]\d[\s.-]?\d{4}[\s.-]?\d{4}(?!\d)", _GONE),  # mobile phones, with dots too
    (r"(?<!\d)(?:\+?86[\s.-]?)?1[3-9]\d\s?([,/、])\s?\d{4}\s?\1\s?\d{4}(?!\d)", _GONE),  # the same, with other signs
    (r"(?<!\d)0\d{2,3}\.\d{3,4}[\s.-]?\d{3,4}(?!\d)", _GONE),  # others with dots
    (rf"[{_PROVINCES}][A-Za-z][·.\s-]?[A-Za-z0-9]{{4,6}}[A-Za-z0-9挂学警]", _GONE),  # plates
    (rf"[{_PROVINCES}]\s[A-Za-z][·.\s-]?{_OF_PLATE}", _GONE),  # the same, with a blank: only what has their digits
    (r"((?:微信|QQ|qq|wx|WX|vx|VX)号?(?:是|为)?\s*:?\s*)[A-Za-z0-9_-]{4,}", rf"\1{_GONE}"),
    (r"\+?\d(?:[\s-]?\d){4,}[Xx]?", _GONE),  # phones, identity cards, accounts
    (r"[零〇一二三四五六七八九幺两]{5,}", _GONE),  # the same, spelt out
    (rf"\d{{1,3}}\s*[-–—#]\s*\d{{1,3}}\s*[-–—#]\s*\d{{1,4}}(?!\d|\s*#|{_SO_MANY})", _GONE),  # house, entrance, flat
    (rf"([栋幢座]\s*[-–—]\s*)\d{{1,2}}\s*[-–—]\s*\d{{3,4}}{_NO_UNIT}", rf"\1{_GONE}"),
    (rf"(?<![A-Za-z\d.:-])\d{{3,4}}(?=某(?:{_TITLES}))", _GONE),  # 1202王女士
    (rf"({_BESIDE}[是为:]?\s*)(?!{_HELP})\d{{3,4}}(?:{_NO_DAY_OR_THING}|{_NO_UNIT})", rf"\1{_GONE}"),
    (rf"(?<![A-Za-z\d.:-])(?!{_HELP}|\d{{1,2}}00)\d{{3,4}}(?=的?(?:邻居|业主|住户|租户|租客))", _GONE),
    (rf"(?<![A-Za-z\d.:-])\d\s*[-–—]\s*[1-9]\d\d{_NO_UNIT}", _GONE),  # house or entrance, flat; longer: as accounts
    (rf"(?<![A-Za-z\d])(\d{{1,3}}\s*#)\s*\d{{3,4}}(?!#){_NO_UNIT}", rf"\1{_GONE}"),
    (rf"([弄里巷街路村苑园坊区]\s*\d{{1,4}}号)\s*\d{{3,4}}{_NO_UNIT}", rf"\1{_GONE}"),
    (rf"(单元)\s*\d{{1,2}}\s*[-–—]\s*\d{{1,2}}{_NO_UNIT}", rf"\1{_GONE}"),  # floor, flat
    (rf"{_FLOOR}\s*{_SOME}", _GONE),
    (rf"(单元\s*|[\d{_DIGITS}十]\s*门\s*){_SOME}", rf"\1{_GONE}"),
    (rf"([栋幢楼]\s*|[A-Za-z\d]座\s*)(?:\d{{3,4}}|[{_DIGITS}]{{3,4}})\s*{_NO_DAY_OR_THING}", rf"\1{_GONE}"),
    (r"(?<![A-Za-z\d-])\d{1,2}\s*[Ff]\s*[-–—]\s*\d{1,2}(?![A-Za-z\d])", _GONE),
    (r"(?<![\d/])\d{1,2}/\d{1,2}/(?!(?:19|20)\d\d)\d{3,4}(?![\d/])", _GONE),  # house, entrance, flat, and no day
    (rf"{_SIDE_OF_FLOOR}[边侧]?\s*(?=户(?![型外]))", _GONE),
    (rf"(单元\s*){_SIDE_OF_FLOOR}手?[边侧]?(?=$|[^一-鿿]|[漏吵没停家住那在天总老])", rf"\1{_GONE}"),
    (rf"(单元|门|楼|层|栋|幢|[A-Za-z\d{_DIGITS}十]座)\s*[-–—/]?\s*\d{{3,4}}(?!\d|{_SO_MANY})", rf"\1{_GONE}"),
    (rf"(单元|楼|栋|幢|座)[{_DIGITS}]{{3,4}}(?![{_DIGITS}]|{_SO_MANY})", rf"\1{_GONE}"),
    (rf"(?<![{_DIGITS}])[{_DIGITS}]{{3,4}}(?=[室房])", _GONE),
    (r"[A-Za-z]?\d{1,4}\s*(室|房|户)", rf"{_GONE}\1"),
    # By a label: with a colon whatever stands there as a name stands, else only what begins with a surname.
    (rf"((?:{_FIELDS})\s*(?:是|为)?\s*:\s*)(?P<name>[一-鿿]{{2,4}})(?![一-鿿])", rf"\1{_GONE}"),
    (rf"((?:{_FIELDS}|我叫|名叫|我是|本人|业主|住户|居民)\s*(?:是|为|叫)?\s*:?\s*)(?P<name>{_NAME})", rf"\1{_GONE}"),
    (rf"(我叫|名叫)(?!{_CALLED})(?P<name>[^\W\d_a-zA-Z{_NO_NAME}]{{2,4}})(?![一-鿿])", rf"\1{_GONE}"),
)  # fmt: skip
# What looks like somebody's number and is nobody's: our own orders, numbers of public services (12345, 95598, 96333),
# and days of this century that no more digits follow than a time has.
_KEPT: Final = re.compile(
    r"(WO\d{8}-\d{6}(?!\d)|(?<![A-Za-z\d信号])(?<![A-Za-z\d][·.\s-])(?:12[0-9]|95\d|96\d)\d\d(?![\s.-]?\d)"
    r"|(?<!\d)(?<!\d[\s.-])20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?![\s.-]?\d(?!\d?:\d\d)))"
)
# What nobody sees, or only as a frame around what they see: chats copy it along, and it hides a number from patterns.
_UNSEEN: Final = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u20dd-\u20e0\u20e2-\u20e4\ufe00-\ufe0f\ufeff"
    "\U000e0001-\U000e007f]+"
)
# Blanks are never given back (`*+`): beside what may be left out that would take time by the cube of their number.
_COMPILED: Final = [(re.compile(pattern.replace(r"\s*", r"\s*+")), instead) for pattern, instead in _PATTERNS]


def redacted(text: str, max_chars: int | None = None) -> str:
    """The text without phones, plates, accounts, addresses of mail, flats and names that stand where names stand.

    Numbers of our own orders and dates stay. Full-width characters become usual ones. A name that stands alone is not
    found; what begins like a name and is none may go with the names. If anything goes, so do characters that nobody
    sees. With `max_chars`, the rest is left out.
    """
    usual = unicodedata.normalize("NFKC", text)
    seen = _UNSEEN.sub("", usual)
    # One group: what is kept stands at every second place.
    clean = "".join(part if n % 2 else _without(part) for n, part in enumerate(_KEPT.split(seen)))
    if clean == seen:
        clean = usual
    return clean if max_chars is None or len(clean) <= max_chars else f"{clean[: max_chars - 1]}…"


def _without(text: str) -> str:
    for pattern, instead in _COMPILED:
        text = pattern.sub(instead, text)
    return text


def names_in(text: str) -> set[str]:
    """The names that `redacted` finds in a text: where several texts are shown, they can be taken out of all."""
    found: set[str] = set()
    for part in _KEPT.split(_UNSEEN.sub("", unicodedata.normalize("NFKC", text)))[::2]:
        rest = part
        for pattern, instead in _COMPILED:
            if "name" in pattern.groupindex:
                found |= {match["name"] for match in pattern.finditer(rest)}
            rest = pattern.sub(instead, rest)
    return found
