"""What the page draws on: samples that are fair and the same each time, counts over all rows."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace

import pytest

from selftranslate import languages
from selftranslate.example import Example, Pair
from selftranslate.index import Index
from selftranslate.report import sampled, translations
from selftranslate.report.answers import best
from selftranslate.report.evidence import Evidence, gather
from selftranslate.report.page import PLOTS, _texts
from selftranslate.report.plots import Absent, Plot, gain, losses
from selftranslate.report.plots.svg import SMALL
from selftranslate.report.sampled import Sample, inside, longest, pieces
from selftranslate.visible import visible

from .conftest import RUNS, Laid


@pytest.fixture(scope="module")
def evidence(laid: Laid) -> Evidence:
    return gather(laid.archive, laid.made, laid.result, "../..")


def test_a_sample_does_not_depend_on_the_order_of_the_rows() -> None:
    names = [f"row/{n}" for n in range(1000)]
    drawn = []
    for order in (names, names[::-1]):
        sample: Sample[str] = Sample(most=20)
        for name in order:
            sample.add(name, name)
        assert sample.seen == 1000
        drawn.append(sample.rows())
    assert drawn[0] == drawn[1] and len(set(drawn[0])) == 20
    places = sorted(names.index(name) for name in drawn[0])
    assert places[0] < 200 and places[-1] > 800, "from everywhere, not from the beginning"


@pytest.mark.parametrize(
    ("kept", "dropped", "shown"),
    [(10_000, 0, (200, 0)), (9_900, 100, (150, 50)), (9_990, 10, (190, 10)), (0, 900, (0, 200)),
     (20, 5_000, (20, 180)), (3, 2, (3, 2)), (500, 500, (100, 100))],
)  # fmt: skip
def test_there_are_enough_kept_and_dropped_pairs_to_judge(
    kept: int, dropped: int, shown: tuple[int, int]
) -> None:
    assert sampled.shares(kept, dropped) == shown


def test_translations_are_counted_whole_and_every_reason_is_shown(
    laid: Laid, evidence: Evidence
) -> None:
    for code, found in evidence.translations.items():
        column = next(c for c in laid.archive.index(laid.made).columns if c.code == code)
        folder = laid.store.root / "filter" / column.filtered
        kept, lost = (
            [json.loads(line) for line in (folder / name).read_text().splitlines()]
            for name in ("rows.jsonl", "dropped.jsonl")
        )
        pairs = [*kept, *(row["pair"] for row in lost)]
        assert (found.kept, found.dropped) == (len(kept), len(lost))
        endings = Counter(e for pair in pairs for each in pair["ended"].values() for e in each)
        assert found.endings == dict(endings)
        reasons = Counter(row.reason for row in found.rows if row.reason)
        assert reasons == laid.result.languages[code].dropped, "all fit here"
        assert found.files == (
            f"filter/{column.filtered}/rows.jsonl", f"filter/{column.filtered}/dropped.jsonl",
        )  # fmt: skip
        bins = found.ratios.kept, found.ratios.dropped
        assert [sum(b) for b in bins] == [2 * len(kept), 2 * len(lost)]


def test_lengths_are_binned_as_the_filter_counts_them(laid: Laid) -> None:
    made_of: Index = laid.archive.index(laid.made)
    assert translations.cut(made_of) == 3.0

    def pair(before: int, after: int, code: str) -> Pair:
        source = Example(id="1", language="en", fields={"q": "x" * before})
        target = Example(id="1", language=code, fields={"q": "字" * after})
        return Pair(source=source, target=target, ended={"q": ("fence",)})

    assert translations.length_ratio(pair(10, 5, "de"), "q") == 0.5
    letters = languages.get("zh").letters_per_character
    assert translations.length_ratio(pair(10, 5, "zh"), "q") == 0.5 * letters
    counted = translations._Counted(3.0)
    edges = translations.Ratios(3.0, (), ())
    middle, below, above = 16, 8, 24
    assert [round(edges.edge(i), 6) for i in (below, middle, above)] == [round(1 / 3, 6), 1.0, 3.0]
    for before, after in ((100, 100), (100, 32), (100, 301), (100, 0), (1, 5000)):
        counted.add(pair(before, after, "de"), kept=True)
    places = [i for i, count in enumerate(counted.bins[True]) for _ in range(count)]
    assert places == [0, below - 1, middle, above, 31]


def test_answers_are_those_of_the_run_that_validation_chose(laid: Laid, evidence: Evidence) -> None:
    for code, said in evidence.answers.items():
        found = laid.result.languages[code]
        assert said.total == 45 and len(said.questions) == 45
        for cell, run in zip(found.cells, said.runs, strict=True):
            place = best(cell)
            assert place in cell.kept
            chosen = cell.outcomes[place]
            assert chosen.validation == max(cell.outcomes[i].validation or 0 for i in cell.kept)
            assert run.score == f"{100 * chosen.test:.1f}"
            right = sum(q.answers[said.runs.index(run)].correct or 0 for q in said.questions)
            assert right / 45 == pytest.approx(chosen.test)
        for question in said.questions:
            assert question.asked.keys() == {"question"} and question.gold


def test_a_text_is_cut_round_its_span_and_says_so() -> None:
    text = "a" * 300 + "SPAN" + "b" * 300
    made = pieces(text, [(300, 304)], 100)
    assert [piece.kind for piece in made] == ["cut", "", "mark", "", "cut"]
    shown = "".join(piece.text for piece in made if piece.kind != "cut")
    assert len(shown) == 100 and "SPAN" in shown
    hidden = [int(re.sub(r"\D", "", piece.text)) for piece in made if piece.kind == "cut"]
    assert sum(hidden) == len(text) - 100
    assert "".join(piece.text for piece in pieces(text, [(300, 304)])) == text
    head, cut, tail = pieces(text, [], 90)
    assert (head.text, tail.text) == ("a" * 60, "b" * 30) and "514 more" in cut.text
    assert pieces("short", [(0, 2), (1, 4)])[0].text == "sh", "spans may overlap"


def test_just_enough_is_cut() -> None:
    texts = ["x" * 1000] * 10 + ["y" * 10] * 10
    limit = longest(texts, 5_000)
    left = sum(len(text[:limit]) for text in texts)
    assert 10_100 - 5_000 - 10 * sampled.NOTE - 10 <= left <= 10_100 - 5_000
    assert longest(texts, 10**9) == sampled.SHORTEST


def test_only_what_lies_inside_a_field_is_marked() -> None:
    fields = {"context": "Rome lies here.", "question": "Rome?", "answer": "Rome"}
    example = Example(id="1", language="en", fields=fields, spans={"answer": (0, 4)})
    assert inside(example, "context") == [(0, 4)] and inside(example, "answer") == []
    assert inside(replace(example, spans={"answer": (5, 9)}), "context") == []


def test_all_plots_are_drawn_and_say_what_is_missing(laid: Laid, evidence: Evidence) -> None:
    drawn = [plot.draw(laid.result, evidence) for plot in PLOTS]
    assert all(isinstance(plot, Plot) for plot in drawn)
    for plot in drawn:
        assert isinstance(plot, Plot)
        for panel in plot.panels:
            assert panel.svg.startswith("<svg ") and " style=" not in panel.svg
            assert not re.search(r"#[0-9a-f]{6}", panel.svg), "colours are the page's"
            assert len({*re.findall(r'id="([^"]+)"', panel.svg)}) == panel.svg.count(' id="')
        assert all(len(row) == len(plot.head) for row in plot.rows) and plot.rows
    bare = [plot.draw(laid.result, Evidence()) for plot in PLOTS]
    absent = [plot.reason for plot in bare if isinstance(plot, Absent)]
    assert len(absent) == 4 and all(reason.endswith(".") for reason in absent)


def test_names_of_languages_do_not_touch() -> None:
    values = {"German": 40.0, "Russian": 41.0, "Chinese": 42.0, "Thai": 5.0, "Arabic": 50.0}
    places = gain._places(values, 52.0)
    for one, (at, level) in places.items():
        for other, (there, line) in places.items():
            if one < other and level == line:
                apart = abs(at - there) * (SMALL - 54) / 52.0
                assert apart >= 3.2 * (len(one) + len(other)), (one, other)
    assert abs(places["Thai"][0] - 5.0) < 1


def test_curves_keep_their_means_and_their_ends() -> None:
    steps = [float(n) for n in range(1000)]
    points = losses.thin(steps)
    assert len(points) == losses.POINTS
    assert sum(loss for _, loss in points) / len(points) == pytest.approx(499.5)
    assert losses.ends(steps) == ("49.500", "949.500")


def test_time_and_tokens_are_those_of_the_journal(laid: Laid, evidence: Evidence) -> None:
    origin = evidence.provenance
    assert origin is not None
    assert len({(role.stage, role.key) for role in origin.roles}) == len(origin.roles)
    trained = [one for one in origin.spent if one.stage == "train"]
    assert [one.artifacts for one in trained] == [3 * len(RUNS[1:4])] * 3
    known = laid.archive.journal.entries.values()
    assert sum(one.seconds or 0 for one in origin.spent) == pytest.approx(
        sum(e.seconds for e in known)
    )
    assert origin.licences == ("GSM8k: MIT.", "MGSM: CC BY 4.0.")
    assert origin.sessions[0].machine["gpus"] == ["NVIDIA H100"]


def test_only_what_steers_is_shown_as_a_sign() -> None:
    kept = "Zeile\nTab\t é ไทย 中文 \u200fعربي\u200e 👍🏽 e\u0301 \u00a0"
    assert visible(kept) == kept
    assert visible("\x00\x1b\x7f\x9b\u202e\u2069\ud800\ufeff") == (
        "␀␛␡[U+009B][U+202E][U+2069][U+D800][U+FEFF]"
    )


def test_every_text_that_is_shown_is_counted(evidence: Evidence) -> None:
    assert len([*_texts(evidence)]) == 3 * 90 * 4 + 3 * 45 * (1 + 1 + 3)
