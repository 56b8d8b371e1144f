"""Drop what a model says about the task instead of doing it: preambles, notes and apologies."""

from __future__ import annotations

import regex

from selftranslate.filters import EachText, Filter, Text

_PREAMBLE = regex.compile(
    r"^\W*(?:(?:sure|certainly|of course|okay|absolutely)\b[\s,.!:]*)?"
    r"(?:here(?:['’]s| is| are)\b.{0,40}\btranslat\w+"
    r"|(?:the|my|a)\s.{0,30}\btranslation\b.{0,60}(?:\bis\b|:)"
    r"|translat(?:ion|ed)\b.{0,40}:)",
    regex.IGNORECASE,
)
_WORDS = (
    # Germanic, Romance, Slavic, Baltic
    "übersetz|vertaling|översättning|oversettelse|oversættelse|þýðing|traduc|traduç|traduz|tradui|"
    "перевод|переклад|превод|tłumaczeni|překlad|preklad|prijevod|prevod|vertim|tulkojum|"
    # others of Europe and the Near East
    "μετάφραση|fordítás|käännös|tõlge|itzulpen|çeviri|tərcümə|ترجم|תרגום|թարգմանութ|თარგმან|"
    # South and East Asia, Africa
    "अनुवाद|भाषांतर|অনুবাদ|ترجمہ|மொழிபெயர்|అనువాద|翻译|翻譯|译文|譯文|翻訳|訳|번역|คำแปล|แปลว่า|แปลเป็น|"
    "bản dịch|terjemahan|salin|tafsiri|vertaal"
)
_ABOUT = regex.compile(rf"^.{{0,60}}(?:{_WORDS}).{{0,40}}[:：]", regex.IGNORECASE)
"""Something about translating at the beginning, and a colon."""

_APOLOGY = regex.compile(
    r"""^\W*(?:
    (?:i['’]m\ sorry | i\ am\ sorry | sorry | i\ apologi[sz]e | unfortunately | i\ can(?:no|['’])t
      | i\ am\ unable | i['’]m\ unable | i\ am\ not\ able | as\ an?\ (?:ai|language\ model))\b
    | (?:(?:es\ )?tut\ mir\ leid | entschuldigung | leider\ kann\ ich | als\ (?:ki|sprachmodell))\b
    | (?:je\ suis\ désolée? | désolée? | en\ tant\ qu['’](?:ia|assistant|modèle))\b
    | (?:lo\ siento | lamento | como\ (?:ia|modelo\ de\ lenguaje))\b
    | (?:извините | простите | к\ сожалению,\ я | мне\ жаль | как\ языковая\ модель)\b
    | 对不起 | 很抱歉 | 抱歉 | 對不起
    | 作为.{0,4}(?:人工智能|语言模型) | 作為.{0,4}(?:人工智慧|語言模型)
    | 申し訳 | すみません | 죄송 | ขออภัย | ขอโทษ | क्षमा\ करें | माफ़\ करें | عذرا | آسف
    )""",
    regex.IGNORECASE | regex.VERBOSE,
)
"""In English, German, French, Spanish, Russian, Chinese, Japanese, Korean, Thai, Hindi, Arabic."""

_EXCUSED = regex.compile(
    r"\b(?:sorry|apolog|unfortunate|regret|forgive|pardon|excuse|afraid|can(?:no|['’ ])t|"
    r"unable|not able|as an? (?:ai|language model))",
    regex.IGNORECASE,
)
"""What lets a source begin with an apology."""

_NOTE = regex.compile(
    r"\n\W*(?:(?:translator['’]s )?note|anmerkung|hinweis|remarque|nota|примечание|注|備考|หมายเหตุ)"
    r".{0,20}[:：]",
    regex.IGNORECASE,
)


def build() -> Filter:
    """Keep a text that is a translation and nothing else.

    What its source says too is no remark of the model: a letter may begin with "I'm sorry".
    """
    return EachText(_check, {"rules": 1})


def _check(source: Text, target: Text) -> str | None:
    before, after = source.said, target.said
    about = _PREAMBLE.match(after) or _ABOUT.match(after)
    if about and not (regex.search("(?i)translat", before) or _ABOUT.match(before)):
        return "begins with a preamble"
    names = (target.language.name, target.language.native, target.language.code)
    label = rf"^\W*(?i:{'|'.join(regex.escape(name) for name in names if name)})\s*[:：]"
    if regex.match(label, after) and not regex.match(r"\W*[\p{L} ]+\s*[:：]", before):
        return "begins with a preamble"
    if _APOLOGY.match(after) and not (_EXCUSED.search(before) or _APOLOGY.match(before)):
        return "refuses"
    if _NOTE.search(after) and not _NOTE.search(before):
        return "adds a note"
    return None
