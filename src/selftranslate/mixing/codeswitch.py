"""D_cs: input in one language, output in the other, both ways (section 3)."""

from __future__ import annotations

from collections.abc import Iterable

from selftranslate import languages
from selftranslate.example import Sample
from selftranslate.mixing import Corpus, Part


def build() -> Part:
    """Build the part."""

    def codeswitch(corpus: Corpus) -> Iterable[Sample]:
        task = corpus.task
        for pair in corpus.pairs:
            if not task.natural_output and task.answer(pair.source) == task.answer(pair.target):
                continue  # the same label in both languages: D_src and D_tgt again
            for question, answer in ((pair.source, pair.target), (pair.target, pair.source)):
                ask = languages.get(answer.language).answer_in if task.natural_output else ""
                yield task.render(question, answer, ask)

    return codeswitch
