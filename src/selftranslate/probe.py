"""Is training worth it? What a model's translations show on a hundred rows, before any training.

The verdict is a rule over figures that need no translation to compare with but the shots'.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from difflib import SequenceMatcher
from statistics import fmean
from typing import Any, Literal

from selftranslate import evaluate, languages, numerals, plugins
from selftranslate.errors import DataError
from selftranslate.example import Example, Pair, Prediction
from selftranslate.pipeline import Pipeline
from selftranslate.progress import Advance, Progress, Silent
from selftranslate.recipe import Recipe
from selftranslate.rehearsal import rehearsed
from selftranslate.runtime import Runtime
from selftranslate.splits import draw
from selftranslate.store import Artifact
from selftranslate.translate import Translator, memory

Word = Literal["go", "check", "no-go"]

SIMILAR = 0.9
"""From this share of equal characters on a translation is a copy of its source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Where the verdict changes; shares from 0 to 1.

    The first two lines sort eight cells, two checkpoints of the miniature in four languages with
    60 questions each, and were fitted on them: numbers kept correlated with the gain of training
    by .96, the shots' chrF by .86 (five cells were trained). BLEU is no part of it: in the paper
    Thai gains at BLEU 5 and 12. The others are the authors' own caution.
    """

    numbers_no_go: float = 0.3
    shots_no_go: float = 0.4
    numbers_go: float = 0.8
    least_rows: int = 10
    """With fewer rows that hold numbers, numbers say nothing."""
    complete_go: float = 0.8
    copied_go: float = 0.2
    """At most this share of rows may be copies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one language's translations show; shares from 0 to 1."""

    language: str
    rows: int
    complete: float
    """Every text ended with the closing mark, and no answer's marks were lost."""
    with_numbers: int
    """Rows whose source holds a number."""
    numbers: float | None
    """Share of these whose translation holds the same numbers, each as often."""
    shots: float | None
    """chrF of each shot, translated with the others, against its human translation."""
    log_probability: float | None
    """Mean over the generated tokens of a text, then over texts."""
    copied: float
    few_shot: float | None
    """Share of test questions answered right with the shots, answered, in front."""
    questions: int
    metric: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to do, and why."""

    word: Word
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Probed:
    """One language, looked at."""

    code: str
    seen: Seen
    verdict: Verdict


def judge(seen: Seen, rule: Rule = Rule()) -> Verdict:
    """Say whether training on these translations is worth it."""
    no_go: list[str] = []
    check: list[str] = []
    fine: list[str] = []
    silent: list[str] = []
    if seen.numbers is None or seen.with_numbers < rule.least_rows:
        silent.append(f"numbers say nothing: {seen.with_numbers} of {seen.rows} rows hold any")
    else:
        same = round(seen.numbers * seen.with_numbers)
        said = f"numbers are kept in {same} of {seen.with_numbers} rows"
        if seen.numbers < rule.numbers_no_go:
            no_go.append(f"{said}, fewer than {rule.numbers_no_go:.0%}")
        elif seen.numbers < rule.numbers_go:
            check.append(f"{said}, fewer than {rule.numbers_go:.0%}")
        else:
            fine.append(said)
    if seen.shots is None:
        check.append("one shot alone cannot be compared with the others")
    elif seen.shots < rule.shots_no_go:
        no_go.append(
            f"the shots' chrF is {100 * seen.shots:.0f}, below {100 * rule.shots_no_go:.0f}"
        )
    else:
        fine.append(f"the shots' chrF is {100 * seen.shots:.0f}")
    if seen.complete < rule.complete_go:
        check.append(f"only {seen.complete:.0%} of the rows are complete")
    if seen.copied > rule.copied_go:
        check.append(f"{seen.copied:.0%} of the rows are copies of their source")
    word: Word = "no-go" if no_go else "check" if check else "go"
    return Verdict(word=word, reasons=tuple((no_go + check or fine) + silent))


def probe(recipe: Recipe, runtime: Runtime, rows: int) -> Iterator[Probed]:
    """Yield each language's figures and verdict, by its code.

    Translations are those of a run and are kept in the store's memory, which is all that is
    written there.
    """
    with rehearsed(recipe, runtime) as (pipeline, _):
        english = pipeline.load("train", recipe.source)
        some = draw(list(english.read(Example)), rows, recipe.seed)
        for code in recipe.languages:
            seen = _look(pipeline, runtime, english, some, code)
            yield Probed(code, seen, judge(seen))


def to_json(found: Sequence[Probed]) -> dict[str, Any]:
    """Return plain JSON values, the rule among them."""
    return {
        "rule": asdict(Rule()),
        "languages": {
            one.code: {
                "verdict": one.verdict.word,
                "reasons": list(one.verdict.reasons),
                **asdict(one.seen),
            }
            for one in found
        },
    }


def _look(
    pipeline: Pipeline, runtime: Runtime, english: Artifact, some: Sequence[Example], code: str
) -> Seen:
    shots = pipeline.choose_shots(code)
    progress = _Brief(runtime.progress)
    translator = pipeline.translator(shots, code, progress, pipeline.recipe.length_limit)
    with memory.open_(runtime.store) as kept:
        translator = replace(translator, memory=kept)
        everything = list(english.read(Example))
        pairs = list(translator.translate(some, among=everything))
        chrf = _leave_one_out(translator)
    if pipeline.shop.translating is not pipeline.shop.asked:
        pipeline.shop.clear()
    few_shot, questions = _few_shot(pipeline, shots, code, len(some))
    complete = plugins.build("filters", "complete")
    kept_numbers = [same for pair in pairs if (same := _same_numbers(pair)) is not None]
    known = [value for pair in pairs for value in pair.log_probability.values()]
    return Seen(
        language=languages.get(code).name,
        rows=len(pairs),
        complete=fmean(complete(pair) is None for pair in pairs),
        with_numbers=len(kept_numbers),
        numbers=fmean(kept_numbers) if kept_numbers else None,
        shots=chrf,
        log_probability=fmean(known) if known else None,
        copied=fmean(_is_copy(pair) for pair in pairs),
        few_shot=few_shot,
        questions=questions,
        metric=pipeline.task.metric,
    )


@dataclass(frozen=True, slots=True)
class _Brief(Silent):
    """Says nothing of what a whole run would have to translate."""

    told: Progress

    @contextmanager
    def stage(self, label: str, total: int, unit: str) -> Iterator[Advance]:
        """Pass it on."""
        with self.told.stage(label, total, unit) as advance:
            yield advance

    def note(self, text: str) -> None:
        """Pass it on."""
        self.told.note(text)


def _leave_one_out(translator: Translator) -> float | None:
    """Translate each shot from the others; compare with the human translations."""
    shots = list(translator.shots)
    if len(shots) < 2:
        return None
    predictions = []
    with translator.progress.stage("translate the shots", len(shots), "shots") as advance:
        for at, pair in enumerate(shots):
            others = replace(
                translator,
                shots=[*shots[:at], *shots[at + 1 :]],
                length_limit=None,
                progress=Silent(),
            )
            (made,) = others.translate([pair.source])
            predictions += [
                Prediction(
                    id=pair.source.id,
                    text=made.target.fields[name],
                    ended="fence",
                    references=(pair.target.fields[name],),
                )
                for name in translator.task.translated
            ]
            advance(1)
    score: float = plugins.build("metrics", "chrf")(predictions, translator.target)[0].value
    return score


def _few_shot(
    pipeline: Pipeline, shots: Artifact, code: str, most: int
) -> tuple[float | None, int]:
    """Ask test questions with the shots in front; None where they do not fit the context."""
    pairs = list(shots.read(Pair))
    test = pipeline.load("test", code, without=[pair.source.id for pair in pairs])
    examples = draw(list(test.read(Example)), most, pipeline.recipe.seed)
    asked = evaluate.Asked(pipeline.task, examples, [pair.target for pair in pairs])
    engine, progress = pipeline.shop.asked, pipeline.runtime.progress
    try:
        evaluate.check_room(engine, asked)
    except DataError as error:
        progress.note(str(error))
        return None, 0
    language = languages.get(code)
    predictions = evaluate.predict(engine, asked, f"ask few-shot, {language.name}", progress)
    return evaluate.score(pipeline.task, predictions, language)[0].value, len(examples)


def _same_numbers(pair: Pair) -> bool | None:
    """Say whether every field keeps its numbers; None if the source holds none."""
    both = [
        [numerals.find(e.fields[name], e.language) for e in (pair.source, pair.target)]
        for name in pair.ended
    ]
    if not any(before for before, _ in both):
        return None
    return all(numerals.same(before, after) for before, after in both)


def _is_copy(pair: Pair) -> bool:
    """Say whether the translation is its source, or nearly."""
    before, after = ("\n".join(e.fields[f] for f in pair.ended) for e in (pair.source, pair.target))
    alike = SequenceMatcher(None, before, after, autojunk=False)
    return alike.quick_ratio() >= SIMILAR and alike.ratio() >= SIMILAR
