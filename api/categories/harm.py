"""Finds what a keyword cannot: that somebody is hurt, attacked or missing, and that a fire is only feared. Pure.

Keywords say what a matter is about: a lift, a tree, a cesspit. That a hand is caught in it, that somebody lies under it
or fell into it comes before that, whatever else a sentence says. Texts are plain ones, with a space between clauses.
"""

from __future__ import annotations

import re
from typing import Final

_NEXT: Final = "[^ ]{0,2}"
_NEAR: Final = "[^ ]{0,4}?"
_FAR: Final = "[^ ]{0,8}?"
# What has not happened, or might.
_MAYBE: Final = (
    "差点|差一点|差些|险些|怕(?!是|不是)|担心|会|容易|可能|万一|如果|一旦|没(?!人[修管理来])|防|避免|以免|免得|当心|小心"
    "|别|迟早|早晚|不敢|不要|经常|时常|常有|老有"
)
_ON: Final = rf"(?:(?!把|将|推|轮椅|{_MAYBE})[^ ]){{0,6}}?"  # on in the clause, and nobody does it to a thing
_FRAIL: Final = (
    "孩|娃|囡|宝宝|宝贝|女儿|儿子|闺女|弟弟|妹妹|孙|侄|外甥|老人|老头|老太|老伴|爷爷|奶奶|外公|外婆|大爷|大妈|阿婆"
    "|婆婆|母亲|父亲|爸|妈"
)
_WHO: Final = (
    rf"(?:{_FRAIL}|(?<!没)人(?![家行民工员脸群])|行人|工人|路人|[我他她](?![的家们车])|师傅|学生|同学|小朋友|小伙|姑娘|大姐|大哥"
    "|阿姨|[叔伯姨弟妹]|女的|男的|女子|男子|女士|先生|邻居|保安|保洁|[理电木瓦漆洁卫装]工|工友|老公|老婆|媳妇|丈夫|妻子"
    "|老师|骑手|业主(?!群)|住户|居民|租客|租户|房东|快递员|外卖员|乘客|游客|司机)(?!的|楼)"
)
# Of a body, and no 扶手, 石头 or 人脸(识别).
_BODY: Final = (
    "(?:(?<![扶把二拉助对])手|[脚腿]|胳膊|脖子|(?<![砖石里龙街码木镜插喷水前后外口枕线接])头(?![条顶])|(?<!人)脸|身上"
    "|肚子|胸口)"
)
_HIT: Final = "[压砸撞夹埋炸烧烫砍捅刺扎绞轧勒]"
_DONE: Final = "[到中着伤倒死住断在晕进穿]"

# What somebody up there lets fall, and does not fall with it.
_THING: Final = "[^ ]{0,4}?(?:东西|花盆|垃圾|烟头|瓶|砖|玻璃|衣服|杯子|玩具|手机)"

_FALLS: Final = (
    rf"{_WHO}{_ON}(?:掉[进入到]|掉下(?!{_THING})|掉[^ ]{{1,3}}里|掉(?!{_THING})[^ ]{{1,3}}下|[摔跌滑][进下落])",
    rf"{_WHO}{_ON}(?:滑到|沉底|栽[倒到地在]|倒地|倒下[了去])",
    rf"{_WHO}倒了(?= |$)",
    rf"(?:{_FRAIL}){_ON}[摔滑绊跌]倒(?:[了在]| |$)",
    rf"{_WHO}{_ON}(?:[摔跌][断伤]|[摔跌滑绊撞]{_NEXT}骨折)",
    rf"[掉摔跌滑][进入下落][去来]?了?[一两三四五几][个名位]{_NEAR}{_WHO}",
    rf"[漂躺]着{_NEAR}{_WHO}",
    rf"{_WHO}{_ON}[倒躺]在{_FAR}(?:不动|没有?反应|没有?知觉|不醒|哼)",
)
_IS_STUCK: Final = (
    rf"{_WHO}{_ON}(?:卡[在进住](?!哪|什么)|埋在|困在(?!电梯|轿厢)|[吊悬]在|动不了|起不来|不起来)",
    rf"(?:{_FRAIL}|人){_ON}(?:出不|没出)来",
    rf"{_BODY}{_ON}[夹卡压绞砸扎轧勒][住在进到断伤破穿]",
)
_IS_ILL: Final = (
    rf"{_WHO}{_ON}(?:中[毒暑]|触电|电[到倒击着]|昏|晕|没气|不省人事|误[吞食服喝]|[喝吞]了?农药|没有?(?:呼吸|知觉|意识)|心脏骤停)",
    "服毒|吃错了?药|吞[了下进]*[^ ]{0,3}(?:电池|硬币|钉子|玻璃|磁铁|别针)",
    "头破血流|[昏晕]过去|被电了|[叫喊][不他她]{1,2}[醒应]|口吐白沫|抽搐|休克",
    rf"{_BODY}{_NEAR}(?:[全都][是有]?|[是流满淌]){_NEXT}血|满[脸头身]{_NEXT}血",
    r"流了?[^ ]{1,3}血|[一满][滩地摊][都是]*血|血流[不满一]",
)
_SMALL: Final = "[蚊虫蚁蚤]"  # bites that need no ambulance
_IS_HIT: Final = (
    rf"{_WHO}{_ON}(?:被(?!子)|让|遭){_ON}(?:(?:{_HIT}|打)(?:{_DONE}|[昏了])|埋|电[到倒击着]|反?锁在)",
    rf"[把将][^ ]{{0,6}}?{_WHO}{_ON}(?:(?:{_HIT}|打)(?:{_DONE}|昏)|[撞轧]了)",
    rf"(?:(?:{_HIT}|电){_DONE}+了?|[压埋撞轧]了|打[伤倒晕昏破断在]了?){_NEAR}(?:{_WHO}|{_BODY})(?!的)",
    rf"被[^ ]{{1,6}}打[伤晕昏断]|撞[倒到伤]?人了|{_WHO}{_ON}(?:被|让|遭)(?![^ ]{{0,2}}{_SMALL})[^ ]{{0,4}}咬[到了伤住]",
    rf"(?<!{_SMALL})(?<!{_SMALL}子)咬[到了伤住]了?{_NEAR}(?:{_WHO}|{_BODY})(?!的)",
    rf"人{_NEAR}(?:受伤|[烧烫炸砸砍捅][伤死])|[撕咬扯][烂掉]",
)
_IS_ATTACKED: Final = (
    rf"[持拿提拎举抡挥]{_NEAR}[刀斧](?![片具架])|刀{_NEAR}砍(?![得骨柴树价])|砍人|[对互]砍|互殴|追[打砍杀]|捅[人了]|往死里",
    rf"行凶|杀人|要杀|[弄打砍][死残][我他她你]|[砸踹撬]{_NEAR}门{_NEAR}[打杀砍]|冲进人群|泼{_NEXT}汽油|纵火",
    rf"劫持|绑架|抢劫|抢钱|抢[^ ]{{1,6}}的?包(?!间)|强行[拉拖抱带]|[拉拖拽][上进]{_NEXT}车",
    rf"(?:小偷|贼|盗窃的?|歹徒|劫匪|强盗){_ON}(?:还在|还没走|正在|在里面|进[屋门家来]|[爬翻闯]进|躲在|在{_NEXT}[屋家房厅])",
    rf"正在{_NEXT}[偷撬]|[偷撬]{_NEAR}正在|[家屋]里?{_NEAR}闯[进入]|闯[进入]{_NEXT}[家屋]",
)
_IS_MISSING: Final = (
    rf"(?:{_FRAIL}|老年|痴呆|有?人){_ON}{_ON}(?:走[失丢]|失踪|不见了|[没未][回到][来家]|找不[到着]人)",
    r"(?<![家本])[人孩娃]子?丢了|走散了",
    rf"(?:{_FRAIL}){_FAR}(?:出去|出门|放学|遛弯|散步|走)[\w ]{{0,16}}?(?:[没未][回到][来家]|没找[到着见]|找不[到着见])",
)
_HARM: Final = re.compile(
    "|".join(f"(?:{each})" for each in (*_FALLS, *_IS_STUCK, *_IS_ILL, *_IS_HIT, *_IS_ATTACKED, *_IS_MISSING))
)
_NOW: Final = "现在|刚(?!好)|今天|今早|今晚|正(?![常门好确规式])"
_CALLED_OFF: Final = re.compile(rf"(?:{_MAYBE})(?:(?!{_NOW})[^ ]){{0,6}}$")
_LOOK_BACK: Final = 12  # characters before a find in which it may be called off
_ASKED: Final = re.compile(rf"{_NEAR}(?:过(?!去|来)|的危险|谁负责|哪个负责|算谁|得了|(?<!了)[怎咋]么?办)")
_ABOUT_PAPERS: Final = re.compile("赔偿|赔钱|办理|咨询|手环")
_LONG_OVER: Final = re.compile(rf"(?:上次|上回|上个?月|去年|前年|前几天|以前|之前|曾经)(?!.*(?:{_NOW}))")
_CLAUSE: Final = 30  # characters on either side that are looked at, where no stop is set

_KIN: Final = (
    "(?:老公|丈夫|前[夫妻]|男朋友|男友|老婆|妻子|爱人|老伴|媳妇|继父|继母|后[爸妈爹]|[爸妈爹]|父亲|母亲|父母|婆婆|公公|婆家人?|儿子"
    "|儿媳妇?|女婿|我[哥弟姐妹])"
)
_HIM: Final = rf"(?:自己|家里?|亲生?)?的?(?:[我他她](?![家们车的电])|{_KIN}|{_FRAIL}|女的)"
_STRIKES: Final = "(?:打(?![电车球牌工开扫针水雷麻0])|砍|捅|杀|掐|揍|踹|踢|推[倒下]|虐待)"
_STRIKES_WHOM: Final = f"{_STRIKES}[伤死昏晕残骂断倒了着过]*"
_DOES: Final = "(?:(?!被|让|遭|和|跟)[^ ])"
_SPOUSE: Final = "(?:自己的?)?(?:老婆|妻子|媳妇|丈夫|老公)"
# Who of the family does it to whom; who it is done to is named with 把 or 被, or after it.
_AT_HOME: Final = re.compile(
    rf"家暴|家庭暴力|虐待(?!{_NEAR}[猫狗动])|(?:夫妻|夫妇|两口子|父子|母子|婆媳){_NEAR}(?:{_STRIKES}|互殴)"
    rf"|(?:被|让|遭){_NEXT}{_KIN}{_FAR}(?:{_STRIKES}|烫|砸)"
    rf"|{_KIN}{_DOES}{{0,8}}(?: {_DOES}{{0,4}})?(?:[把将]{_HIM}{_NEAR}(?:{_STRIKES}|烫|砸)|{_STRIKES_WHOM}{_HIM})"
    rf"|[把将]{_SPOUSE}{_NEAR}{_STRIKES}|{_STRIKES_WHOM}{_SPOUSE}"
)

_FIRE: Final = "(?:着火|着了火|起火|起了火|失火|火灾|燃烧|自燃|烧起来|爆炸|爆燃|炸了?)"
_FEAR: Final = (
    "怕(?!是|不是)|担心|万一|(?<!主)要是|如果|假如|一旦|防止|预防|以免|避免|容易|哪天|迟早|早晚|(?<!当)真的?"
    "|会(?!不会是)"
)
_NO: Final = "(?:没有?|未|(?<![是怕])不是)[^ ]?|[打点]不?"  # 打不着火 is said of a stove
_FEARED: Final = re.compile(
    rf"((?:{_FEAR}){_FAR}|{_NO}){_FIRE}(?!了(?: |$|快|救|赶))"
    rf"|(出?了?)(?:炸了(?=[怎咋]么?办)|{_FIRE}了?(?=谁负责|哪个负责|算谁))"
)


def harm_in(text: str) -> str | None:
    """The part of a plain text that says that somebody is hurt, attacked or missing; None if none does.

    What nearly happened, may happen or is long over is none.
    """
    if _ABOUT_PAPERS.search(text):
        return None
    for found in _HARM.finditer(text):
        start, end = found.span()
        called_off = _CALLED_OFF.search(text, max(0, start - _LOOK_BACK), start) or _ASKED.match(text, end)
        if not (called_off or _is_long_over(text, start, end)):
            return found[0]
    return None


def is_at_home(text: str) -> bool:
    """True if a plain text says that one of a family strikes another, or that there is violence at home."""
    return bool(_AT_HOME.search(text))


def without_fears(text: str) -> str:
    """The plain text without fires that are only feared, or are none: 怕, 万一 and 没有 stay, 着火 goes."""
    return _FEARED.sub(lambda found: f"{found[1] or found[2] or ''} ", text)


def _is_long_over(text: str, start: int, end: int) -> bool:
    """True if the clause says so: in another one it is said of an earlier report, or of what nobody mended."""
    before = text[max(0, start - _CLAUSE) : start].rpartition(" ")[2]
    after = text[end : end + _CLAUSE].partition(" ")[0]
    return bool(_LONG_OVER.search(before + text[start:end] + after))
