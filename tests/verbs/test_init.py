"""`init`: from a user's rows to a recipe that runs, and one line for rows that are none."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from selftranslate import plugins, recipe, schema
from selftranslate.cli import main
from selftranslate.example import Example
from selftranslate.tasks import Copy, Project, Task, Translate

TINY = [
    "protocol={learning_rates: [1e-3], seeds: [0], steps: 1, keep: 1}",
    "training.batch_size=2", "limit=3", "shots=2",
]  # fmt: skip


def rows_of(task: str, code: str) -> list[Example]:
    """The miniature's own questions, parallel in its languages."""
    made: Task = plugins.build("tasks", task, {"train": 60})
    return list(made.load("train", code))


@pytest.fixture(scope="module")
def german() -> dict[str, str]:
    """What a translator would write for each English text."""
    found: dict[str, str] = {}
    for task in ("mini_nli", "mini_qa"):
        for before, after in zip(rows_of(task, "en"), rows_of(task, "de"), strict=True):
            found |= zip(before.fields.values(), after.fields.values(), strict=True)
    return found


@pytest.fixture
def nli(tmp_path: Path) -> Path:
    return table(tmp_path / "nli.csv", [dict(e.fields) for e in rows_of("mini_nli", "en")])


def table(path: Path, rows: list[dict[str, Any]]) -> Path:
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif path.suffix == ".parquet":
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            cells = csv.DictWriter(file, list(rows[0]))
            cells.writeheader()
            cells.writerows(rows)
    return path


def init(data: Path, *more: str, model: str = "mini") -> int:
    out = [] if "--out" in more else ["--out", str(data.parent / "out")]
    given = ["--data", str(data), "--model", model, *out]
    return main(["init", *given, *(() if "--languages" in more else ("--languages", "de")), *more])


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def fill(path: Path, german: dict[str, str]) -> None:
    """Be the translator of a sheet."""
    rows = read(path)
    for row in rows:
        for name, text in row.items():
            if name.startswith("english."):
                row[name.removeprefix("english.")] = german[text]
    table(path, rows)


def task(folder: Path) -> Task:
    """The task of the recipe that was written."""
    wanted = recipe.load(folder / "out" / "recipe.yaml")
    assert wanted.data is not None
    made: Task = plugins.build(
        "tasks", wanted.task.name, {"data": wanted.data.sources(), **wanted.task.params}
    )
    return made


def test_a_table_of_english_rows_becomes_a_recipe_that_runs(
    nli: Path, german: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert init(nli) == 0
    out, said = tmp_path / "out", capsys.readouterr().out
    assert f"selftranslate run {out}/recipe.yaml" in said and f"{out}/shots.de.csv" in said
    run = ["run", str(out / "recipe.yaml"), "--store", str(tmp_path / "store"), "--json"]
    run += [part for change in TINY for part in ("--set", change)]
    assert main(run) == 3, "an empty sheet is never taken for a translation"
    assert "shots.de.csv:2: premise: empty; fill it in" in capsys.readouterr().err
    for name in ("shots.de.csv", "test.de.csv"):
        fill(out / name, german)
    assert main(run) == 0
    assert json.loads(capsys.readouterr().out)["languages"]["de"]["settings"]


def test_every_row_goes_somewhere_once_and_sheets_show_the_english(
    nli: Path, tmp_path: Path
) -> None:
    assert init(nli) == 0
    out = tmp_path / "out"
    names = ("train.csv", "validation.csv", "test.en.csv", "shots.en.csv")
    dealt = [tuple(row.values()) for name in names for row in read(out / name)]
    assert sorted(dealt) == sorted(tuple(row.values()) for row in read(nli))
    sheet, english = read(out / "test.de.csv"), read(out / "test.en.csv")
    assert len(sheet) == len(english) > 10
    for blank, whole in zip(sheet, english, strict=True):
        assert blank["english.premise"] == whole["premise"] and blank["premise"] == ""
        assert blank["label"] == whole["label"]
    assert {row["label"] for row in read(out / "shots.en.csv")} == {
        row["label"] for row in read(nli)
    }


def test_the_division_hangs_on_the_rows_and_not_on_their_order(nli: Path, tmp_path: Path) -> None:
    assert init(nli) == 0
    first = (tmp_path / "out" / "test.en.csv").read_text("utf-8")
    turned = table(tmp_path / "turned.csv", read(nli)[::-1])
    assert init(turned, "--out", str(tmp_path / "second")) == 0
    second = (tmp_path / "second" / "test.en.csv").read_text("utf-8")
    assert sorted(first.splitlines()) == sorted(second.splitlines())


def test_rows_that_share_a_text_stay_together(tmp_path: Path) -> None:
    rows = [
        {"context": f"Here is passage {n // 3}, and it is long.", "question": f"{n}?", "answer": n}
        for n in range(90)
    ]
    assert init(table(tmp_path / "rows.jsonl", rows)) == 0
    made = task(tmp_path)
    contexts = {
        split: {e.fields["context"] for e in made.load(split, "en")}
        for split in ("train", "validation", "test")
    }
    assert (
        not contexts["train"] & contexts["test"] and not contexts["train"] & contexts["validation"]
    )
    assert all(contexts.values())


def sample(**columns: Any) -> list[dict[str, Any]]:
    """Thirty rows; a column is a value, a list of them, or made of the row's number."""
    made = {
        "pick": lambda value, n: value[n % len(value)],
        "call": lambda value, n: value(n),
        "same": lambda value, n: value,
    }
    kinds = {k: "pick" if isinstance(v, list) else "call" if callable(v) else "same"
             for k, v in columns.items()}  # fmt: skip
    return [{k: made[kinds[k]](v, n) for k, v in columns.items()} for n in range(30)]


LONG = " ".join(f"Sentence {n} of this long passage says little that matters." for n in range(20))
NESTED = {"question": lambda n: f"Who is {n}?", "meta": lambda n: {"id": f"q{n}"}}


@pytest.mark.parametrize(
    ("rows", "fields", "metric", "labels"),
    [
        (
            sample(text=lambda n: f"I feel {n} today.", mood=["good", "bad"], url=lambda n: f"https://a.b/{n}"),
            {"text": Translate(16), "mood": Copy()}, "label", 2,
        ),
        (
            sample(question=lambda n: f"How much is {n} and 1?", answer=lambda n: n + 1),
            {"question": Translate(32), "answer": Copy()}, "final_number", 0,
        ),
        (
            sample(problem=lambda n: f"Add 1 to {n}.", solution=lambda n: f"It is more.\n#### {n + 1}"),
            {"problem": Translate(16), "solution": Translate(32)}, "final_number", 0,
        ),
        (
            sample(instruction=lambda n: f"Tell me about {n}.", input=["", "Be short."], response=lambda n: f"There is a lot to say of {n}, friend."),
            {"instruction": Translate(32), "input": Translate(16), "response": Translate(48)}, "chrf", 0,
        ),
        (
            sample(id=lambda n: n, context=lambda n: f"Number {n}. {LONG}", question=lambda n: f"Which is it of {n}?", answer=lambda n: f"Number {n}."),
            {"context": Translate(64, by_sentence=True), "question": Translate(32), "answer": Project("context")}, "span", 0,
        ),
        (
            sample(messages=lambda n: [{"role": "user", "content": f"Who is {n}?"}, {"role": "assistant", "content": f"Nobody that I know of is {n}."}]),
            {"user": Translate(16), "assistant": Translate(32)}, "chrf", 0,
        ),
    ],
    ids=["labels", "numbers", "solutions", "instructions", "spans", "chats"],
)  # fmt: skip
def test_what_columns_are_for_is_seen(
    tmp_path: Path, rows: list[dict[str, Any]], fields: dict[str, Any], metric: str, labels: int
) -> None:
    assert init(table(tmp_path / "rows.jsonl", rows), model="some/model") == 0
    made = task(tmp_path)
    assert dict(made.fields) == fields and list(made.fields) == list(fields)
    assert made.metric == metric
    assert made.chance == (1 / labels if labels else None)
    first = next(iter(made.load("train", "en")))
    assert first.fields[next(iter(fields))] in made.question(first)
    assert made.answer(first) == first.fields[list(fields)[-1]]


def test_answers_that_stand_in_their_text_twice_are_led_to(tmp_path: Path) -> None:
    rows = sample(
        context=lambda n: f"Ann met N{n:02}, and N{n:02} met Zoe.",
        question=lambda n: f"Who met Zoe on day {n}?",
        answers=lambda n: {"text": [f"N{n:02}"], "answer_start": [17]},
        language="en",
    )
    assert init(table(tmp_path / "rows.parquet", rows), model="some/model") == 0
    made = task(tmp_path)
    assert next(iter(made.load("train", "en"))).spans == {"answers_text": (17, 20)}
    blank = json.loads((tmp_path / "out" / "test.de.jsonl").read_text("utf-8").splitlines()[0])
    assert blank["english"]["answers.text[0]"] in blank["english"]["context"]
    assert blank["context"] == "" and blank["answers"] == {"text": [""], "answer_start": [""]}
    assert "language" not in blank, "which would say that the translation is English"


def test_the_recipe_is_commented_and_names_its_schema(nli: Path, tmp_path: Path) -> None:
    assert init(nli) == 0
    text = (tmp_path / "out" / "recipe.yaml").read_text("utf-8")
    first, *lines = text.splitlines()
    assert first == "# yaml-language-server: $schema=recipe.schema.json"
    written = json.loads((tmp_path / "out" / "recipe.schema.json").read_text("utf-8"))
    assert written == json.loads(schema.text())
    values = json.loads(json.dumps(YAML(typ="safe", pure=True).load(text)))
    jsonschema.Draft202012Validator(written).validate(values)
    keys = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert len(keys) >= 6 and all("# " in line for line in keys)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_files_that_are_there_are_used_where_they_lie(tmp_path: Path, kind: str) -> None:
    parts = {"mine": (0, 30), "val": (30, 40), "test.en": (40, 50), "shots.en": (50, 60)}
    english, target = rows_of("mini_nli", "en"), rows_of("mini_nli", "de")
    for name, (start, end) in parts.items():
        table(tmp_path / f"{name}.{kind}", [dict(e.fields) for e in english[start:end]])
    for name in ("test", "shots"):
        start, end = parts[f"{name}.en"]
        table(tmp_path / f"{name}.de.{kind}", [dict(e.fields) for e in target[start:end]])
    given = {"validation": "val", "test": "test.{language}", "shots": "shots.{language}"}
    options = [p for k, name in given.items() for p in (f"--{k}", str(tmp_path / f"{name}.{kind}"))]
    assert init(tmp_path / f"mine.{kind}", *options) == 0
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"recipe.yaml", "recipe.schema.json"}
    made = task(tmp_path)
    assert len(list(made.load("train", "en"))) == 30
    assert next(iter(made.load("test", "de"))).fields["premise"] == target[40].fields["premise"]


def test_names_and_values_that_yaml_and_templates_would_misread(tmp_path: Path) -> None:
    rows = [
        {"null": f"What of {n}?", "in": f"More words {n}.", "a: b\n- c": f"So {n} it is, {{{{ 1 }}}}.", "label": ["no", "1e3", ": x"][n % 3]}
        for n in range(30)
    ]  # fmt: skip
    assert init(table(tmp_path / "on: [1].jsonl", rows), model="a: b") == 0
    made = task(tmp_path)
    assert made.name == "on: [1]"
    first = next(iter(made.load("train", "en")))
    assert set(first.fields) == {"null", "field_in", "a_b_c", "label"}
    assert first.fields["null"] in made.question(first) and "{{ 1 }}" in made.question(first)


def test_nothing_is_written_over_unless_it_is_said_and_never_a_translation(
    nli: Path, german: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert init(nli) == 0
    before = {p: p.read_bytes() for p in (tmp_path / "out").iterdir()}
    assert init(nli) == 2
    assert "recipe.yaml: it is there already; name another --out" in capsys.readouterr().err
    sheet = tmp_path / "out" / "test.de.csv"
    fill(sheet, german)
    filled = sheet.read_bytes()
    assert init(nli, "--overwrite") == 0
    assert sheet.read_bytes() == filled != before[sheet]
    assert "test.de.csv" not in capsys.readouterr().out, "nothing is left to do there"
    other = table(tmp_path / "other.csv", read(nli)[5:])
    assert init(other, "--overwrite") == 2
    assert "test.de.csv: holds translations of other rows" in capsys.readouterr().err
    assert sheet.read_bytes() == filled
    inside = table(tmp_path / "out" / "train.csv", read(nli))
    assert init(inside, "--overwrite", "--out", str(inside.parent)) == 2
    assert "is the data itself" in capsys.readouterr().err
    assert read(inside) == read(nli)


GOOD = "".join(f"Text number {n}?,{'ab'[n % 2]}\n" for n in range(30))


@pytest.mark.parametrize(
    ("name", "content", "code", "said"),
    [
        ("a.csv", "", 3, "a.csv:1: the file is empty"),
        ("a.jsonl", "", 3, "a.jsonl:1: holds no rows"),
        ("a.csv", "text,label\n", 3, "a.csv:1: holds no rows"),
        ("a.jsonl", '{"a": "x", "b": "y"}\n{"a": "x"}\n', 3, "a.jsonl:2: b: missing here, but row 1 has it"),
        ("a.jsonl", '{"a": "x"}\n{"a": "x", "b": "y"}\n', 3, "a.jsonl:2: b: row 1 has no such field"),
        ("a.jsonl", '{"a": "x"}\n{"a": "x"\n', 3, "a.jsonl:2: not JSON at column 10"),
        ("a.csv", "text,label\nx\n", 3, "a.csv:2: 1 cells, not 2"),
        ("a.csv", "m,n\n1,2\n3,4\n", 3, "a.csv: no field with text to translate beside n"),
        ("a.csv", "text\nHello\nYou\n", 3, "a.csv: two fields are needed, a text and its answer"),
        ("a.csv", "text;label\nHello;a\n", 3, "save the file with commas"),
        ("a.csv", "text,label\n" + GOOD[:51], 3, "at least 20 are needed"),
        ("a.csv", "text,label\n" + GOOD.replace("0?,a", "0?,A"), 3, "'A' and 'a' would be one label"),
        ("a.csv", "text,language\nHello,en\nHallo,de\n", 3, "a.csv:3: language: 'de'; keep the rows in English (en)"),
        ("a.xlsx", "x", 2, "unknown ending; write .csv, .jsonl"),
    ],
)  # fmt: skip
def test_what_is_no_data_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str],
    name: str, content: str, code: int, said: str,
) -> None:  # fmt: skip
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert init(tmp_path / name) == code
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert said in line and captured.out == "" and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "--data is missing"),
        (["--task", "mini"], "--languages is missing"),
        (["--task", "mini", "--languages", "de"], "--model is missing"),
        (["--task", "mini", "--languages", "de", "--model", "m", "--data", "x.csv"], "one of them"),
        (["--task", "minni", "--languages", "de", "--model", "m"], "Did you mean 'mini'"),
        (["--task", "mini", "--languages", "xx", "--model", "m"], "unknown language 'xx'"),
    ],
)
def test_without_a_terminal_nothing_is_asked(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", *options]) == 2
    assert said in capsys.readouterr().err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_four_things_are_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", Terminal("mini\nde, th\nmini\n\n"))
    assert main(["init"]) == 0
    made = recipe.load(tmp_path / "mini" / "recipe.yaml")
    assert (made.task.name, made.languages, made.data) == ("mini", ("de", "th"), None)
    captured = capsys.readouterr()
    assert captured.err.count("? ") == 4 and "selftranslate run mini/recipe.yaml" in captured.out


def test_a_known_task_takes_its_data_from_the_hub(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--task", "gsm8k", "--languages", "de", "--model", "m", "--out", str(tmp_path)]
    assert main(["init", *options, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["to_fill_in"] == {} and found["recipe"] == str(tmp_path / "recipe.yaml")
    made = recipe.load(tmp_path / "recipe.yaml")
    assert made.data is not None and made.data.hub
    assert (made.protocol, made.training.params["r"]) == (recipe.Protocol(), 16)
