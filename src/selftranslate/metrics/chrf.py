"""chrF of a test set's translations, as sacreBLEU counts: needs no tokenizer (A.4)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from selftranslate.example import Prediction
from selftranslate.languages import Language
from selftranslate.metrics import Metric, Score


def build() -> Metric:
    """Return corpus chrF2."""
    return chrf


def chrf(predictions: Sequence[Prediction], language: Language) -> list[Score]:
    """Compare character n-grams with the references'."""
    from sacrebleu.metrics import CHRF

    metric = CHRF()
    # sacreBLEU fails on an empty corpus; one empty sentence has the same score, 0.
    texts = [p.text for p in predictions] or [""]
    references = list(zip_longest(*(p.references for p in predictions))) or [("",)]
    score = metric.corpus_score(texts, references)
    signature = f"{score.name}|{metric.get_signature().format()}"
    return [Score(name="chrf", value=min(score.score / 100, 1.0), signature=signature)]
