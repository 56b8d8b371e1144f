"""`selftranslate memory stats|export|prune`, as a user types them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from selftranslate.cli import main
from selftranslate.engines import Completion
from selftranslate.translate import memory
from selftranslate.translate.memory import Asked, Effort, Limits

LLAMA = Asked("transformers model=aa11 adapter=none dtype=float32", "s1", "`", "en", "de")
QWEN = Asked("transformers model=bb22 adapter=none dtype=float32", "s1", "|", "en", "zh")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with memory.open_(tmp_path) as kept:
        for i in range(30):
            asked = QWEN if i >= 20 else LLAMA
            done = Completion(
                index=0,
                text=f"<eins> {i}\n答",
                ended="length" if i % 5 == 0 else "fence",
                log_probability=None if i else -0.25,
                tokens=10,
            )
            kept.add(asked, f"one {i}", Limits(64, 90 * (i % 2)), done, Effort(0.5, 1 + i % 2))
        kept.commit()
        kept.change(["UPDATE completions SET written = written - 10 * 86400 WHERE text < 'one 2'"])
    return tmp_path


def entries(store: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    assert main(["memory", "export", "--store", str(store)]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.split("\n")[:-1]]


def test_stats_count_by_model_languages_and_ending(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["memory", "stats", "--store", str(store), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["entries"], found["tokens"], found["seconds"]) == (30, 300, 15)
    assert found["bytes"] >= (store / memory.FILE).stat().st_size > 0
    assert [tuple(group.values())[:5] for group in found["groups"]] == [
        (LLAMA.engine, "en", "de", "fence", 16),
        (LLAMA.engine, "en", "de", "length", 4),
        (QWEN.engine, "en", "zh", "fence", 8),
        (QWEN.engine, "en", "zh", "length", 2),
    ]
    assert main(["memory", "stats", "--store", str(store)]) == 0
    out = capsys.readouterr().out
    assert "30 texts, 300 tokens written, 15 s of work" in out
    assert out.count(LLAMA.engine) == 1 and "en > zh  length" in out


def test_export_holds_everything_and_is_the_same_on_disk(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {row["text"]: row for row in entries(store, capsys)}
    assert len(rows) == 30
    assert {k: v for k, v in rows["one 0"].items() if k != "written"} == {
        "engine": LLAMA.engine, "prefix": "s1", "fence": "`", "source": "en", "target": "de",
        "text": "one 0", "completion": "<eins> 0\n答", "ended": "length",
        "log_probability": -0.25, "tokens": 10, "max_new_tokens": 64, "most_characters": None,
        "seconds": 0.5, "attempt": 1,
    }  # fmt: skip
    assert (rows["one 21"]["most_characters"], rows["one 21"]["attempt"]) == (90, 2)
    assert str(rows["one 21"]["written"]).endswith("+00:00")
    out = store / "out.jsonl"
    assert main(["memory", "export", "--store", str(store), "-o", str(out)]) == 0
    assert [json.loads(line) for line in out.read_text().split("\n")[:-1]] == entries(store, capsys)
    assert {path.name for path in store.iterdir()} == {memory.FILE, "out.jsonl"}


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--all"], 30),
        (["--model", "bb22"], 10),
        (["--model", LLAMA.engine], 20),
        (["--older-than", "9"], 12),  # one 0, one 1 and one 10 to one 19
        (["--older-than", "11"], 0),
        (["--older-than", "9", "--model", "bb22"], 0),
    ],
)
def test_prune_removes_what_it_was_asked_to_and_no_more(
    store: Path, options: list[str], count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    before, size = entries(store, capsys), (store / memory.FILE).stat().st_size
    assert main(["memory", "prune", "--store", str(store), *options, "--dry-run"]) == 0
    assert capsys.readouterr().out == f"would remove {count} entries\n"
    assert entries(store, capsys) == before
    assert main(["memory", "prune", "--store", str(store), *options]) == 0
    assert capsys.readouterr().out == f"removed {count} entries\n"
    left = entries(store, capsys)
    assert len(left) == 30 - count and all(row in before for row in left)
    if count == 30:
        assert (store / memory.FILE).stat().st_size <= size


def test_a_run_that_goes_on_while_the_memory_is_pruned_mistakes_nothing(store: Path) -> None:
    done = Completion(index=0, text="new", ended="fence")
    with memory.open_(store) as running:
        assert running.find(LLAMA, "one 1", Limits(64, 90))
        assert main(["memory", "prune", "--store", str(store), "--all"]) == 0
        with memory.open_(store) as another:
            another.add(QWEN, "one 1", Limits(64), done, Effort(0, 1))
        assert running.find(LLAMA, "one 1", Limits(64)) is None
        running.add(LLAMA, "one 2", Limits(64), done, Effort(0, 1))
        running.commit()
        assert running.find(LLAMA, "one 2", Limits(64)) == done
        assert running.find(QWEN, "one 2", Limits(64)) is None


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["prune"], 2, "give --model, --older-than or both, or else --all"),
        (["prune", "--all", "--model", "aa11"], 2, "or else --all"),
        (["prune", "--model", "float32"], 2, "nothing was written by 'float32'"),
        (["prune", "--older-than", "-1"], 2, "greater than or equal to 0"),
        (["export", "-o", "/proc/no/x.jsonl"], 5, "/proc/no"),
        (["stats", "--store", "nowhere"], 2, "no such translation memory; name the store"),
    ],
)
def test_errors_are_one_line_with_their_exit_code(
    store: Path, arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    where = [] if "--store" in arguments else ["--store", str(store)]
    assert main(["memory", *arguments, *where]) == code
    captured = capsys.readouterr()
    assert captured.out == "" and said in captured.err and captured.err.count("\n") == 1
    assert not Path("nowhere").exists()


def test_a_reader_that_has_seen_enough_is_no_error(store: Path) -> None:
    done = Completion(index=0, text="x" * 99, ended="fence")
    with memory.open_(store) as kept:
        for i in range(1_000):
            kept.add(LLAMA, f"more {i}", Limits(64), done, Effort(0, 1))
    command = [sys.executable, "-m", "selftranslate", "memory", "export", "--store", str(store)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout and running.stderr
        assert running.stdout.readline().startswith(b"{")
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait() == 0
