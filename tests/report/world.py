"""Sixty languages' worth of results, put together without a run: what a large report is made of."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace

from selftranslate.metrics import Score
from selftranslate.protocol import Outcome, Protocol, cells
from selftranslate.report import Findings, Result, sampled, table
from selftranslate.report.evidence import Evidence, gather
from selftranslate.training import Run

from .conftest import RUNS, SETTINGS, Laid

FAMILIES = {
    "Germanic": "de German, nl Dutch, sv Swedish, da Danish, nb Norwegian Bokmål, is Icelandic, af Afrikaans",
    "Romance": "fr French, es Spanish, it Italian, pt Portuguese, ro Romanian, ca Catalan",
    "Slavic": "ru Russian Cyrl, pl Polish, cs Czech, uk Ukrainian Cyrl, bg Bulgarian Cyrl, sl Slovenian",
    "Baltic": "lt Lithuanian, lv Latvian",
    "Hellenic": "el Greek Grek",
    "Celtic": "cy Welsh, ga Irish",
    "Indo-Aryan": "hi Hindi Deva, bn Bengali Beng, ur Urdu Arab, mr Marathi Deva, gu Gujarati Gujr, pa Punjabi Guru",
    "Iranian": "fa Persian Arab, ku Kurdish",
    "Dravidian": "ta Tamil Taml, te Telugu Telu, ml Malayalam Mlym, kn Kannada Knda",
    "Turkic": "tr Turkish, az Azerbaijani, kk Kazakh Cyrl, uz Uzbek",
    "Uralic": "fi Finnish, hu Hungarian, et Estonian",
    "Semitic": "ar Arabic Arab, he Hebrew Hebr, am Amharic Ethi",
    "Sinitic": "zh Chinese Hans",
    "Austroasiatic": "vi Vietnamese, km Khmer Khmr",
    "Tai": "th Thai Thai, lo Lao Laoo",
    "Austronesian": "id Indonesian, ms Malay, tl Tagalog, jv Javanese",
    "Bantu": "sw Swahili, zu Zulu",
    "Mongolic": "mn Mongolian Cyrl",
    "": "ja Japanese Jpan, ko Korean Kore, ka Georgian Geor",
}  # fmt: skip
"""Family -> codes, names and scripts, one that is not Latin; "" has those without a family."""


def spoken() -> list[tuple[str, str, str, str]]:
    """List code, name, family and script, in an order that is not the families'."""
    found = []
    for family, listed in FAMILIES.items():
        for one in listed.split(", "):
            code, *words = one.split()
            script = words.pop() if len(words) > 1 and words[-1] != "Bokmål" else "Latn"
            found.append((code, " ".join(words), family, script))
    return sorted(found)


def world(
    count: int = 60, runs: Sequence[Run] = RUNS, settings: Sequence[str] = SETTINGS
) -> Result:
    """Return a result with so many languages; past sixty they come again under other codes."""
    names = spoken()
    found = {}
    for place in range(count):
        code, name, family, script = names[place % len(names)]
        again = place // len(names)
        found[code + "x" * again] = _findings(
            (f"{name} {again + 1}" if again else name, family, script), place, runs, settings
        )
    return Result(
        task="gsm8k", metric="accuracy", fields=("question", "answer"),
        recipe={"task": "gsm8k", "model": "meta-llama/Llama-2-7b-hf", "source": "en"},
        languages=found,
    )  # fmt: skip


def _findings(
    told: tuple[str, str, str], seed: int, runs: Sequence[Run], settings: Sequence[str]
) -> Findings:
    chance = random.Random(seed)
    bleu = max(0.01, min(0.5, chance.gauss(0.24, 0.13)))
    start = 0.12 + 0.4 * bleu + chance.gauss(0, 0.02)
    outcomes = {
        setting: [
            Outcome(run=run, validation=score, test=score)
            for run in runs
            for score in [start + (0.3 * bleu - 0.03) * (1.2 * bool(at) - 0.2 * (at == 1)) + chance.gauss(0, 0.015)]
        ]
        for at, setting in enumerate(settings)
    }  # fmt: skip
    if seed % 23 == 7:
        lost = outcomes[settings[-1]]
        lost[0] = replace(
            lost[0], validation=math.nan, test=math.nan, diverged="the loss is NaN at step 7"
        )
    kept = round(300 * min(0.97, 0.5 + bleu))
    rest = 300 - kept
    name, family, script = told
    kind = "bleu_char" if name in {"Thai", "Khmer", "Lao"} else "bleu"
    return Findings(
        language=name,
        family=family,
        script=script,
        quality=(
            Score(name=kind, value=bleu, signature=f"BLEU|nrefs:1|case:mixed|tok:{kind}|n:250"),
            Score(name="chrf", value=min(1.0, bleu + 0.22), signature="chrF2|nrefs:1"),
        ),
        kept=kept,
        dropped={
            "complete: answer ended by length": rest - rest // 3,
            "length_ratio: question too long": rest // 3,
        },
        cells=cells(outcomes, Protocol(keep=min(4, len(runs)))),
        metric="accuracy",
        signature="final_number|n:250",
    )


def shown(laid: Laid, result: Result) -> Evidence:
    """Return a laid store's evidence, its languages dealt out to those of a result."""
    found = gather(laid.archive, laid.made, laid.result, "../..")
    settings = table.settings(result)
    real, most = list(found.translations), sampled.rows(len(result.languages))
    deal = {code: real[place % len(real)] for place, code in enumerate(result.languages)}
    return replace(
        found,
        translations={
            code: replace(found.translations[one], rows=found.translations[one].rows[:most])
            for code, one in deal.items()
        },
        answers={
            code: replace(found.answers[one], questions=found.answers[one].questions[:most])
            for code, one in deal.items()
        },
        curves={
            code: tuple(curve for curve in found.curves[one] if curve.setting in settings)
            for code, one in deal.items()
        },
        tokens={code: found.tokens[one] for code, one in deal.items()},
    )
