"""How a tokenizer writes languages: tokens a character, and whether the closing mark is found."""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from selftranslate import languages, model
from selftranslate.decoding.ending import Ending, decode
from selftranslate.doctor import Line

MANY = 3.0
"""Times the tokens of English: then eight shots and a text may not fit, and all takes longer."""

ENDS = ("", ".", "!", ":", ")", '."', "。", " ")
"""What a translation may end in, before its closing mark."""

PLACES = ("DE", "EG", "CN", "ES", "FR", "GB", "GR", "IN", "IT", "JP", "NO", "RU", "TH", "UA", "VN")
TONGUES = ("ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "ru", "th", "tr", "vi", "zh")


def lines(tokens: Any, codes: Sequence[str]) -> Iterator[Line]:
    """Measure some languages against English."""
    english = _count(tokens, phrases("en"))
    what = f"{len(phrases('en'))} dates, measures, countries and languages, as Unicode's CLDR"
    yield Line("measured on", "ok", f"{what} writes them in each language")
    for code in codes:
        yield _language(tokens, code, english)


def phrases(code: str) -> list[str]:
    """Return the same dates, spans of time, measures, countries and tongues in a language.

    They are the Unicode Consortium's, as Babel has them; none if it lacks some of a language's.
    """
    from babel import Locale, UnknownLocaleError, dates, units

    try:
        locale = Locale.parse(code.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return []
    if not {*PLACES} <= {*locale.territories} or not {*TONGUES} <= {*locale.languages}:
        return []
    day, hours = datetime.date(2026, 11, 21), datetime.timedelta(hours=3)
    return [
        *(dates.format_date(day.replace(month=m), "full", locale=locale) for m in range(1, 13)),
        *(
            dates.format_timedelta(n * hours, 0.9, add_direction=True, locale=locale)
            for n in (1, -1, 20, -40, 900)
        ),
        *(
            units.format_unit(12, unit, locale=locale)
            for unit in ("length-kilometer", "mass-kilogram", "duration-minute", "volume-liter")
        ),
        *(locale.territories[place] for place in PLACES),
        *(locale.languages[tongue] for tongue in TONGUES),
    ]


def fence(tokens: Any, mark: str, codes: Sequence[str]) -> Line:
    """Let the rule that ends translations read texts with the closing mark, token by token."""
    eos = frozenset() if tokens.eos_token_id is None else frozenset({tokens.eos_token_id})
    ending = Ending(tokens, eos, mark)
    texts = [phrases(code)[0] + end for code in codes if phrases(code) for end in ENDS]
    lost, merged = [], set()
    for text in texts:
        ids = model.encode(tokens, f"{text}{mark}\n")
        read = _until(ending, ids)
        # A sign the tokenizer does not know is the language's line, not the mark's.
        known = decode(tokens, ids).partition(mark)[0]
        if read is None or ending.text(ids[:read], "fence").strip() != known.strip():
            lost.append(text)
        elif (last := decode(tokens, [ids[read - 1]])) != mark:
            merged.add(last)
    if lost:
        advice = "translations of this model would not end where they should; take another model"
        return Line("closing mark", "do", f"{mark} is lost behind {lost[0]!r}", advice)
    inside = f", merged with its neighbours into {len(merged)} tokens" if merged else ""
    return Line("closing mark", "ok", f"{mark} is found behind {len(texts)} texts{inside}")


def _until(ending: Ending, ids: Sequence[int]) -> int | None:
    """Return after how many tokens the mark is seen, or None if it never is."""
    for length in range(1, len(ids) + 1):
        if ending.reached(ids[:length], 1 << 30) == "fence":
            return length
    return None


def _language(tokens: Any, code: str, english: int) -> Line:
    about, said = languages.get(code).name, phrases(code)
    if not said:
        return Line(about, "ok", "not measured: Babel knows too little of it")
    count, characters = _count(tokens, said), sum(map(len, said))
    times = count / english
    found = f"{count / characters:.2f} tokens a character, {times:.1f} times English's tokens"
    if wrong := [text for text in said if not _writes(tokens, text)]:
        advice = "take a model that has read this language"
        return Line(about, "do", f"the tokenizer cannot write it, e.g. {wrong[0]!r}", advice)
    if times > MANY:
        advice = "a text takes as much longer, and more of the context; give fields more tokens"
        return Line(about, "warning", found, advice)
    return Line(about, "ok", found)


def _count(tokens: Any, texts: Sequence[str]) -> int:
    return sum(len(model.encode(tokens, text)) for text in texts)


def _writes(tokens: Any, text: str) -> bool:
    """Say whether a text comes back; spaces at its ends and Unicode's other forms do not count."""
    back = decode(tokens, model.encode(tokens, text))
    return (
        unicodedata.normalize("NFKC", back).strip() == unicodedata.normalize("NFKC", text).strip()
    )
