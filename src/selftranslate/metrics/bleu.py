"""BLEU of a test set's translations, as sacreBLEU counts (A.4)."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from selftranslate.example import Prediction
from selftranslate.languages import Language
from selftranslate.metrics import Score


def build() -> Bleu:
    """Return corpus BLEU with the language's tokenizer."""
    return Bleu()


class Bleu:
    """BLEU, or where its tokenizer is not at hand two scores that do not claim to be BLEU."""

    def __call__(self, predictions: Sequence[Prediction], language: Language) -> list[Score]:
        """Score against all references: "bleu", or else "bleu_char" and "chrf".

        Never downloads: a score that depends on the network is not the same score tomorrow.
        """
        from sacrebleu.metrics import BLEU, CHRF

        if missing(language.bleu_tokenizer) is None:
            return [_corpus("bleu", BLEU(tokenize=language.bleu_tokenizer), predictions)]
        # A character tokenizer fires sacreBLEU's advice on no language: `trg_lang` stays empty.
        return [
            _corpus("bleu_char", BLEU(tokenize="char"), predictions),
            _corpus("chrf", CHRF(), predictions),
        ]

    def note(self, language: Language) -> str | None:
        """Say why this language's scores are not BLEU and how to make them so; None if they are."""
        tokenizer = language.bleu_tokenizer
        need = missing(tokenizer)
        return need and (
            f"BLEU for {language.name} needs the tokenizer {tokenizer!r}, and {need}; "
            "bleu_char and chrf are shown instead and do not compare with published BLEU."
        )


def missing(tokenizer: str) -> str | None:
    """Say what a sacreBLEU tokenizer lacks on this machine; None if it can be used as it is."""
    from sacrebleu.tokenizers.tokenizer_spm import SPM_MODELS
    from sacrebleu.utils import SACREBLEU_DIR

    package = {"ja-mecab": "MeCab", "ko-mecab": "mecab_ko"}.get(tokenizer)
    if tokenizer in SPM_MODELS:
        package, url = "sentencepiece", SPM_MODELS[tokenizer]["url"]
        model = Path(SACREBLEU_DIR, "models", Path(url).name)
        if not model.is_file() or not model.stat().st_size:
            # Notes go into artifacts, and those do not tell whose machine it is.
            place = str(model).replace(str(Path.home()), "~")
            return f"its model is not at {place} (download {url})"
    if package and importlib.util.find_spec(package) is None:
        return f"the package {package} is not installed"
    return None


def _corpus(name: str, metric: Any, predictions: Sequence[Prediction]) -> Score:
    # sacreBLEU fails on an empty corpus; one empty sentence has the same score, 0.
    texts = [p.text for p in predictions] or [""]
    references = list(zip_longest(*(p.references for p in predictions))) or [("",)]
    score = metric.corpus_score(texts, references)
    signature = f"{score.name}|{metric.get_signature().format()}"
    return Score(name=name, value=min(score.score / 100, 1.0), signature=signature)
