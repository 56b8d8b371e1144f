"""The whole method, top to bottom. Each stage reads artifacts and makes one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from selftranslate import evaluate, filters, index, languages, plugins, quality, report, translate
from selftranslate.archive import RESULT, Archive
from selftranslate.errors import DataError
from selftranslate.example import Example, Pair
from selftranslate.filters import Filter, judge
from selftranslate.index import Column, Index
from selftranslate.progress import Noting, Progress
from selftranslate.recipe import Recipe
from selftranslate.records import Records
from selftranslate.runtime import Runtime
from selftranslate.splits import apart, balance
from selftranslate.store import Artifact, Store, lines, write, write_json
from selftranslate.tasks import Split
from selftranslate.transfer import Material, Transfer, follow
from selftranslate.translate import Translator
from selftranslate.translate.shots import choose
from selftranslate.workshop import Workshop


class Pipeline:
    """The stages of one recipe; those of training and asking are in `transfer`."""

    def __init__(self, recipe: Recipe, runtime: Runtime, store: Store | None = None) -> None:
        self.recipe = recipe
        self.runtime = runtime
        self.shop = Workshop(recipe, runtime, store)
        self.store, self.task, self.notes = self.shop.store, self.shop.task, self.shop.notes

    def run(self) -> tuple[report.Result, Artifact]:
        """Make everything the recipe asks for; return the result and where it is kept."""
        english = self.load("train", self.recipe.source)
        return self.result(english, self.columns(english))

    def columns(self, english: Artifact) -> list[Column]:
        """Stages 2 to 7: make everything that is compared; say which artifacts that is."""
        chosen = self.begin(english)
        transfers = [
            Transfer(self.shop, self.material(english, chosen[code], code)) for code in chosen
        ]
        self.shop.clear()
        trained = [transfer.train(chosen) for transfer in transfers]
        self.shop.clear()
        columns: list[Column] = []
        for transfer, trials in zip(transfers, trained, strict=True):
            columns += transfer.ask(trials)
        self.shop.clear()
        return columns

    def begin(self, english: Artifact) -> dict[str, Artifact]:
        """Stage 2 for all languages; fail now where the run would fail hours later."""
        chosen = {code: self.choose_shots(code) for code in self.recipe.languages}
        self._check(english, chosen)
        self._plan(english, chosen)
        return chosen

    def follow(self) -> None:
        """Train along with the process that leads (see `processes`)."""
        follow(self.shop)

    def load(self, split: Split, code: str, without: Iterable[str] = ()) -> Artifact:
        """Stage 1: a split of the task in one language, without these ids (4.1)."""
        return self.shop.load(split, code, without)

    def material(self, english: Artifact, shots: Artifact, code: str) -> Material:
        """Stages 1 to 4 for one language, and how good its translations are."""
        used = [pair.source.id for pair in shots.read(Pair)]
        translated = self.translate(english, shots, code)
        return Material(
            language=code,
            english=english,
            shots=shots,
            translated=translated,
            pairs=self.filter(translated, shots, code),
            gold=self.load("train", code) if self.recipe.needs_gold else None,
            quality=self.quality(shots, code),
            validation=self.validation(shots, code, used),
            test=self.load("test", code, without=used),
        )

    def validation(self, shots: Artifact, code: str, used: Sequence[str]) -> Artifact:
        """The held-out questions that choose the runs, never the test set (4.5)."""
        made = self.held_out(code, used)
        if self.recipe.validation != "translated":
            return made
        pairs = self.filter(self.translate(made, shots, code), shots, code)
        examples = [pair.target for pair in pairs.read(Pair)]
        if not examples:
            msg = (
                f"{self.task.name}: validation {code}: the filters let no translation through; "
                "choose the runs in the source language (validation: source)"
            )
            raise DataError(msg)
        return self.store.keep("validation-translated", examples)

    def held_out(self, code: str, used: Sequence[str]) -> Artifact:
        """The validation questions as they were written: in the source language, or the target."""
        own = self.recipe.validation == "target"
        return self.load("validation", code if own else self.recipe.source, without=used)

    def choose_shots(self, code: str) -> Artifact:
        """Stage 2: the parallel examples translation learns from (4.4)."""
        there = {e.id: e for e in self.task.load("shots", code)}
        candidates = [
            Pair(source=example, target=there[example.id])
            for example in self.task.load("shots", self.recipe.source)
            if example.id in there
        ]
        source, target = languages.get(self.recipe.source), languages.get(code)
        chosen = choose(self.task, candidates, self.recipe.shots, source, target, self.notes)
        return self.store.keep("shots", chosen)

    def translate(self, english: Artifact, shots: Artifact, code: str) -> Artifact:
        """Stage 3: the model translates its own training data, field by field (4.4)."""
        examples = Records(english, Example)
        progress = Noting(self.runtime.progress)
        translator = self.translator(shots, code, progress, self.recipe.length_limit)

        def work(folder: Path) -> None:
            with self.shop.remembered() as kept:
                pairs = write(replace(translator, memory=kept).translate(examples), folder)
            balance(self.task, len(examples), pairs, 0)
            write_json(progress.notes, folder, "notes.json")

        texts = len(examples) * len(self.task.translated)
        unit = (f"translate into {translator.target.name}", texts, "texts")
        spec = translate.spec(translator)
        made = self.shop.make(unit, "translate", spec, [english, shots], work)
        self.notes.notes.extend(made.json("notes.json"))
        return made

    def filter(self, pairs: Artifact, shots: Artifact, code: str) -> Artifact:
        """Stage 4: drop what is unfinished, over- or under-translated; keep the reasons (A.3)."""
        checks: dict[str, Filter] = {
            f.name: plugins.build("filters", f.name, f.params) for f in self.recipe.filters
        }
        checks = filters.fitted(checks, shots.read(Pair), self.task.translated)

        def work(folder: Path) -> None:
            kept, reasons, reported = 0, Counter[str](), Counter[str]()
            with lines(folder) as keep, lines(folder, "dropped.jsonl") as drop:
                for line, pair in pairs.both(Pair):
                    reported.update(filters.reported(pair, checks))
                    if (dropped := judge(pair, checks)) is None:
                        keep(line)
                        kept += 1
                    else:
                        drop(dropped)
                        reasons[dropped.reason] += 1
            balance(self.task, len(Records(pairs, Pair)), kept, reasons.total())
            write_json(dict(reasons.most_common()), folder, "reasons.json")
            if reported:
                write_json(dict(reported.most_common()), folder, "reported.json")

        spoken = languages.get(self.recipe.source), languages.get(code)
        letters = languages.letters(*spoken)
        spec = {
            "filters": [f.model_dump() for f in self.recipe.filters],
            **({"letters": letters} if letters else {}),
            **filters.basis(checks, *spoken),
        }
        made = self.store.make("filter", spec, [pairs], work, version=2)
        for note in filters.notes(checks):
            self.notes.note(f"{spoken[1].name}: {note}")
        if not any(made.read(Pair)):
            self.notes.note(
                f"{spoken[1].name}: no translation got through the filters; "
                "settings with target data have only the source data and the shots"
            )
        return made

    def quality(self, shots: Artifact, code: str) -> Artifact:
        """How well the model translates: BLEU on test texts, with the same shots (A.4)."""
        texts = self.quality_texts(shots, code)
        both = list(texts.read(Pair))
        progress = Noting(self.runtime.progress)
        translator = self.translator(shots, code, progress)

        def work(folder: Path) -> None:
            with self.shop.remembered() as kept:
                predictions, scores = quality.measure(replace(translator, memory=kept), both)
            write(predictions, folder, "outputs.jsonl")
            write_json([asdict(score) for score in scores], folder, "metrics.json")
            write_json(quality.tokens(translator, both), folder, "tokens.json")
            write_json(progress.notes, folder, "notes.json")

        spec = self.quality_spec(translator)
        unit = (f"measure {translator.target.name}", len(both), "texts")
        made = self.shop.make(unit, "quality", spec, [texts, shots], work)
        self.notes.notes.extend(made.json("notes.json"))
        return made

    def quality_spec(self, translator: Translator) -> Mapping[str, object]:
        """What decides the measured translations beside texts and shots."""
        return {**translate.spec(translator), "field": self.task.quality}

    def quality_texts(self, shots: Artifact, code: str) -> Artifact:
        """The test texts, and how humans translated them."""
        used = [pair.source.id for pair in shots.read(Pair)]
        both = quality.parallel(
            self.load("test", self.recipe.source, without=used).read(Example),
            self.load("test", code, without=used).read(Example),
            self.recipe.at_most("quality"),
        )
        return self.store.keep("quality-texts", both)

    def result(
        self, english: Artifact, columns: Sequence[Column]
    ) -> tuple[report.Result, Artifact]:
        """Stages 8 and 9: compare, and say which artifacts that took."""
        recipe = self.recipe.model_dump(mode="json", exclude={"data": {"folder"}})
        made_of = Index(
            task=self.task.name,
            metric=self.task.metric,
            fields=self.task.translated,
            quality=self.task.quality,
            recipe=recipe,
            model=self.shop.model,
            train=english.key,
            columns=tuple(columns),
            notes=tuple(sorted(set(self.notes.notes))),  # whoever said them, and in which order
            licences=self.task.licences,
            data_sets=self.task.data_sets if self._hub else (),
        )
        found = report.assemble(Archive(self.store.root), made_of)

        def work(folder: Path) -> None:
            write_json(made_of.to_json(), folder, index.FILE)
            report.save_json(found, folder)

        return found, self.store.make(RESULT, made_of.to_json(), [], work, version=2)

    def _plan(self, english: Artifact, chosen: Mapping[str, Artifact]) -> None:
        """Tell people how much there is to do; the store may hold some of it."""
        tests, validations = {}, {}
        for code, shots in chosen.items():
            used = [pair.source.id for pair in shots.read(Pair)]
            tests[code] = len(Records(self.load("test", code, without=used), Example))
            validations[code] = len(Records(self.held_out(code, used), Example))
        rows = len(Records(english, Example))
        if self.recipe.validation == "translated":
            rows += max(validations.values())
        texts = rows * len(self.task.translated)
        self.runtime.progress.plan(self.recipe.workload(texts, tests, validations))

    def _check(self, english: Artifact, chosen: Mapping[str, Artifact]) -> None:
        """Fail now where the run would fail hours later.

        An engine that takes no adapters, a model without an end to learn, shots that leave no room
        for a question, training or validation data that is in a test set, in either language.
        """
        if any(setting.train_on for setting in self.recipe.settings):
            self.shop.asked.adapted(Path("no adapter yet"))
            _ = self.shop.trainer
        apart(self.task, "train", english.read(Example), self._tests(chosen))
        for code, shots in chosen.items():
            pairs = list(shots.read(Pair))
            if any(setting.ask == "few-shot" for setting in self.recipe.settings):
                asked = evaluate.Asked(self.task, [], [pair.target for pair in pairs])
                evaluate.check_room(self.shop.asked, asked)
            used = [pair.source.id for pair in pairs]
            held_out = self.held_out(code, used).read(Example)
            apart(self.task, "validation", held_out, self._tests([code]))

    def _tests(self, codes: Iterable[str]) -> Iterator[Example]:
        """Yield the test questions in the source language and in these."""
        for code in (self.recipe.source, *codes):
            yield from self.task.load("test", code)

    def translator(
        self, shots: Artifact, code: str, progress: Progress, length_limit: float | None = None
    ) -> Translator:
        """Return what translates into a language with these shots."""
        return Translator(
            engine=self.shop.translating,
            task=self.task,
            source=languages.get(self.recipe.source),
            target=languages.get(code),
            shots=tuple(shots.read(Pair)),
            progress=progress,
            length_limit=length_limit,
        )

    @property
    def _hub(self) -> bool:
        return self.recipe.data is not None and self.recipe.data.hub
