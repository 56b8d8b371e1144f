"""Many languages: a row each, families together, and what they show together comes first."""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest
from rich.console import Console

from selftranslate import report
from selftranslate.report import Result, groups, latex, markdown, sampled, summary, table, terminal
from selftranslate.report import csv as table_csv
from selftranslate.report import translations as read_translations
from selftranslate.report.plots import losses, rows

from .conftest import RUNS, SETTINGS, Laid
from .world import FAMILIES, spoken, world


@pytest.fixture(scope="module")
def sixty() -> Result:
    return groups.arranged(world(60, RUNS[:4], SETTINGS[:2]))


def test_languages_of_a_family_stand_together_and_those_without_one_last(sixty: Result) -> None:
    found = groups.families(sixty)
    assert [group.name for group in found] == [*sorted(filter(None, FAMILIES)), groups.OTHER]
    families = {code: family or groups.OTHER for code, _, family, _ in spoken()}
    for group in found:
        assert {families[code] for code in group.codes} == {group.name}
    assert [code for group in found for code in group.codes] == list(sixty.languages)
    names = {group.name: group.codes for group in groups.scripts(sixty)}
    assert names["Cyrillic"] == ("bg", "kk", "mn", "ru", "uk")
    assert names["Simplified Chinese"] == ("zh",)


def test_tests_in_the_source_language_are_a_group_of_their_own_and_count_for_none(
    sixty: Result,
) -> None:
    english = replace(sixty.languages["de"], language="English (German)", trained_for="de")
    english = replace(english, family="Germanic", quality=(), kept=0, dropped={})
    result = replace(sixty, languages={"en (de)": english, **sixty.languages})
    assert groups.families(result)[-1] == groups.Group("asked in English", ("en (de)",))
    first, second = summary.sentences(result)
    assert first == summary.sentences(sixty)[0]
    assert second.setting == "+D_tgt, asked in English" and "of 1 languages" in second.text


def test_what_the_summary_counts_is_what_the_json_says(sixty: Result) -> None:
    found = report.to_json(sixty)["languages"]
    cells = {code: one["settings"]["+D_tgt"] for code, one in found.items()}
    better, held, worse = (
        [code for code, cell in cells.items() if cell[name]]
        for name in ("significant", "holm_significant", "harmful")
    )
    mean = 100 * fmean(cell["difference"] for cell in cells.values())
    (said,) = summary.sentences(sixty)
    assert 0 < len(worse) < len(held) < len(better) < 60, "the fixture has some of each"
    assert said.whole == (
        f"+D_tgt: better in {len(better)} of 60 languages ({len(held)} after Holm), "
        f"worse in {len(worse)}; mean gain {mean:+.1f} points."
    )
    (lost,) = summary.hurt(sixty)
    assert all(
        f"{sixty.languages[code].language} ({100 * cells[code]['difference']:+.1f})" in lost
        for code in worse
    )
    by_family = {line.name: line.gains[0] for line in summary.by_family(sixty)}
    slavic = [cells[code]["difference"] for code, _, family, _ in spoken() if family == "Slavic"]
    assert by_family["Slavic"] and by_family["Slavic"].mean == pytest.approx(fmean(slavic))
    assert sum(len(gain.better) for gain in by_family.values() if gain) == len(better)
    most, least = summary.extremes(sixty)
    ranked = sorted(cells, key=lambda code: -cells[code]["difference"])
    assert (most, least[::-1]) == (ranked[:5], ranked[-5:])


def test_eight_languages_stand_across_and_nine_stand_down() -> None:
    for count, head in ((8, "| setting | "), (9, "| language | script | D_src | +D_tgt |")):
        result = world(count, RUNS[:2], SETTINGS[:2])
        assert markdown.main_table(result).startswith(head)
        assert ("longtable" in latex.write(result)) == (count == 9)
        assert list(groups.arranged(result).languages) == (
            list(result.languages)
            if count == 8
            else [code for group in groups.families(result) for code in group.codes]
        )


def test_a_terminal_of_eighty_columns_shows_every_language_and_score(sixty: Result) -> None:
    stream = io.StringIO()
    terminal.show(sixty, Path("report.html"), Console(file=stream, width=80))
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= 80 and len(lines) < 170
    ours = [line for line in table.lines(sixty) if not line.printed]
    for place, found in enumerate(sixty.languages.values()):
        scores = [line.entries[place].mean + line.entries[place].marks for line in ours]
        wanted = [*found.language.split(), *scores]
        assert sum(line.split()[: len(wanted)] == wanted for line in lines) == 1, wanted
    narrow = io.StringIO()
    terminal.show(sixty, Path("report.html"), Console(file=narrow, width=56))
    starts = [line.strip() for line in narrow.getvalue().splitlines()]
    for found in sixty.languages.values():
        assert any(line.startswith(f"{found.language} ") for line in starts), "a name is whole"
    text = " ".join(stream.getvalue().split())
    assert summary.sentences(sixty)[0].whole in text and summary.hurt(sixty)[0] in text


def test_markdown_and_latex_have_every_score_under_its_family(sixty: Result) -> None:
    text = markdown.main_table(sixty)
    tex = latex.write(sixty)
    head, *body = [
        row.removesuffix(" \\\\").split(" & ")
        for row in tex.partition("\\toprule\n")[2].splitlines()
        if " & " in row and row.endswith("\\\\")
    ]
    assert len({len(row) for row in body}) == 1 and body[0] == head, "the head comes on each page"
    assert tex.count("{") == tex.count("}") and tex.count("\\multicolumn") == 19
    ours = [line for line in table.lines(sixty) if not line.printed]
    for place, (code, found) in enumerate(sixty.languages.items()):
        shown = [line.entries[place].text.replace("*", "\\*") for line in ours]
        (row,) = (one for one in text.splitlines() if one.startswith(f"| {found.language} | "))
        assert [cell.strip("* ") for cell in row.split(" | ")][2:4] == shown, code
        (cells,) = (one for one in body if one[0] == f"{{{found.language}}}")
        assert all(
            line.entries[place].mean in cell for line, cell in zip(ours, cells[1:], strict=False)
        )
    order = [one.split(" | ")[0].strip("|* ") for one in text.splitlines()[2:]]
    assert order.index("Slavic") < order.index("Russian") < order.index("Tai")
    assert table_csv.write(sixty).splitlines()[1].endswith(",Austroasiatic,Khmr")


def test_fewer_rows_are_read_where_there_are_more_languages(laid: Laid) -> None:
    made_of = laid.archive.index(laid.made)
    column = made_of.columns[0]
    many = replace(made_of, columns=tuple(replace(column, code=str(n)) for n in range(60)))
    few = read_translations.read(laid.archive, made_of, column)
    found = read_translations.read(laid.archive, many, column)
    assert (len(few.rows), len(found.rows)) == (90, sampled.rows(60) == 26 and 26)
    assert (found.kept, found.dropped) == (few.kept, few.dropped), "all are counted"
    assert {row.pair.source.id for row in found.rows} < {row.pair.source.id for row in few.rows}


def test_panels_hold_whole_families_and_every_language_once(sixty: Result) -> None:
    seen = Counter[str]()
    scale = rows.Scale(label="score", low=0, high=1)
    made = rows.panels(
        sixty, sixty.languages, "x", scale, lambda axes, place, code: seen.update([code])
    )
    assert len(made) == 3 and seen == Counter(list(sixty.languages))
    for group in groups.families(sixty):
        homes = [
            [found in panel.svg for panel in made]
            for code in group.codes
            for found in [f">{sixty.languages[code].language}</text>"]
        ]
        assert all(home == homes[0] and sum(home) == 1 for home in homes), group.name


def test_a_mean_curve_leaves_out_what_is_no_number() -> None:
    curves = [
        losses.Curve("a", "1", (3.0, 2.0)),
        losses.Curve("a", "2", (1.0, float("nan"), 4.0)),
        losses.Curve("b", "1", (float("inf"),)),
    ]
    assert losses.means(curves) == (losses.Curve("a", "mean", (2.0, 2.0, 4.0)),)


def test_without_a_comparison_the_summary_is_where_the_languages_stand(sixty: Result) -> None:
    alone = {code: replace(found, cells=found.cells[:1]) for code, found in sixty.languages.items()}
    result = replace(sixty, languages=alone)
    (said,) = summary.sentences(result)
    means = {found.language: found.cells[0].mean for found in alone.values()}
    low, high = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
    assert said.text.endswith(f"({low}) to {100 * means[high]:.1f} ({high}).")
    assert "best gain" not in markdown.write(result) and not summary.by_family(result)[0].gains
    assert not re.search(r"\bnan\b", markdown.write(result))
