"""The page in a real browser: it runs nothing but its own, fits a phone, and finds what is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from selftranslate.report import files, table

from .conftest import RUNS, Laid, Laying, texts

EVIL = (
    "</script><script>hit=1</script><img src=x onerror=hit=2><a href='javascript:hit=3'>x</a>"
    "<style>*{display:none}</style> \x1b[31mred\x07 \u202egnp.exe\u2066 {{7*7}} ${8*8} </td></table> \x00"
)
"""What data may hold."""
SHOWN = EVIL.replace("\x1b", "␛").replace("\x07", "␇").replace("\x00", "␀")
SHOWN = SHOWN.replace("\u202e", "[U+202E]").replace("\u2066", "[U+2066]")


@pytest.fixture(scope="module")
def folder(laid: Laid, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    files.publish(laid.archive, laid.made, laid.result, folder)
    return folder


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of an experiment whose every text is an attack."""
    root = tmp_path_factory.mktemp("hostile")
    words = {code: [EVIL, "نص عادي"] for code in ("en", "ar")}
    laid = Laying(
        root / "store", rows=12, questions=6, runs=RUNS[:2], codes=("ar",), words=words,
        settings=("D_src", f"{EVIL.strip()}"), notes=(EVIL,), sentences=1,
        reasons=[("complete", EVIL, EVIL)], task=f"gsm8k/{EVIL}",
        more={"task": "gsm8k", "model": EVIL},
    ).lay()  # fmt: skip
    files.publish(laid.archive, laid.made, laid.result, root)
    return root


def visible_rows(page: Any, section: str) -> int:
    return int(
        page.eval_on_selector_all(
            f"{section} tbody[data-v]", "all => all.filter(e => e.checkVisibility()).length"
        )
    )


def test_it_opens_in_silence_and_asks_nothing_of_the_network(folder: Path, open_: Any) -> None:
    page = open_(folder)
    assert page.said == [] and page.asked == [(folder / files.PAGE).as_uri()]
    policy = page.get_attribute("meta[http-equiv=Content-Security-Policy]", "content")
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy


def test_the_browser_obeys_the_policy(folder: Path, open_: Any) -> None:
    refused = open_(folder).evaluate("""async () => {
        const seen = [];
        document.addEventListener("securitypolicyviolation", (e) => seen.push(e.effectiveDirective));
        const add = (tag, set) => { const e = document.createElement(tag); set(e); document.body.append(e); };
        add("script", (e) => { e.textContent = "window.hit = 1"; });
        add("style", (e) => { e.textContent = "body { color: red }"; });
        add("img", (e) => { e.src = "data:image/gif;base64,R0lGODlhAQABAAAAACw="; });
        add("p", (e) => { e.setAttribute("style", "color: red"); });
        await fetch("https://example.org/").catch(() => {});
        await new Promise((done) => setTimeout(done, 100));
        return [window.hit ?? null, ...new Set(seen)].map(String).sort();
    }""")
    wanted = {
        "script-src-elem",
        "style-src-elem",
        "style-src-attr",
        "img-src",
        "connect-src",
        "null",
    }
    assert set(refused) == wanted


def test_what_data_holds_stays_text(hostile: Path, open_: Any) -> None:
    page = open_(hostile)
    page.wait_for_timeout(100)
    assert page.said == [] and len(page.asked) == 1
    assert page.evaluate("window.hit ?? null") is None
    assert page.locator("img, iframe, object, [href^='javascript:' i]").count() == 0
    assert page.locator("script").count() == page.locator("style").count() == 1
    plain = " ".join(SHOWN.split())
    for place in (
        "h1", ".main tbody th", "#translations td[lang=en]", "#translations td[lang=ar]",
        "#translations td.v", "#answers td[lang=ar]", "#origin li", "#plots .legend li", "#origin pre code",
    ):  # fmt: skip
        assert any(plain[:60] in text for text in texts(page, place)), place
    everything = page.content()
    for sign in ("\x1b", "\x07", "\u202e", "\u2066", "\x00"):
        assert sign not in everything
    assert "{{7*7}} ${8*8}" in texts(page, "h1")[0]


def test_search_and_filters_find_what_they_should(laid: Laid, folder: Path, open_: Any) -> None:
    page = open_(folder)
    section = "#translations"
    every = page.locator(f"{section} tbody[data-v]").count()
    assert every == 3 * 90 and visible_rows(page, section) == 20, "one page of the first language"

    def status() -> str:
        page.wait_for_timeout(120)
        return str(page.text_content(f"{section} [role=status]"))

    def choose(**choices: str) -> str:
        for by in ("language", "field", "verdict"):
            page.select_option(f"{section} select[data-by={by}]", choices.get(by, ""))
        page.fill(f"{section} input", choices.get("words", ""))
        return status()

    thai = laid.result.languages["th"]
    lost = sum(thai.dropped.values())
    assert choose(language="th", verdict="dropped") == f"{lost} of 90 fit"
    assert visible_rows(page, section) == 20 < lost
    page.click(f"{section} details[data-language=th] .more")
    assert visible_rows(page, section) == min(lost, 40)
    reason, count = next(iter(thai.dropped.items()))
    label = page.locator(f"{section} option", has_text=f"dropped: {reason}")
    assert choose(language="th", verdict=label.get_attribute("value")) == f"{count} of 90 fit"
    sold = page.eval_on_selector_all(
        f"{section} tbody[data-v]",
        "all => all.filter(b => b.rows[1].textContent.includes('باعت ناتاليا')).length",
    )
    assert sold and choose(field="question", words="باعت ناتاليا") == f"{sold} of 270 fit"
    assert page.eval_on_selector_all(
        f"{section} details", "all => all.map(e => [e.dataset.language, e.open])"
    ) == [["de", False], ["th", False], ["ar", True]]
    shown = page.locator(f"{section} tbody[data-v]:visible").first
    assert shown.locator("tr:visible").count() == 2, "the verdict and the one field"
    assert page.evaluate("CSS.highlights.get('found-translations').size") >= 20
    assert choose(words="no such words") == "0 of 270 fit" and visible_rows(page, section) == 0


def test_answers_are_filtered_by_who_was_right(laid: Laid, folder: Path, open_: Any) -> None:
    page = open_(folder)
    bodies = page.eval_on_selector_all(
        "#answers details[data-language=de] tbody",
        "all => all.map(b => [...b.rows].map(r => r.cells[2].textContent))",
    )
    won = sum("wrong" in rows[-3] and "right" in rows[-1] for rows in bodies)
    differ = sum(len({"right" in cell for cell in rows[-3:]}) > 1 for rows in bodies)
    assert 0 < won <= differ < 45
    page.select_option("#answers select[data-by=language]", "de")
    page.select_option("#answers select[data-by=verdict]", "differ")
    page.wait_for_timeout(120)
    assert page.text_content("#answers [role=status]") == f"{differ} of 45 fit"
    page.select_option("#answers select[data-by=verdict]", "0right")
    right = sum("right" in rows[-3] for rows in bodies)
    assert page.text_content("#answers [role=status]") == f"{right} of 45 fit"


def test_every_number_of_the_page_is_that_of_the_json(folder: Path, open_: Any) -> None:
    page = open_(folder)
    rows = page.eval_on_selector_all(
        ".main tbody tr",
        "all => all.map(r => [...r.cells].map(c => c.textContent.replace(/\\s+/g, ' ').trim()))",
    )
    made = json.loads((folder / "report.json").read_text())["languages"]
    settings = [row[0] for row in rows if row[0] != table.PRINTED]
    assert settings == list(made["de"]["settings"])
    for at, row in enumerate(rows):
        if row[0] == table.PRINTED:
            continue
        printed = rows[at + 1] if at + 1 < len(rows) and rows[at + 1][0] == table.PRINTED else None
        for place, found in enumerate(made.values(), 1):
            cell = found["settings"][row[0]]
            stars = "*" * cell.get("significant", False) + "†" * cell.get("holm_significant", False)
            assert row[place] == f"{100 * cell['mean']:.1f}{stars} ±{100 * cell['sd']:.1f}"
            if "paper" in cell:
                assert printed and printed[place].startswith(f"{cell['paper']['mean']:.1f}")
                assert printed[place].endswith(f"±{cell['paper']['sd']:.1f}")
    figure = "figure#plot-{} tbody tr"
    dots = texts(page, figure.format("bars"))
    runs = [run for f in made.values() for cell in f["settings"].values() for run in cell["runs"]]
    assert len(dots) == len(runs)
    for text, run in zip(dots, runs, strict=True):
        assert f"{100 * run['test']:.1f}" in text and text.endswith("yes" if run["kept"] else "no")
    kept = [text for text in texts(page, figure.format("dropped")) if "kept" in text]
    assert kept == [
        f"{n}kept{f['kept']}"
        for n, f in zip(("German", "Thai", "Arabic"), made.values(), strict=True)
    ]


@pytest.mark.parametrize("which", ["folder", "hostile"])
def test_a_phone_shows_it_without_scrolling_sideways(
    which: str, open_: Any, request: pytest.FixtureRequest
) -> None:
    page = open_(request.getfixturevalue(which), viewport={"width": 390, "height": 844})
    page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_without_a_script_every_row_can_be_read(folder: Path, open_: Any) -> None:
    page = open_(folder, java_script_enabled=False)
    assert page.locator(".finder:visible, .more:visible").count() == 0
    for part in page.locator("details.language").all():
        if part.get_attribute("open") is None:
            part.locator("summary").click()
    for section, count in (("#translations", 270), ("#answers", 135)):
        rows = page.locator(f"{section} tbody[data-v]")
        assert rows.count() == count and rows.last.is_visible() and rows.nth(25).is_visible()


def test_it_is_dark_where_the_reader_wants_it_dark(folder: Path, open_: Any) -> None:
    shades = {}
    for scheme in ("light", "dark"):
        shades[scheme] = open_(folder, color_scheme=scheme).evaluate("""() => {
            const of = (css, what) => getComputedStyle(document.querySelector(css))[what];
            return [of("body", "backgroundColor"), of("body", "color"), of("svg text", "fill")];
        }""")
    for light, dark in zip(*shades.values(), strict=True):
        assert light != dark
    assert shades["dark"][1] == shades["dark"][2], "a plot's text is the page's"


def test_readers_by_ear_and_by_keyboard_find_their_way(folder: Path, open_: Any) -> None:
    page = open_(folder)
    found = page.evaluate("""() => {
        const all = (css) => [...document.querySelectorAll(css)];
        const ids = all("[id]").map((e) => e.id);
        const count = (css) => all(css).length;
        return {
            twice: ids.filter((id, at) => ids.indexOf(id) !== at),
            broken: all("[aria-labelledby], a[href^='#'], use").filter((e) => {
                const to = e.getAttribute("aria-labelledby") ?? e.getAttribute("href").slice(1);
                return !document.getElementById(to);
            }).length,
            landmarks: [count("main"), count("nav[aria-label]"), count("header"), count("footer")],
            uncaptioned: all("table").filter((e) => !e.caption?.textContent.trim()).length,
            unscoped: all("th:not([scope])").length,
            mute: all("svg").filter((e) => !e.getAttribute("aria-label")).length,
            unlabelled: all("input, select").filter((e) => !e.labels.length).length,
            languages: [...new Set(all("#translations td[lang]").map((e) => `${e.lang} ${e.dir}`))],
        };
    }""")
    assert found == {
        "twice": [], "broken": 0, "landmarks": [1, 1, 1, 1], "uncaptioned": 0, "unscoped": 0,
        "mute": 0, "unlabelled": 0, "languages": ["en auto", "de auto", "th auto", "ar auto"],
    }  # fmt: skip
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the verdict"
    right = page.locator("#translations td[lang=ar]").first
    assert right.evaluate("e => getComputedStyle(e).direction") == "rtl"
