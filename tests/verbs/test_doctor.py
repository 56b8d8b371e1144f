"""`doctor`: a line for each thing, what to do where something is wrong, and never a secret."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from selftranslate import lock
from selftranslate.amounts import size
from selftranslate.cli import main
from selftranslate.doctor import here, models, number, spoken

SECRET = "hf_thisIsNobodysToken0123456789"


@pytest.fixture
def copy(tiny_model: Path, tmp_path: Path) -> Path:
    """A model that may be damaged."""
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def change(file: Path, **values: Any) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}), encoding="utf-8")


def look(capsys: pytest.CaptureFixture[str], *options: str, code: int = 0) -> dict[str, Any]:
    assert main(["doctor", *options, "--json"]) == code
    found = json.loads(capsys.readouterr().out)
    assert found["fit"] == (code == 0)
    return {line["about"]: line for line in found["lines"]}


def test_a_machine_and_a_model_that_are_fit(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "not" / "yet"
    found = look(capsys, "--model", str(tiny_model), "--languages", "de,th", "--store", str(store))
    assert not store.parent.exists() and not list(tmp_path.iterdir()), "nothing is left behind"
    assert found["Python"]["found"].startswith(f"{sys.version_info[0]}.{sys.version_info[1]}.")
    assert {"libraries", "PyTorch", "memory", "cores", "disk", "locks", "hub token"} <= set(found)
    assert "LlamaForCausalLM" in found["model"]["found"]
    assert "safetensors" not in found["weights"]["found"] and "float32" in found["weights"]["found"]
    assert found["context"]["found"].startswith("1,024") and found["context"]["state"] == "warning"
    assert found["BOS"]["found"].startswith("<s>") and found["EOS"]["found"].startswith("</s>")
    assert "q_proj ×2" in found["LoRA"]["found"] and "lm_head" not in found["LoRA"]["found"]
    # A tokenizer of bytes: one token a character in English, three in Thai.
    assert "1.1 times" in found["German"]["found"]
    assert "2." in found["Thai"]["found"] and "English" not in found
    assert "1 token" in found["closing mark"]["found"], "` and a line end are one token here"


def test_a_model_that_is_not_there_is_said_with_its_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (str(tmp_path / "none"), "nobody/nothing"):
        found = look(capsys, "--model", name, code=4)
        assert found["model"]["state"] == "do" and name in found["model"]["found"]
        assert found["Python"]["state"] == "ok"


def test_an_unknown_language_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--languages", "deu"]) == 2
    assert "Did you mean 'de'" in capsys.readouterr().err


def lines(model: Path, *codes: str) -> dict[str, Any]:
    return {line.about: line for line in models.lines(str(model), codes)}


def test_what_a_run_would_fail_on_is_to_do(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    change(copy / "tokenizer_config.json", eos_token=None)
    found = lines(copy)
    assert found["weights"].state == found["EOS"].state == "do"
    assert "save_pretrained" in found["weights"].advice and "eos_token" in found["EOS"].advice
    assert main(["doctor", "--model", str(copy), "--languages", "de"]) == 1
    assert "2 to do" in capsys.readouterr().out


def test_a_model_that_transformers_cannot_build_is_to_do(copy: Path) -> None:
    change(copy / "config.json", model_type="t5", architectures=["T5Model"])
    assert lines(copy)["model"].state == "do"


def test_a_model_that_is_larger_than_the_memory_is_to_do(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("selftranslate.machine.memory", lambda: 100_000)
    room = lines(copy)["room"]
    assert room.state == "do" and "100 kB" in room.found


def test_a_language_that_the_tokenizer_cannot_write_is_to_do() -> None:
    from tokenizers import Tokenizer, decoders
    from tokenizers import models as kinds
    from transformers import PreTrainedTokenizerFast

    signs = ["<unk>", *map(chr, (10, *range(32, 127)))]
    words = Tokenizer(kinds.BPE({s: i for i, s in enumerate(signs)}, [], unk_token="<unk>"))
    words.decoder = decoders.Fuse()
    tokens = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>", eos_token="z")
    states = {line.about: line.state for line in spoken.lines(tokens, ["en", "th"])}
    assert states["English"] == "ok" and states["Thai"] == "do"


class Deaf:
    """A tokenizer that drops the closing mark when it reads it back."""

    eos_token_id = None

    def __call__(self, text: str, add_special_tokens: bool = False) -> dict[str, list[int]]:
        return {"input_ids": list(map(ord, text))}

    def decode(self, ids: list[int], **options: bool) -> str:
        return "".join(map(chr, ids)).replace("`", "'")

    def __len__(self) -> int:
        return 300


def test_a_closing_mark_that_is_lost_is_to_do() -> None:
    line = spoken.fence(Deaf(), "`", ["en"])
    assert line.state == "do" and "lost" in line.found


def test_a_folder_that_cannot_be_written_and_a_disk_without_locks_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    def fail(code: int) -> Any:
        def flock(*_: Any) -> None:
            raise OSError(code, "no")

        return flock

    def store() -> dict[str, str]:
        return {line.about: line.state for line in here.lines(tmp_path)}

    assert store()["locks"] == "ok"
    monkeypatch.setattr(lock.fcntl, "flock", fail(errno.ENOLCK))
    assert store()["locks"] == "warning"
    monkeypatch.setattr(lock.fcntl, "flock", fail(errno.EIO))
    assert store()["store"] == "do"
    assert not list(tmp_path.iterdir())


def test_a_token_is_there_or_not_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_TOKEN", SECRET)
    found = look(capsys)
    assert found["hub token"]["found"] == "there"
    assert SECRET not in json.dumps(found)
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "none"))
    assert look(capsys)["hub token"]["found"] == "none"


METADATA = """Metadata-Version: 2.1
Name: selftranslate
Version: 9
Provides-Extra: vllm
Provides-Extra: old
Provides-Extra: dev
Requires-Dist: numpy>=2
Requires-Dist: no-such-engine>=1; extra == "vllm"
Requires-Dist: numpy>=999; extra == "old"
Requires-Dist: no-such-tester; extra == "dev"
"""


def test_extras_are_compared_with_what_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "selftranslate-9.dist-info").mkdir()
    (tmp_path / "selftranslate-9.dist-info" / "METADATA").write_text(METADATA)
    monkeypatch.syspath_prepend(tmp_path)
    found = {line.about: line for line in here.lines(tmp_path)}
    assert found["libraries"].state == "ok" and found["libraries"].found.startswith("numpy 2")
    assert found["extra vllm"].state == "ok", "an absent extra is no fault"
    assert found["extra vllm"].advice == "where it is wanted: pip install 'selftranslate[vllm]'"
    assert found["extra old"].state == "do" and ">=999" in found["extra old"].found
    assert "extra dev" not in found


def test_a_terminal_has_marks_and_no_colours_if_they_are_not_wanted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor"]) == 0
    plain = capsys.readouterr().out
    assert "ok: Python: " in plain and "✓" not in plain and "\x1b" not in plain
    monkeypatch.setattr(Console, "is_terminal", True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "✓" in shown and "\x1b[3" not in shown


def test_phrases_are_the_same_in_every_language() -> None:
    english = spoken.phrases("en")
    assert len(english) == len(spoken.phrases("th")) and "Saturday, November 21, 2026" in english
    assert spoken.phrases("xx") == []


@pytest.mark.parametrize(
    ("value", "said"), [(0, "0 B"), (999, "999 B"), (13_476_839_424, "13.5 GB"), (2e12, "2 TB")]
)
def test_sizes_are_written_for_people(value: float, said: str) -> None:
    assert size(value) == said and number(4_300_000) == "4.3 M"
