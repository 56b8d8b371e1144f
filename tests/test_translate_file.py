"""The verb `translate`, with the miniature: rows in = rows out + rejects, and nothing else changes."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from selftranslate import failpoints
from selftranslate.cli import main
from selftranslate.mini.problems import math_problems, qa_problems
from selftranslate.translate_file import output

ROWS = 5
PROBLEMS = math_problems("train", ROWS)
SHOTS = math_problems("shots", 8)

Run = Callable[..., dict[str, Any]]


def shot(language: str, row: Any) -> dict[str, str]:
    return {name: getattr(row, name)[language] for name in ("question", "answer")}


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What every test would translate, translated once: most of them need no model then."""
    folder = tmp_path_factory.mktemp("translated")
    lines(folder / "shots.jsonl", [{c: shot(c, row) for c in ("en", "de")} for row in SHOTS])
    lines(folder / "in.jsonl", [row(i) for i in range(ROWS)])
    assert main(command(folder, "in.jsonl", "out.jsonl")) == 0
    return folder


@pytest.fixture
def here(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(store, tmp_path, dirs_exist_ok=True)
    (tmp_path / "out.jsonl").unlink()
    (tmp_path / "out.rejects.jsonl").unlink()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(here: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command; return its JSON, with the exit code and what it said."""

    def call(*more: str, data: str = "in.jsonl", out: str = "out.jsonl") -> dict[str, Any]:
        capsys.readouterr()
        code = main([*command(here, data, out), *more, "--json"])
        said = capsys.readouterr()
        return {**json.loads(said.out or "{}"), "code": code, "said": said.err}

    return call


def command(folder: Path, data: str, out: str) -> list[str]:
    return [
        "translate", str(folder / data), "-o", str(folder / out), "--from", "en", "--to", "de",
        "--fields", "question,answer", "--shots", str(folder / "shots.jsonl"), "--model", "mini",
        "--limit-tokens", "120", "--store", str(folder / "store"),
    ]  # fmt: skip


def row(i: int) -> dict[str, Any]:
    return {"id": i, **shot("en", PROBLEMS[i]), "label": None, "score": 1.5}


def lines(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def loaded(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def german(i: int) -> dict[str, Any]:
    """The row as the grammar would write it: the miniature translates its own world."""
    return {**row(i), **shot("de", PROBLEMS[i])}


def test_texts_are_translated_and_nothing_else_is_changed(run: Run, here: Path) -> None:
    found = run()
    assert (found["code"], found["rows_in"], found["rows_out"], found["rejected"]) == (
        0,
        ROWS,
        ROWS,
        {},
    )
    assert found["texts"] == 2 * ROWS and found["translated"] == 0  # the store's
    made = loaded(here / "out.jsonl")
    assert [list(row) for row in made] == [list(row(0))] * ROWS
    assert sum(made[i] == german(i) for i in range(ROWS)) >= ROWS - 1
    assert (here / "out.rejects.jsonl").read_bytes() == b""


def test_a_damaged_translation_in_the_store_is_named_and_made_again(run: Run, here: Path) -> None:
    run()
    whole = (here / "out.jsonl").read_bytes()
    file = here / "store" / "memory.sqlite"
    content = bytearray(file.read_bytes())
    text = loaded(here / "out.jsonl")[0]["question"].encode()
    content[content.rindex(text)] ^= 4
    file.write_bytes(content)
    found = run("--overwrite")
    assert (found["code"], found["translated"]) == (0, 1)
    assert "question: 1 damaged entries in" in " ".join(found["said"].split())
    assert (here / "out.jsonl").read_bytes() == whole
    assert run("--overwrite")["translated"] == 0


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet", "jsonl.gz"])
def test_every_format_gives_the_same_translations(run: Run, here: Path, ending: str) -> None:
    import datasets

    run()
    name, kind = f"in.{ending}", ending.removesuffix(".gz")
    rows = datasets.Dataset.from_list([row(i) for i in range(ROWS)])
    if kind == "parquet":
        rows.to_parquet(here / name)
    elif kind == "csv":
        rows.to_csv(here / "in.csv", index=False)
    else:
        rows.to_json(here / name, compression="gzip")
    if ending == "csv.gz":
        (here / name).write_bytes(gzip.compress((here / "in.csv").read_bytes()))
    assert run(data=name, out=f"made.{ending}")["code"] == 0
    assert run(data=name, out="made.jsonl")["code"] == 0
    rejects = {"made.rejects.jsonl", f"made.{ending}.rejects.jsonl"}
    assert {path.name for path in here.glob("made*rejects*")} == rejects
    reader = "json" if kind == "jsonl" else kind
    options = {"cache_dir": str(here / "cache"), "split": "train"}
    back = datasets.load_dataset(reader, data_files=str(here / f"made.{ending}"), **options)
    for made in (back, loaded(here / "made.jsonl")):
        assert [(r["question"], r["answer"], int(r["id"])) for r in made] == [
            (r["question"], r["answer"], r["id"]) for r in loaded(here / "out.jsonl")
        ]
    assert back.column_names == list(row(0))


def test_chats_are_translated_message_by_message(run: Run, here: Path) -> None:
    def chat(texts: list[str | None]) -> dict[str, Any]:
        return {"messages": [{"role": "x", "content": text} for text in texts], "n": len(texts)}

    question, answer = row(0)["question"], row(1)["question"]
    lines(here / "in.jsonl", [chat([question, None, answer, ""]), chat([]), chat([answer])])
    lines(
        here / "shots.jsonl",
        [
            {c: {"m": row.question[c], "messages.*.content": row.question[c]} for c in ("en", "de")}
            for row in SHOTS
        ],
    )
    text = (here / "in.jsonl").read_text().replace('""', r'"\u0020"')
    (here / "in.jsonl").write_text(text)
    assert run("--fields", "messages.*.content?", "--output-mode", "both")["texts"] == 3
    assert (here / "out.jsonl").read_text().count(r'"\u0020"') == 2  # a blank stays to the byte
    first, empty, last = loaded(here / "out.jsonl")
    assert first["en"] == chat([question, None, answer, " "])
    assert first["de"] == chat([german(0)["question"], None, german(1)["question"], " "])
    assert empty["de"] == chat([]) and last["de"] == chat([german(1)["question"]])


def test_an_answer_is_found_again_in_its_context(run: Run, here: Path) -> None:
    def qa(problem: Any, language: str) -> dict[str, Any]:
        texts = {n: getattr(problem, n)[language] for n in ("context", "question")}
        answer = {"text": [problem.answer[language]], "start": [problem.answer_start[language]]}
        return {**texts, "answers": answer}

    lines(here / "in.jsonl", [qa(p, "en") for p in qa_problems("train", 3)])
    flat = [
        {c: {**{n: getattr(p, n)[c] for n in ("context", "question")}, "answers.text.0": p.answer[c]} for c in ("en", "de")}
        for p in qa_problems("shots", 6)
    ]  # fmt: skip
    lines(here / "shots.jsonl", flat)
    options = ["--fields", "context,question", "--by-sentence", "context"]
    found = run(*options, "--marks", "answers.text.0:context:answers.start.0")
    assert found["rows_out"] >= 2
    for made in loaded(here / "out.jsonl"):
        (answer,), (start,) = made["answers"]["text"], made["answers"]["start"]
        assert answer and made["context"][start : start + len(answer)] == answer
    wrong = {**qa(qa_problems("train", 1)[0], "en"), "answers": {"text": ["nowhere"], "start": [0]}}
    lines(here / "in.jsonl", [wrong])
    for marks, said in (("", "anywhere"), (":answers.start.0", "at answers.start.0 = 0")):
        found = run(*options, "--overwrite", "--marks", f"answers.text.0:context{marks}")
        assert found["code"] == 3 and f"does not stand in context {said}" in found["said"]


def test_no_two_outputs_share_their_rejects() -> None:
    names = [
        f"a{inner}{ending}"
        for inner in ("", ".csv", ".jsonl", ".gz", ".rejects")
        for ending in (".jsonl", ".csv", ".parquet", ".jsonl.gz", ".csv.gz")
    ]
    assert len({output.rejects_of(Path(name)) for name in names}) == len(names)
    assert output.rejects_of(Path("a.jsonl")) == Path("a.rejects.jsonl")


BAD = {2: '{"id": 8, "question": "open', 3: '{"id": 9, "question": 7, "answer": "x"}'}


def spoil(path: Path) -> None:
    text = path.read_text(encoding="utf-8").splitlines()
    for number, line in BAD.items():
        text.insert(number - 1, line)
    path.write_text("\n".join(text), encoding="utf-8")


def test_a_bad_row_stops_the_run_or_is_rejected(run: Run, here: Path) -> None:
    spoil(here / "in.jsonl")
    found = run()
    assert found["code"] == 3 and "in.jsonl:2: not JSON" in found["said"]
    assert not list(here.glob("*out*"))
    found = run("--on-bad-row", "reject")
    assert (found["code"], found["rows_in"], found["rows_out"]) == (0, ROWS + 2, ROWS)
    assert found["rejected"] == {"bad row": 2}
    broken, wrong = loaded(here / "out.rejects.jsonl")
    assert (broken["row"], broken["text"]) == (2, BAD[2])
    assert (wrong["row"], wrong["source"]["id"]) == (3, 9) and "question: 7, not a text" in wrong[
        "error"
    ]


def test_what_the_filters_drop_is_rejected_and_can_be_tried_again(run: Run, here: Path) -> None:
    run()
    whole = (here / "out.jsonl").read_bytes()
    spoil(here / "in.jsonl")
    # The shortest texts end in time, the others are cut.
    few = run("--on-bad-row", "reject", "--overwrite", "--limit-tokens", "24")
    rejects = loaded(here / "out.rejects.jsonl")
    assert few["code"] == 0 and 0 < few["rows_out"] < ROWS
    assert (
        few["rows_out"] + len(rejects)
        == ROWS + 2
        == few["rows_out"] + sum(few["rejected"].values())
    )
    cut = [reject for reject in rejects if "ended by length" in reject["reason"]]
    assert cut and cut[0]["source"]["id"] == row(cut[0]["source"]["id"])["id"]
    assert (
        whole.decode()
        .splitlines()[cut[0]["source"]["id"]]
        .startswith(json.dumps(cut[0]["target"], ensure_ascii=False)[:30])
    )
    assert "--overwrite, or --only-failed" in run()["said"]
    again = run("--on-bad-row", "reject", "--only-failed")
    assert again["kept"] == few["rows_out"] and again["rejected"] == {"bad row": 2}
    assert (here / "out.jsonl").read_bytes() == whole
    (here / "in.jsonl").write_text(
        (here / "in.jsonl")
        .read_text()
        .replace(BAD[2], json.dumps(row(0)))
        .replace(BAD[3], json.dumps(row(1)))
    )
    mended = run("--only-failed")
    assert (mended["kept"], mended["rows_out"], mended["rejected"]) == (ROWS, ROWS + 2, {})
    first, *rest = whole.splitlines(keepends=True)
    assert (here / "out.jsonl").read_bytes() == b"".join([first, first, *rest[:1], *rest])
    assert (here / "out.rejects.jsonl").read_bytes() == b""


@pytest.mark.parametrize("change", ["row gone", "row more", "rejects more", "mode", "no rejects"])
def test_files_of_another_run_are_not_mixed(run: Run, here: Path, change: str) -> None:
    spoil(here / "in.jsonl")
    run("--on-bad-row", "reject")
    out, rejects, data = here / "out.jsonl", here / "out.rejects.jsonl", here / "in.jsonl"
    before = out.read_bytes()
    match change:
        case "row gone":
            data.write_bytes(b"".join(data.read_bytes().splitlines(keepends=True)[:-1]))
        case "row more":
            data.write_bytes(data.read_bytes() + b"\n" + json.dumps(row(0)).encode())
        case "rejects more":
            rejects.write_bytes(rejects.read_bytes() + b'{"row": 99}\n')
        case "no rejects":
            rejects.unlink()
    mode = ["--output-mode", "both"] if change == "mode" else []
    found = run("--on-bad-row", "reject", "--only-failed", *mode)
    assert found["code"] == 3 and str(here) in found["said"]
    assert out.read_bytes() == before


def test_a_run_without_any_good_row_says_so(run: Run, here: Path) -> None:
    lines(here / "in.jsonl", [{"id": 1}])
    found = run("--on-bad-row", "reject")
    assert found["code"] == 3 and "every row was rejected" in found["said"]
    assert found["rejected"] == {"bad row": 1} and (here / "out.jsonl").read_bytes() == b""


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--to", "dee"], 2, "unknown language 'dee'. Did you mean 'de'?"),
        (["--to", "en"], 2, "--to en: that is the language to translate from"),
        (["--fields", "question,question"], 2, "stands there twice"),
        (["--by-sentence", "qestion"], 2, "Did you mean 'question'?"),
        (["--marks", "id:context"], 2, "--marks: unknown field 'context'"),
        (["--marks", "answer:question"], 2, "leave 'answer' out"),
        (["--marks", "id"], 2, "write ANSWER:FIELD"),
        (["--marks", "id:question", "--fields", "question,answer?"], 2, "each path must lead to one"),
        (["--filters", "compleet"], 2, "Did you mean 'complete'?"),
        (["--filters", "[{"], 2, "--filters [{: write NAME or"),
        (["--engine", "{name: transformers, model: x}"], 2, "'model' is given"),
        (["--engine", ""], 2, "--engine : name one"),
        (["--model", "/no/such"], 4, "no such folder"),
        (["--shots", "none.jsonl"], 3, "none.jsonl: no such file"),
        (["--fields", "question,id"], 3, "shots.jsonl:1: en.id: no such field"),
        (["--from", "ru"], 3, "shots.jsonl:1: ru: no such field; the row has en, de"),
        (["-o", "out.xml"], 2, "unknown ending; write .csv, .jsonl, .parquet"),
        (["-o", "out.csv"], 2, "rows of a .jsonl file can be written as .jsonl"),
        (["-o", "in.jsonl"], 2, "would be overwritten"),
        (["-o", "shots.jsonl", "--overwrite"], 2, "would be overwritten"),
        (["-o", "none/out.jsonl"], 5, "none: no such folder"),
        (["--only-failed"], 3, "out.jsonl: no such file; --only-failed goes on"),
        (["--limit-tokens", "0"], 2, "greater than or equal to 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(
    run: Run, here: Path, options: list[str], code: int, said: str
) -> None:
    before = {path.name for path in here.iterdir()}
    found = run(*options)
    assert found["code"] == code and said in found["said"]
    assert {path.name for path in here.iterdir()} == before


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.jsonl", None, "none.jsonl: no such file"),
        ("empty.jsonl", b"", "empty.jsonl: holds no rows"),
        ("head.csv", b"question,answer\n", "head.csv: holds no rows"),
        ("torn.jsonl.gz", b"\x1f\x8b\x08\0", "damaged .gz"),
        ("no.parquet", b"PAR1", "cannot be read as Parquet"),
        ("rejects.rejects.jsonl", b"{}\n", "would be overwritten"),
    ],
)
def test_a_file_that_cannot_be_read(
    run: Run, here: Path, name: str, content: bytes | None, said: str
) -> None:
    if content is not None:
        (here / name).write_bytes(content)
    out = "made." + name.partition(".")[2] if "rejects" not in name else "rejects.jsonl"
    found = run(data=name, out=out)
    assert found["code"] in {2, 3} and said in found["said"]
    assert not (here / out).exists() and not list(here.glob(".draft*"))


def test_the_summary_for_people(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(here / "in.jsonl")
    assert main([*command(here, "in.jsonl", "out.jsonl"), "--on-bad-row", "reject"]) == 0
    said = capsys.readouterr().out
    assert (
        "7 rows in, 5 rows out\n2 rows rejected, see " in said and "  2 bad row\n10 texts" in said
    )


def test_a_full_disk_is_named_and_leaves_nothing_half_done(run: Run, here: Path) -> None:
    (here / ".draft.out.jsonl").symlink_to("/dev/full")
    found = run()
    assert found["code"] == 5 and "No space left" in found["said"] and "out.jsonl" in found["said"]
    assert not (here / "out.jsonl").exists() and run()["code"] == 0


@pytest.mark.parametrize("stop", ["memory.committed:1:kill", "SIGINT"])
def test_a_stopped_run_goes_on_to_the_same_bytes(run: Run, here: Path, stop: str) -> None:
    run()
    whole = (here / "out.jsonl").read_bytes()
    (here / "out.jsonl").unlink()
    shutil.rmtree(here / "store")
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    if stop != "SIGINT":
        environment[failpoints.VARIABLE] = stop
    words = [sys.executable, "-m", "selftranslate", *command(here, "in.jsonl", "out.jsonl")]
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True) as running:
        if stop == "SIGINT":
            deadline = time.monotonic() + 60
            while not (here / ".draft.out.jsonl").exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            running.send_signal(signal.SIGINT)
        code = running.wait()
    assert code == (130 if stop == "SIGINT" else -signal.SIGKILL)
    assert not (here / "out.jsonl").exists()
    found = run()
    assert (here / "out.jsonl").read_bytes() == whole and found["texts"] == 2 * ROWS
    assert found["translated"] < 2 * ROWS or stop == "SIGINT"
    assert not list(here.glob(".*"))
