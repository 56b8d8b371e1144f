"""report.html: one page that needs no network; it can be read without its script."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.resources import files
from typing import Any, TypeVar

from selftranslate import __version__, languages
from selftranslate.report import Result, answers, by_language, groups, sampled, summary, table
from selftranslate.report.evidence import Evidence
from selftranslate.report.plots import (
    Absent,
    Plot,
    bars,
    dropped,
    endings,
    gain,
    losses,
    ratios,
    tokens,
)
from selftranslate.report.provenance import STAGES, Spent
from selftranslate.visible import visible

T = TypeVar("T")
FOLDER = files("selftranslate.report") / "html"
GENERATOR = f"selftranslate {__version__}"
MOST, LARGE = 2_940_000, 4_800_000
"""Bytes of a page, and of one with many languages."""
WARNINGS = 6
"""Shown at once; the others are folded."""
PLOTS = (bars, dropped, gain, ratios, losses, endings, tokens)
ICONS = {"gain": "▲", "loss": "▼", "none": "■"}


@dataclass(frozen=True, slots=True)
class Times:
    """The table of times and tokens."""

    languages: tuple[str, ...]
    stages: tuple[str, ...]
    cells: Mapping[tuple[str, str], Spent]


def write(result: Result, evidence: Evidence | None = None) -> str:
    """Return the whole report as one HTML page; data is always escaped.

    If it would be too large, the longest texts are cut.
    """
    result = groups.arranged(result)
    shown = _arranged(evidence or Evidence(), result)
    drawn = [plot.draw(result, shown) for plot in PLOTS]
    whole = _write(result, shown, drawn, None)
    spare = len(whole.encode()) - (LARGE if groups.many(result) else MOST)
    if spare <= 0:
        return whole
    return _write(result, shown, drawn, sampled.longest(_texts(shown), spare))


def _write(
    result: Result, shown: Evidence, drawn: Sequence[Plot | Absent], limit: int | None
) -> str:
    import jinja2
    from markupsafe import Markup

    many = groups.many(result)
    style, script = _dress("css", many), _dress("js", many)
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (FOLDER / name).read_text("utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda v: visible(v) if isinstance(v, str) and not isinstance(v, Markup) else v,
    )
    environment.filters["right"] = answers.right
    return environment.get_template("page.html.j2").render(
        result=result,
        evidence=shown,
        table=table,
        many=many,
        by_language=by_language,
        summary=summary,
        groups=groups,
        warnings=WARNINGS,
        shown_rows=sampled.rows(len(result.languages)),
        plots=[plot for plot in drawn if isinstance(plot, Plot)],
        absent=[plot for plot in drawn if isinstance(plot, Absent)],
        style=Markup(style),
        script=Markup(script),
        policy=policy(style, script),
        generator=GENERATOR,
        limit=limit,
        pieces=sampled.pieces,
        inside=sampled.inside,
        outcome=lambda code: outcome(result, code),
        icons=ICONS,
        stages=STAGES,
        times=_times(shown),
        source=str(result.recipe.get("source", "en")),
        name=lambda code: languages.get(code).name,
        reasons=_reasons(shown),
        duration=duration,
        size=lambda count: f"{count / 2**30:.1f} GiB" if count else "unknown",
        recipe=json.dumps(result.recipe, indent=2, ensure_ascii=False),
        svg=Markup,
    ) + "\n"  # fmt: skip


def _arranged(evidence: Evidence, result: Result) -> Evidence:
    """Bring what was found into the order of the table."""

    def ordered(found: Mapping[str, T]) -> dict[str, T]:
        return {code: found[code] for code in result.languages if code in found}

    return replace(
        evidence,
        translations=ordered(evidence.translations),
        answers=ordered(evidence.answers),
        curves=ordered(evidence.curves),
        tokens=ordered(evidence.tokens),
    )


def _dress(kind: str, many: bool) -> str:
    """Return the page's style or script, with what only many languages need."""
    names = [f"page.{kind}", *([f"many.{kind}"] if many else [])]
    return "\n".join((FOLDER / name).read_text("utf-8").strip() for name in names)


def policy(style: str, script: str) -> str:
    """Return the content security policy: nothing but the page's own style and script."""
    named = {
        kind: "'sha256-" + b64encode(sha256(text.encode()).digest()).decode() + "'"
        for kind, text in (("style", style), ("script", script))
    }
    return (
        f"default-src 'none'; style-src {named['style']}; script-src {named['script']}; "
        "base-uri 'none'; form-action 'none'"
    )


def outcome(result: Result, code: str) -> str:
    """Say in a word what the verdict says."""
    _, comparison = table.best_compared(result.languages[code])
    if comparison is None or not (comparison.better or comparison.worse):
        return "none"
    return "gain" if comparison.better else "loss"


def duration(seconds: float | None) -> str:
    """Return a time as people say it.

    >>> [duration(each) for each in (None, 0.03, 12.3, 291, 7260)]
    ['–', '< 0.1 s', '12.3 s', '4 min 51 s', '2 h 1 min']
    """
    if seconds is None:
        return "–"
    if seconds < 0.1:
        return "< 0.1 s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60:,} h {minutes % 60} min"


def _times(evidence: Evidence) -> Times:
    """Lay out what was spent: languages across, stages down."""
    spent = evidence.provenance.spent if evidence.provenance else ()
    return Times(
        languages=tuple(dict.fromkeys(one.language for one in spent if one.language)),
        stages=tuple(dict.fromkeys(one.stage for one in spent)),
        cells={(one.stage, one.language): one for one in spent},
    )


def _reasons(evidence: Evidence) -> Mapping[str, int]:
    """Number the reasons of the pairs that are shown."""
    rows = [row for found in evidence.translations.values() for row in found.rows]
    return {reason: i for i, reason in enumerate(sorted({row.reason for row in rows} - {""}))}


def _texts(evidence: Evidence) -> Sequence[str]:
    """List every text of data that the page shows."""
    texts: list[Any] = []
    for found in evidence.translations.values():
        for row in found.rows:
            texts += [*row.pair.source.fields.values(), *row.pair.target.fields.values()]
    for said in evidence.answers.values():
        for question in said.questions:
            texts += [*question.asked.values(), *question.gold]
            texts += [answer.text for answer in question.answers]
    return texts
