"""The files of a report: whole or not there, written once, and small enough to be mailed."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from selftranslate import recipe, report
from selftranslate.archive import Archive
from selftranslate.errors import DataError, DiskError
from selftranslate.report import csv as table_csv
from selftranslate.report import files, latex, table
from selftranslate.report.provenance import to_yaml

from .conftest import Laid, Laying


def test_all_files_are_written_and_only_once(laid: Laid, tmp_path: Path) -> None:
    root = tmp_path / "store"
    shutil.copytree(laid.store.root, root)
    archive = Archive(root)
    folder = report.publish(archive, laid.made, laid.result)
    assert folder == root / "reports" / laid.made.key
    assert {path.name for path in folder.iterdir()} == set(files.NAMES)
    first = (folder / files.PAGE).read_bytes()
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    report.publish(archive, laid.made, laid.result)
    assert before == {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    (folder / "table.tex").unlink()
    assert not files.current(folder), "what is missing is made again"
    files.save(laid.result, folder)
    assert files.current(folder)
    page = folder / files.PAGE
    page.write_text(
        page.read_text().replace('content="selftranslate ', 'content="selftranslate 0.0.')
    )
    assert not files.current(folder), "another version's page is replaced"
    result, again = report.again(root)
    assert again == folder and page.read_bytes() == first, "the same store, the same bytes"
    assert report.dump(result) == report.dump(laid.result)


def test_a_page_that_is_cut_off_leaves_the_one_before(
    laid: Laid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.save(laid.result, tmp_path)
    before = (tmp_path / files.PAGE).read_bytes()

    def interrupted(source: object, target: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "replace", interrupted)
        files.save(replace(laid.result, notes=("new",)), tmp_path)
    assert (tmp_path / files.PAGE).read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == set(files.NAMES), "no draft is left"


def test_a_full_disk_is_called_one(
    laid: Laid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(DiskError, match=r"recipe\.yaml: No space left"):
        files.save(laid.result, tmp_path)


def test_what_the_store_has_lost_is_named_and_the_rest_is_shown(laid: Laid, tmp_path: Path) -> None:
    root = tmp_path / "store"
    shutil.copytree(laid.store.root, root)
    shutil.rmtree(root / "train")
    _, folder = report.again(root, out=tmp_path / "out")
    page = (folder / files.PAGE).read_text()
    missing = re.findall(r"<b>Missing:</b> (.*?)</p>", page)
    assert len(missing) == 27 and all(re.match(r"train/[0-9a-f]{16}: missing", m) for m in missing)
    assert str(tmp_path) not in page, "the page does not tell whose machine it was"
    assert "Learning curves: not shown." in page and 'id="translations"' in page
    key = laid.archive.index(laid.made).columns[0].filtered
    shutil.rmtree(root / "filter" / key)
    with pytest.raises(DataError, match=f"filter/{key}: missing; run the recipe again"):
        report.again(root)


def test_the_papers_size_of_experiment_fits_into_three_megabytes(tmp_path: Path) -> None:
    laid = Laying(tmp_path / "store", rows=210, questions=200).lay()
    files.publish(laid.archive, laid.made, laid.result, tmp_path)
    page = (tmp_path / files.PAGE).read_text()
    assert len(page.encode()) < 3_000_000
    rows = page.partition('id="translations"')[2].partition('id="answers"')
    assert rows[0].count("<tbody data-v") == rows[2].count("<tbody data-v") == 4 * 200
    assert "more characters" in page, "the longest texts are cut, no row is left out"


def test_the_recipe_beside_the_page_is_the_one_that_was_run(laid: Laid, tmp_path: Path) -> None:
    files.publish(laid.archive, laid.made, laid.result, tmp_path)
    told = dict(laid.archive.index(laid.made).recipe)
    data = tmp_path / "elsewhere"
    again = recipe.load(tmp_path / "recipe.yaml", [f"data={data}"])
    assert again.model_dump(mode="json", exclude={"data": {"folder"}}) == told
    assert again.data and Path(again.data.folder) == data
    page = (tmp_path / files.PAGE).read_text()
    assert "--set data=FOLDER" in page and "/secret" not in page


@pytest.mark.parametrize(
    "rows",
    [
        {"task": "mini", "model": "mini", "languages": ["de"], "seed": 3},
        {"task": {"name": "mini", "train": 5}, "model": "no: [x]", "languages": ["zh"], "data": "hub",
         "protocol": {"learning_rates": [1e-5, 2.5e-4], "seeds": [0], "keep": 1},
         "settings": [{"name": "yes", "train_on": ["source"]}, {"name": "'+D\n\"{x}: #"}],
         "filters": [{"name": "length_ratio", "limit": 2.5}]},
    ],
)  # fmt: skip
def test_any_recipe_survives_being_written(rows: dict[str, object], tmp_path: Path) -> None:
    told = recipe.parse(rows, "test")
    (tmp_path / "recipe.yaml").write_text(
        to_yaml(told.model_dump(mode="json", exclude={"data": {"folder"}}))
    )
    again = recipe.load(tmp_path / "recipe.yaml")
    kept = {"exclude": {"data": {"folder"}}}
    assert again.model_dump(**kept) == told.model_dump(**kept)  # type: ignore[arg-type]


def test_latex_has_a_row_per_line_and_a_cell_per_language(laid: Laid) -> None:
    text = latex.write(laid.result)
    body = text.partition("\\midrule\n")[2].partition("\\bottomrule")[0].strip().splitlines()
    lines = table.lines(laid.result)
    assert "\\begin{tabular}{lrrr}" in text and len(body) == len(lines)
    for row, line in zip(body, lines, strict=True):
        cells = row.removesuffix(" \\\\").split(" & ")
        assert len(cells) == 4 and row.endswith(" \\\\")
        for cell, entry in zip(cells[1:], line.entries, strict=True):
            assert (
                entry.mean in cell.replace("\\textbf{", "") and ("\\textbf" in cell) == entry.bold
            )
    assert (
        text.count("{") == text.count("}")
        and "D\\_src" in text
        and "_" not in re.sub(r"\\_", "", text)
    )


def test_latex_prints_hostile_names_as_they_are(laid: Laid) -> None:
    name = "[x] \\input{/etc/passwd} 50% $a_b^c$ & #1 ~ \x1b"
    cells = tuple(replace(cell, setting=name) for cell in laid.result.languages["de"].cells[:1])
    german = replace(laid.result.languages["de"], language=name, cells=cells)
    text = latex.write(replace(laid.result, languages={"de": german}, task="a}b"))
    assert "\\input" not in text and "{[x] \\textbackslash{}input\\{/etc/passwd\\} 50\\% " in text
    rest = re.sub(r"\\[&%$#_{}\\]|\\[a-z]+", "", text.partition("\\midrule")[2])
    assert not re.search(r"[%#^~]", rest) and rest.count("&") == 1, "only the cells are parted"
    assert rest.count("{") == rest.count("}") and "\\label{tab:a-b}" in text


def test_csv_has_the_numbers_of_the_json(laid: Laid) -> None:
    rows = list(csv.DictReader(io.StringIO(table_csv.write(laid.result))))
    made = json.loads(report.dump(laid.result))["languages"]
    assert [(r["code"], r["setting"]) for r in rows] == [
        (code, name) for code, found in made.items() for name in found["settings"]
    ]
    for row in rows:
        cell = made[row["code"]]["settings"][row["setting"]]
        for name in ("mean", "sd", "difference", "p_value", "holm_p_value"):
            assert row[name] == ("" if cell.get(name) is None else repr(cell[name]))
        assert row["significant"] == str(cell.get("significant", "")).lower()
        assert row["paper_mean"] == str(cell.get("paper", {}).get("mean", ""))
