"""The label an answer names."""

from __future__ import annotations

from typing import Any

import pytest

from selftranslate import languages
from selftranslate.errors import PluginError
from selftranslate.example import Prediction
from selftranslate.metrics.label import build

CHINESE = ("蕴含", "中立", "矛盾", "不蕴含")

CASES = [
    ("en", "Entailment", "Entailment", True),
    ("en", "entailment.", "Entailment", True),
    ("en", "**NEUTRAL**", "Neutral", True),
    ("en", "The label is: neutral", "Neutral", True),
    ("en", "Ｎｅｕｔｒａｌ", "Neutral", True),
    ("en", "Neutral. Yes, neutral!", "Neutral", True),
    ("en", "Neutral", "Entailment", False),
    ("en", "Neutral or Contradiction", "Neutral", False),
    ("en", "Neutrality", "Neutral", False),
    ("en", "nonneutral", "Neutral", False),
    ("en", "", "Neutral", False),
    ("en", "", "", False),
    ("en", "maybe", "maybe", False),
    ("de", "Neutral\n", "Neutral", True),
    ("zh", "答案是Contradiction。", "Contradiction", True),
    ("th", "คำตอบคือContradiction", "Contradiction", True),
    # quotes and marks round the label
    ("en", "„Neutral“", "Neutral", True),
    ("en", "'neutral'", "Neutral", True),
    ("en", "_Neutral_", "Neutral", True),
    ("en", "Label=Neutral;", "Neutral", True),
    # the words of the language
    ("de", "Widerspruch", "Contradiction", True),
    ("de", "ein „WIDERSPRUCH“!", "Contradiction", True),
    ("de", "Folgerung.", "Contradiction", False),
    ("de", "Widerspruch", "Widerspruch", True),
    ("ru", "Нейтрально.", "Neutral", True),
    ("zh", "答案是“矛盾”。", "Contradiction", True),
    ("th", "คำตอบคือขัดแย้ง", "Contradiction", True),
    ("es", "contradicción", "Contradiction", True),
    ("vi", "Mâu thuẫn", "Contradiction", True),
    ("en", "Widerspruch", "Contradiction", False),
    # both languages
    ("de", "Contradiction (Widerspruch)", "Contradiction", True),
    ("de", "Widerspruch oder neutral", "Contradiction", False),
    ("zh", "neutrality", "Neutral", False),
    # what is denied is not the label
    ("en", "not entailment", "Entailment", False),
    ("en", "This is not an entailment.", "Entailment", False),
    ("en", "non-neutral", "Neutral", False),
    ("de", "Kein Widerspruch", "Contradiction", False),
    ("de", "not a contradiction", "Contradiction", False),
    ("ru", "не нейтрально", "Neutral", False),
    ("zh", "不是矛盾", "Contradiction", False),
    ("th", "ไม่ขัดแย้ง", "Contradiction", False),
    ("en", "No, neutral.", "Neutral", True),
]

# (language, answer, labels it names)
READ = [
    ("de", "Widerspruch", "Contradiction"),
    ("de", "Widerspruch oder neutral", "Contradiction, Neutral"),
    ("en", "not neutral", "not Neutral"),
    ("en", "who knows", ""),
]


def right(code: str, text: str, reference: str, **params: Any) -> bool:
    prediction = Prediction(id="1", text=text, ended="eos", references=(reference,))
    (score,) = build(**params)([prediction], languages.get(code))
    return bool(score.value)


@pytest.mark.parametrize(("code", "text", "reference", "expected"), CASES)
def test_the_label_of_an_answer(code: str, text: str, reference: str, expected: bool) -> None:
    assert right(code, text, reference) is expected


@pytest.mark.parametrize(
    ("text", "reference", "expected"),
    [("它们蕴含。", "蕴含", True), ("不蕴含", "不蕴含", True), ("不蕴含", "蕴含", False)],
)
def test_a_label_that_contains_another(text: str, reference: str, expected: bool) -> None:
    assert right("zh", text, reference, labels=CHINESE) is expected


@pytest.mark.parametrize("label", ["not entailment", "not_entailment", "Not-Entailment"])
def test_a_label_that_denies_another(label: str) -> None:
    labels = ("entailment", label)
    for said in ("not entailment", "NOT_ENTAILMENT.", "“not-entailment”"):
        assert right("en", said, label, labels=labels)
        assert not right("en", said, "entailment", labels=labels)
    assert right("en", "entailment", "entailment", labels=labels)
    assert not right("en", "entailment, not entailment", "entailment", labels=labels)


WORDS = {"de": {"buy": ["kaufen", "Einkauf"], "sell": "verkaufen"}}


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("de", "Kaufen", True),
        ("de", "einkauf", True),
        ("de", "Buy!", True),
        ("de", "verkaufen", False),
        ("de", "kaufen, sell", False),
        ("ru", "kaufen", False),
        ("ru", "buy", True),
    ],
)
def test_the_words_a_task_gives_its_labels(code: str, text: str, expected: bool) -> None:
    assert right(code, text, "buy", labels=["buy", "sell"], words=WORDS) is expected


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"de": {"buy": "kaufen", "sell": "Kaufen"}}, "words: de: 'Kaufen' names no label, or two"),
        ({"de": {"buy": "sell"}}, "words: de: 'sell' names no label, or two"),
        ({"de": {"buy": " "}}, "words: de: ' ' names no label"),
        ({"de": {"by": "kaufen"}}, "unknown label 'by'. Did you mean 'buy'"),
    ],
)
def test_words_that_cannot_be_told_apart_are_refused(words: Any, said: str) -> None:
    with pytest.raises(PluginError, match=said.replace("?", r"\?")):
        build(labels=["buy", "sell"], words=words)


@pytest.mark.parametrize("code", languages.codes())
def test_every_language_names_each_label_by_words_of_its_own(code: str) -> None:
    named = languages.get(code).nli_labels
    assert set(named) in ({"Entailment", "Neutral", "Contradiction"}, set())
    for label, words in named.items():
        assert all(right(code, word, label) for word in words)


@pytest.mark.parametrize(("code", "text", "answer"), READ)
def test_what_was_read_is_kept(code: str, text: str, answer: str) -> None:
    prediction = Prediction(id="1", text=text, ended="eos", references=("Neutral",))
    assert build()([prediction], languages.get(code))[0].answers == (answer,)


def test_the_signature_names_labels_words_and_matching() -> None:
    (score,) = build(labels=("Yes", "No"))([], languages.get("zh"))
    assert score.name == "accuracy"
    assert score.signature == "label|labels:Yes,No|words:be803084|match:characters|n:0|v:2"
    (other,) = build(labels=("Yes", "No"), words={"zh": {"Yes": "是"}})([], languages.get("zh"))
    assert other.signature.replace("|words:", "") != score.signature.replace("|words:", "")
