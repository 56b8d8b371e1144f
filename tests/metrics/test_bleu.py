"""BLEU and chrF are sacreBLEU's, and what is not BLEU is not called so."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
import sacrebleu
from sacrebleu.tokenizers import tokenizer_spm

from selftranslate import languages
from selftranslate.example import Prediction
from selftranslate.metrics import bleu, chrf

ENGLISH = ["The cat sat on the mat.", "He has 5 apples and 3 pears."]
SPOKEN = ["A cat sat on the mat.", "He had 5 apples and 3 pears."]
CHINESE = ["他有５个苹果和３个梨。", "猫坐在垫子上。"]
THAI = ["เขามีแอปเปิ้ล ๕ ลูก", "แมวนั่งบนเสื่อ"]


def pairs(texts: list[str], references: list[str]) -> list[Prediction]:
    return [
        Prediction(id=text, text=text, ended="fence", references=(reference,))
        for text, reference in zip(texts, references, strict=True)
    ]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty ~/.sacrebleu, and a network that must not be touched."""

    def no_download(*_: object, **__: object) -> None:
        pytest.fail("tried to download")

    monkeypatch.setattr("sacrebleu.utils.SACREBLEU_DIR", str(tmp_path))
    monkeypatch.setattr(tokenizer_spm, "SACREBLEU_DIR", str(tmp_path))
    monkeypatch.setattr(tokenizer_spm, "download_file", no_download)
    yield tmp_path


def test_bleu_is_sacrebleus() -> None:
    (score,) = bleu.build()(pairs(SPOKEN, ENGLISH), languages.get("de"))
    expected = sacrebleu.corpus_bleu(SPOKEN, [ENGLISH])
    assert score.name == "bleu"
    assert 0 < score.value < 1
    assert score.value == pytest.approx(expected.score / 100)
    version = sacrebleu.__version__
    assert score.signature == (
        f"BLEU|nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:{version}"
    )


def test_the_language_chooses_the_tokenizer() -> None:
    (score,) = bleu.build()(pairs([c + "了" for c in CHINESE], CHINESE), languages.get("zh"))
    assert score.name == "bleu"
    assert "|tok:zh|" in score.signature
    assert 0.5 < score.value < 1


def test_without_its_model_thai_has_no_bleu(home: Path) -> None:
    thai = languages.get("th")
    scores = bleu.build()(pairs(THAI, THAI), thai)
    assert [score.name for score in scores] == ["bleu_char", "chrf"]
    assert [score.value for score in scores] == pytest.approx([1, 1])
    assert "|tok:char|" in scores[0].signature
    assert scores[1].signature.startswith("chrF2|")
    note = bleu.build().note(thai)
    assert note is not None
    assert str(home / "models" / "sacrebleu_tokenizer_spm.model") in note
    assert bleu.build().note(languages.get("de")) is None


def test_an_empty_model_file_is_no_model(home: Path) -> None:
    (home / "models").mkdir()
    (home / "models" / "sacrebleu_tokenizer_spm.model").touch()
    assert bleu.missing("flores101") is not None


def test_with_its_model_thai_has_bleu(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "models").mkdir()
    (home / "models" / "sacrebleu_tokenizer_spm.model").write_bytes(b"a model")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    assert bleu.missing("flores101") is None
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert bleu.missing("flores101") == "the package sentencepiece is not installed"


@pytest.mark.parametrize("metric", [bleu.build(), chrf.build()])
def test_every_reference_counts(metric: bleu.Bleu) -> None:
    both = [("A dog slept on the warm mat.", ENGLISH[0]), (ENGLISH[1],)]
    rows = [
        Prediction(id=text, text=text, ended="eos", references=references)
        for text, references in zip(ENGLISH, both, strict=True)
    ]
    (score,) = metric(rows, languages.get("de"))
    assert score.value == pytest.approx(1)
    assert "|nrefs:var|" in score.signature


def test_chrf_is_sacrebleus() -> None:
    (score,) = chrf.build()(pairs(SPOKEN, ENGLISH), languages.get("de"))
    assert score.name == "chrf"
    assert score.value == pytest.approx(sacrebleu.corpus_chrf(SPOKEN, [ENGLISH]).score / 100)
    assert score.signature.startswith("chrF2|nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|")


@pytest.mark.parametrize("metric", [bleu.build(), chrf.build()])
def test_an_empty_test_set_scores_nothing(metric: bleu.Bleu) -> None:
    assert [score.value for score in metric([], languages.get("de"))] == [0]
