from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selftranslate import languages
from selftranslate.example import Example, Span
from selftranslate.languages import Language
from selftranslate.translate import sentences


def _outside(text: str, spans: list[Span]) -> str:
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    return "".join(text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text(alphabet="aB1 .!?。\"'()[]\n\r\t\u00a0…é答", max_size=60),
    st.sampled_from(["en", "de", "ru", "th", "zh"]),
)
def test_only_whitespace_lies_outside_the_sentences(text: str, code: str) -> None:
    spans = sentences.split(text, languages.get(code))
    assert not _outside(text, spans).strip()
    assert all(text[a:b] == text[a:b].strip() != "" for a, b in spans)
    assert all(one[1] <= two[0] for one, two in pairwise(spans))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Mr B\u00a0. sat. He ran.", 2),
        ("One.\r\n\r\nTwo. Three.", 3),
        ("答。\u3000是。", 2),
        ("a\n\n\n\nb", 2),
        ("a b.\n\n" * 5000, 5000),
        ("", 0),
        ("Né\xa0. " * 5000, 5000),
    ],
)
def test_whitespace_that_the_splitter_cannot_read(en: Language, text: str, count: int) -> None:
    spans = sentences.split(text, en)
    assert len(spans) == count
    assert not _outside(text, spans).strip()


def test_a_border_inside_the_whole_span_does_not_cut(en: Language) -> None:
    text = "One. Two. Three. Four."
    assert sentences.split(text, en) == [(0, 4), (5, 9), (10, 16), (17, 22)]
    assert sentences.split(text, en, whole=[(7, 12)]) == [(0, 4), (5, 16), (17, 22)]
    assert sentences.split(text, en, whole=[(0, 22)]) == [(0, 22)]
    assert sentences.split(text, en, whole=[(5, 9)]) == sentences.split(text, en)


def test_line_breaks_stay_and_the_rest_becomes_the_joiner(en: Language) -> None:
    text = "One.  Two. \n Three."
    spans = sentences.split(text, en)
    assert sentences.gaps(text, spans, "") == ["", " \n "]
    assert sentences.gaps(text, spans, " ") == [" ", " \n "]
    assert sentences.gaps("", [], " ") == []


def test_the_sentence_of_a_span(en: Language) -> None:
    spans = [(0, 4), (5, 9)]
    assert sentences.holding(spans, (5, 9)) == 1
    assert sentences.holding(spans, (3, 6)) is None


def test_every_squad_context_is_cut_without_loss(
    xquad: Callable[..., list[Example]], en: Language
) -> None:
    """2,067 contexts of SQuAD dev; 11 of 10,570 answers cross a border."""
    examples = xquad("squad/dev-v1.1.json")
    cut = {e.fields["context"]: sentences.split(e.fields["context"], en) for e in examples}
    assert len(cut) == 2067
    assert not any(_outside(text, spans).strip() for text, spans in cut.items())
    crossing = 0
    for example in examples:
        text, span = example.fields["context"], example.spans["answer"]
        crossing += sentences.holding(cut[text], span) is None
        assert sentences.holding(sentences.split(text, en, whole=[span]), span) is not None
    assert crossing == 11


@pytest.mark.parametrize("code", ["de", "ru", "th", "zh"])
def test_every_xquad_context_is_cut_without_loss(
    xquad: Callable[..., list[Example]], code: str
) -> None:
    for text in {e.fields["context"] for e in xquad(f"xquad/xquad.{code}.json", code)}:
        assert not _outside(text, sentences.split(text, languages.get(code))).strip()
