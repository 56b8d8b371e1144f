"""The page of sixty languages in a real browser: sorted, grouped, searched, printed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from selftranslate.report import Result, files, groups

from .conftest import RUNS, SETTINGS, Laid, opened, texts
from .world import shown, world

TABLE = "table.languages"
ROWS = f"{TABLE} tbody:not([hidden]) tr:not(.group):not([hidden]) th"
HEADS = f"{TABLE} tbody:not([hidden]) tr.group th"


@pytest.fixture(scope="module")
def result() -> Result:
    return groups.arranged(world(60, RUNS[:4], SETTINGS[:2]))


@pytest.fixture(scope="module")
def folder(laid: Laid, result: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    files.save(result, folder, shown(laid, result))
    return folder


@pytest.fixture(scope="module")
def light(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same page without its rows of texts, for a browser reads it several times."""
    folder_ = tmp_path_factory.mktemp("light")
    page = (folder / files.PAGE).read_text("utf-8")
    (folder_ / files.PAGE).write_text(
        re.sub('<section id="(translations|answers)".*?</section>', "", page, flags=re.S), "utf-8"
    )
    return folder_


@pytest.fixture(scope="module")
def page(light: Path, browser: Any) -> Iterator[Any]:
    page = opened(browser, light, viewport={"width": 1180, "height": 900})
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def best(folder: Path, result: Result) -> dict[str, float]:
    """Return each language's gain, by name."""
    made = json.loads((folder / "report.json").read_text())["languages"]
    return {
        result.languages[code].language: one["settings"]["+D_tgt"]["difference"]
        for code, one in made.items()
    }


def sort(page: Any, name: str) -> list[str]:
    """Press the button of a column; return the languages in their order."""
    page.focus(f"{TABLE} thead button:text-is('{name}')")
    page.keyboard.press("Enter")
    return texts(page, ROWS)


def test_it_is_small_enough_and_opens_in_silence(folder: Path, open_: Any) -> None:
    assert (folder / files.PAGE).stat().st_size < 6_000_000
    page = open_(folder)
    assert page.said == [] and len(page.asked) == 1
    for section in ("#translations", "#answers"):
        assert page.locator(f"{section} details.language").count() == 60
        assert page.locator(f"{section} tbody[data-v]").count() == 60 * 26
    found = page.evaluate("""() => {
        const all = (css) => [...document.querySelectorAll(css)];
        const ids = all("[id]").map((e) => e.id);
        return [
            ids.filter((id, at) => ids.indexOf(id) !== at).length,
            all("[aria-labelledby]").filter((e) => !document.getElementById(e.getAttribute("aria-labelledby"))).length,
            all("th:not([scope])").length,
            all("table").filter((e) => !e.caption?.textContent.trim()).length,
            all("input, select").filter((e) => !e.labels.length).length,
        ];
    }""")
    assert found == [0] * 5


def test_languages_are_sorted_within_groups_and_without(
    best: dict[str, float], result: Result, page: Any
) -> None:
    for name in ("p", "language"):
        sort(page, name)
    assert texts(page, ROWS) == [found.language for found in result.languages.values()]
    page.select_option(".arrange select", "")
    ranked = sort(page, "best gain")
    assert ranked == sorted(best, key=lambda name: -best[name])
    assert page.get_attribute(f"{TABLE} [aria-sort]", "aria-sort") == "descending"
    assert sort(page, "best gain") == ranked[::-1]
    assert page.locator(f"{TABLE} [aria-sort]").count() == 1
    assert page.text_content(".arrange [role=status]") == "60 languages, sorted by best gain"
    p_values = texts(page, f"{TABLE} tbody:not([hidden]) td:nth-of-type(6)")
    sort(page, "p")
    again = texts(page, f"{TABLE} tbody:not([hidden]) td:nth-of-type(6)")
    assert sorted(p_values) == sorted(again) and again[0] == "< 0.001"
    marked = texts(page, f"{TABLE} td:nth-of-type(7)")
    sort(page, "BLEU")
    assert all("char" in text for text in texts(page, f"{TABLE} td:nth-of-type(7)")[-3:])
    assert sum("char" in text for text in marked) == 3, "another scale comes after all of BLEU"
    page.select_option(".arrange select", "family")
    sort(page, "best gain")
    heads = texts(page, HEADS)
    means = {
        group.name: fmean(best[result.languages[code].language] for code in group.codes)
        for group in groups.families(result)
    }
    assert [head.rpartition(" ")[0] for head in heads] == sorted(
        means, key=lambda name: -means[name]
    )


def test_groups_are_families_or_scripts_and_what_is_searched_for_stays(page: Any) -> None:
    for name in ("p", "language"):
        sort(page, name)
    page.select_option(".arrange select", "script")
    assert "Cyrillic 5" in texts(page, HEADS) and "Slavic 6" not in texts(page, HEADS)
    page.fill(".arrange input", "slavic")
    assert texts(page, HEADS) == ["Cyrillic 5", "Latin 33"]
    assert texts(page, ROWS) == [
        "Bulgarian",
        "Russian",
        "Ukrainian",
        "Czech",
        "Polish",
        "Slovenian",
    ]
    assert page.text_content(".arrange [role=status]").startswith("6 of 60 languages")
    page.fill(".arrange input", "")
    assert len(texts(page, ROWS)) == 60
    page.click("#verdicts > summary")
    page.fill("#verdicts input", "baltic")
    assert texts(page, "#verdicts li:not([hidden]) b") == ["Latvian", "Lithuanian"]
    assert page.locator("#verdicts section:visible").count() == 1


def test_without_a_script_the_families_stand_in_their_order(light: Path, open_: Any) -> None:
    page = open_(light, java_script_enabled=False)
    assert page.locator(".arrange:visible, .find:visible, thead button").count() == 0
    assert page.locator(f"{TABLE} tbody:visible").count() == 19
    assert page.locator(f"{TABLE} tr:not(.group):visible").count() == 61


def test_head_and_first_column_stay_in_sight_and_the_page_fits_a_phone(
    light: Path, open_: Any
) -> None:
    page = open_(light, viewport={"width": 390, "height": 844})
    where = """() => ["thead th", "tbody tr:nth-child(2) th"].map((css) => {
        const box = document.querySelector("table.languages " + css).getBoundingClientRect();
        const tall = document.querySelector(".tall").getBoundingClientRect();
        return [Math.round(box.left - tall.left), Math.round(box.top - tall.top)];
    })"""
    before = page.evaluate(where)
    page.evaluate("document.querySelector('.tall').scrollTo(150, 40)")
    (head, first) = page.evaluate(where)
    assert head == before[0] == [0, 0] and first == [0, before[1][1] - 40]
    page.evaluate(
        "document.querySelectorAll('details:not(.language)').forEach((e) => { e.open = true })"
    )
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.emulate_media(media="print")
    hidden = "(() => { const e = document.querySelector('.tall'); return e.scrollHeight - e.clientHeight })()"
    assert page.evaluate(hidden) == 0, "paper does not scroll"


def test_no_name_in_a_plot_lies_on_another(page: Any) -> None:
    touching = page.evaluate("""() => [...document.querySelectorAll("#plots svg")].flatMap((svg) => {
        const all = [...svg.querySelectorAll("text")].map((e) => [e.textContent, e.getBoundingClientRect()]);
        return all.flatMap(([a, p], i) => all.slice(i + 1)
            .filter(([, q]) => p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 5 && q.top < p.bottom - 5)
            .map(([b]) => `${a} / ${b}`));
    })""")
    assert touching == []
    assert page.locator("#plot-bars svg").count() == 3
