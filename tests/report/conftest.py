"""A store of the paper's size of experiment, made in a second: four languages, three settings, six
runs each; what models would have written is put together from sentences."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from selftranslate import index, journal, report
from selftranslate.archive import RESULT, Archive
from selftranslate.example import Example, Pair, Prediction
from selftranslate.filters import Drop, Dropped
from selftranslate.index import Column, Index, Ran
from selftranslate.report import files
from selftranslate.store import Artifact, Store, write, write_json
from selftranslate.training import Run

SENTENCES = {
    "en": ["Natalia sold clips to 48 of her friends in April.", "How many clips did she sell?",
           "Weng earns $12 an hour for babysitting.", "Together they have 72 flowers."],
    "de": ["Natalia verkaufte im April Klammern an 48 ihrer Freunde.", "Wie viele Klammern waren es?",
           "Weng verdient 12 $ in der Stunde fürs Babysitten.", "Zusammen haben sie 72 Blumen."],
    "th": ["นาตาเลียขายคลิปให้เพื่อนของเธอ 48 คนในเดือนเมษายน", "เธอขายคลิปได้กี่ตัว",
           "เวงมีรายได้ชั่วโมงละ 12 ดอลลาร์จากการเลี้ยงเด็ก", "พวกเขามีดอกไม้รวมกัน 72 ดอก"],
    "zh": ["娜塔莉亚在四月份向她的48位朋友出售了夹子。", "她一共卖出了多少个夹子？",
           "翁做保姆每小时赚12美元。", "他们一共有72朵花。"],
    "ar": ["باعت ناتاليا مشابك لـ 48 من صديقاتها في شهر أبريل.", "كم عدد المشابك التي باعتها؟",
           "تكسب وينغ 12 دولارًا في الساعة مقابل مجالسة الأطفال.", "لديهم معًا 72 زهرة."],
}  # fmt: skip
GAINS = {"de": 0.10, "th": 0.0, "zh": 0.03, "ar": 0.06}
BLEU = {"de": ("bleu", 0.42), "th": ("bleu_char", 0.06), "zh": ("bleu", 0.33), "ar": ("bleu", 0.21)}
LOST = {"de": 0.03, "th": 0.6, "zh": 0.12, "ar": 0.2}
REASONS = (
    ("complete", "answer", "ended by length"), ("complete", "question", "ended by repetition"),
    ("length_ratio", "question", "too long"), ("length_ratio", "answer", "too short"),
    ("", "answer", "has no translation"),
)  # fmt: skip
SETTINGS = ("D_src", "+D_tgt", "+D_tgt+D_cs")
RUNS = tuple(Run(learning_rate=r, seed=s, steps=60) for r in (5e-5, 3e-4) for s in (0, 1, 2))


@dataclass(frozen=True)
class Laid:
    """A store and the experiment in it."""

    store: Store
    made: Artifact
    codes: tuple[str, ...]
    result: report.Result

    @property
    def archive(self) -> Archive:
        return Archive(self.store.root)


@dataclass
class Laying:
    """Lays an experiment into a store, artifact by artifact."""

    root: Path
    rows: int = 300
    questions: int = 250
    runs: tuple[Run, ...] = RUNS
    codes: tuple[str, ...] = ("de", "th", "zh", "ar")
    words: Mapping[str, Iterable[str]] = field(default_factory=lambda: SENTENCES)
    sentences: int = 5
    task: str = "gsm8k"
    settings: tuple[str, ...] = SETTINGS
    reasons: Sequence[tuple[str, str, str]] = REASONS
    more: Mapping[str, Any] = field(default_factory=dict)
    """What the recipe has besides."""
    notes: tuple[str, ...] = ("train th: 3 shots were left out: they are too long",)

    def __post_init__(self) -> None:
        machine = {
            "python": "3.12.1", "system": "Linux x86_64", "processor": "A processor", "cores": 16,
            "memory": 64 << 30, "gpus": ["NVIDIA H100"], "versions": {"selftranslate": "0.1.0", "torch": "2.13.0"},
        }  # fmt: skip
        self.tokens = 0
        written = journal.Writer(self.root, lambda: machine, lambda: self.tokens)
        self.root.mkdir(parents=True, exist_ok=True)
        self.store = Store(self.root, journal=written)
        self.random = random.Random(0)

    def make(self, stage: str, spec: object, work: Callable[[Path], None]) -> str:
        self.tokens += 1000
        return self.store.make(stage, {"spec": spec}, [], work).key

    def text(self, language: str) -> str:
        joiner = "" if language == "zh" else " "
        return joiner.join(self.random.choices([*self.words[language]], k=self.sentences))

    def example(self, number: int, split: str, language: str) -> Example:
        fields = {"question": self.text(language), "answer": f"{self.text(language)}\n{number}"}
        return Example(id=f"{self.task}/{split}/{number}", language=language, fields=fields)

    def examples(self, split: str, language: str, count: int) -> tuple[str, list[Example]]:
        rows = [self.example(n, split, language) for n in range(count)]
        return self.store.keep(f"load-{split}", rows).key, rows

    def lay(self) -> Laid:
        train, english = self.examples("train", "en", self.rows)
        made_of = Index(
            task=self.task, metric="accuracy", fields=("question", "answer"), quality="question",
            recipe=self.recipe(), model="0123456789abcdef", train=train,
            columns=tuple(self.column(code, english) for code in self.codes), notes=self.notes,
            licences=("GSM8k: MIT.", "MGSM: CC BY 4.0."),
        )  # fmt: skip
        found = report.assemble(Archive(self.root), made_of)

        def work(folder: Path) -> None:
            write_json(made_of.to_json(), folder, index.FILE)
            report.save_json(found, folder)

        made = self.store.make(RESULT, dict(made_of.recipe), [], work)
        return Laid(self.store, made, self.codes, found)

    def recipe(self) -> dict[str, Any]:
        from selftranslate import recipe

        rows = {
            "task": self.task, "model": "meta-llama/Llama-2-7b-hf", "languages": list(self.codes),
            "data": {"train": "gsm8k/train.jsonl", "test": "mgsm/mgsm_{language}.tsv", "folder": "/secret"},
            "settings": [{"name": name, "train_on": ["source"]} for name in self.settings],
            "protocol": {
                "learning_rates": sorted({run.learning_rate for run in self.runs}), "keep": 2,
                "seeds": sorted({run.seed for run in self.runs}), "steps": 60,
            } if len(self.runs) < len(RUNS) else {"steps": 60},
            **self.more,
        }  # fmt: skip
        return recipe.parse(rows, "test").model_dump(mode="json", exclude={"data": {"folder"}})

    def column(self, code: str, english: list[Example]) -> Column:
        shots = self.store.keep("shots", [self.example(n, "shots", code) for n in range(2)]).key
        validation, _ = self.examples("validation", code, 20)
        test, questions = self.examples("test", code, self.questions)
        filtered = self.make("filter", code, self.pairs(code, english))
        name, value = BLEU.get(code, ("bleu", 0.3))
        runs = [
            self.ran(code, setting, number, run, questions)
            for number, setting in enumerate(self.settings)
            for run in self.runs
        ]
        return Column(
            code=code, language=code, trained_for=code, shots=shots, gold=None,
            translated=self.make("translate", code, lambda folder: write_json([], folder, "notes.json")),
            filtered=filtered, quality=self.make("quality", code, self.quality(code, name, value)),
            validation=validation, test=test, runs=tuple(runs),
        )  # fmt: skip

    def pairs(self, code: str, english: list[Example]) -> Callable[[Path], None]:
        kept, dropped = [], []
        for source in english:
            target = Example(
                id=source.id, language=code,
                fields={n: self.text(code) for n in source.fields},
            )  # fmt: skip
            ended: dict[str, Any] = {"question": ("fence",), "answer": ("fence",)}
            pair = Pair(source=source, target=target, ended=ended)
            if self.random.random() >= LOST.get(code, 0.1):
                kept.append(pair)
                continue
            filter_, name, why = self.random.choice(self.reasons)
            if why.startswith("ended"):
                ended[name] = (why.removeprefix("ended by "),)
            if why == "too long":
                target.fields[name] = target.fields[name] * 6  # type: ignore[index]
            dropped.append(Dropped(pair, filter_, Drop(name, why)))

        def work(folder: Path) -> None:
            write(kept, folder)
            write(dropped, folder, "dropped.jsonl")
            reasons: dict[str, int] = {}
            for one in dropped:
                reasons[one.reason] = reasons.get(one.reason, 0) + 1
            write_json(reasons, folder, "reasons.json")

        return work

    def quality(self, code: str, name: str, value: float) -> Callable[[Path], None]:
        def work(folder: Path) -> None:
            scores = [
                {"name": name, "value": value, "signature": f"BLEU|tok:{code}", "items": [], "answers": []},
                {"name": "chrf", "value": min(1.0, value + 0.2), "signature": "chrF2", "items": [], "answers": []},
            ]  # fmt: skip
            write_json(scores, folder, "metrics.json")
            cost = {"de": 30, "th": 95, "zh": 80, "ar": 60}.get(code, 30)
            counted = {
                "source": {"tokens": 25, "characters": 100, "bytes": 100},
                "target": {"tokens": cost, "characters": 100, "bytes": 300},
            }
            write_json(counted, folder, "tokens.json")

        return work

    def ran(self, code: str, setting: str, number: int, run: Run, questions: list[Example]) -> Ran:
        mean = 0.30 + (GAINS.get(code, 0.05) if number else 0.0) + 0.01 * number
        score = min(0.98, mean + self.random.gauss(0, 0.012))
        what = [code, setting, asdict(run)]

        def train(folder: Path) -> None:
            losses = [
                2.5 * 0.95**step + 0.2 + self.random.gauss(0, 0.05) for step in range(run.steps)
            ]
            write_json({"losses": losses, "diverged": None}, folder, "training.json")

        def ask(folder: Path, asked: list[Example] = questions) -> None:
            rows = [
                Prediction(
                    id=q.id, text=f"{self.text(code)}\n{n}", ended="eos" if n % 9 else "length",
                    references=(q.fields["answer"],), answer=str(n), correct=float(self.random.random() < score),
                )
                for n, q in enumerate(asked)
            ]  # fmt: skip
            items = [row.correct for row in rows]
            write(rows, folder, "outputs.jsonl")
            found = {"name": "accuracy", "value": sum(items) / len(items), "items": items,  # type: ignore[arg-type]
                     "answers": [], "signature": f"final_number|locale:{code}|n:250"}  # fmt: skip
            write_json([found], folder, "metrics.json")

        return Ran(
            setting=setting, run=run, samples=self.make("mix", [code, setting], lambda f: None),
            trained=self.make("train", what, train), validation=self.make("answer", [*what, "v"], lambda folder: ask(folder, questions[:20])),
            test=self.make("answer", [*what, "t"], ask),
        )  # fmt: skip


CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM:
        pytest.skip("no Chromium here; apt-get install chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def opened(browser: Any, folder: Path, **options: Any) -> Any:
    """Open a page; what it says on the console and asks of the network is noted on it."""
    page = browser.new_context(**options).new_page()
    page.said, page.asked = [], []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto((folder / files.PAGE).as_uri())
    return page


@pytest.fixture
def open_(browser: Any) -> Iterator[Any]:
    pages = []

    def open_one(folder: Path, **options: Any) -> Any:
        pages.append(opened(browser, folder, **options))
        return pages[-1]

    yield open_one
    for page in pages:
        page.context.close()


def texts(page: Any, selector: str) -> list[str]:
    """Return what elements say, each in one line."""
    found: list[str] = page.eval_on_selector_all(selector, "all => all.map(e => e.textContent)")
    return [" ".join(text.split()) for text in found]


@pytest.fixture(scope="session")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Laid:
    """A smaller one; only to be read."""
    root = tmp_path_factory.mktemp("laid") / "store"
    return Laying(root, rows=90, questions=45, runs=RUNS[1:4], codes=("de", "th", "ar")).lay()
