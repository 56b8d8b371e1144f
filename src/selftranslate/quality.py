"""How well a model translates: BLEU of its translations of test texts (A.4, table 2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from selftranslate import plugins, translate
from selftranslate.example import Example, Pair, Prediction
from selftranslate.metrics import Score
from selftranslate.translate import Translator

METRICS = ("bleu", "chrf")


def parallel(source: Iterable[Example], target: Iterable[Example], most: int | None) -> list[Pair]:
    """Pair the examples that both languages have, at most so many."""
    there = {example.id: example for example in target}
    return [Pair(source=e, target=there[e.id]) for e in source if e.id in there][:most]


def measure(translator: Translator, pairs: Sequence[Pair]) -> tuple[list[Prediction], list[Score]]:
    """Translate one field of the pairs' sources with the training shots; score it corpus-wide."""
    field = translator.task.quality
    answers = translate.translate_field(translator, field, [p.source.fields[field] for p in pairs])
    predictions = [
        Prediction(
            id=pair.source.id,
            text=answer.text,
            ended=answer.ended,
            references=(pair.target.fields[field],),
        )
        for pair, answer in zip(pairs, answers, strict=True)
    ]
    scores: dict[str, Score] = {}
    for name in METRICS:
        metric = plugins.build("metrics", name)
        for score in metric(predictions, translator.target):
            scores.setdefault(score.name, score)
        if (note := getattr(metric, "note", None)) and (said := note(translator.target)):
            translator.progress.note(said)
    return predictions, list(scores.values())


def tokens(translator: Translator, pairs: Sequence[Pair]) -> dict[str, dict[str, int]]:
    """Count what the same texts cost in both languages: tokens, characters and UTF-8 bytes.

    A server's engine without a tokenizer counts bytes as tokens.
    """
    field = translator.task.quality
    sides = {
        "source": [pair.source.fields[field] for pair in pairs],
        "target": [pair.target.fields[field] for pair in pairs],
    }
    return {
        side: {
            "tokens": sum(map(translator.engine.count_tokens, texts)),
            "characters": sum(map(len, texts)),
            "bytes": sum(len(text.encode()) for text in texts),
        }
        for side, texts in sides.items()
    }
