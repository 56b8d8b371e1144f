"""What experiments cost on GPUs that are not at hand: the tables of docs/scale.md, as Markdown.

python benchmarks/cost.py

The time is that of `selftranslate plan --device`; nothing is loaded, nothing is measured. What it
rests on is printed with it. Lengths were counted with the tasks' own loaders.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from statistics import fmean

from selftranslate.engines import Request
from selftranslate.finetuning.rows import order
from selftranslate.forecast import devices, shape
from selftranslate.forecast.devices import Device
from selftranslate.forecast.roofline import ADAPTER, START, Roofline
from selftranslate.forecast.shape import Shape
from selftranslate.forecast.step import Asking, Training
from selftranslate.store import Artifact
from selftranslate.training import Run
from train import SHAPES

CHARACTERS = 4
"""Of English for a token."""
LONGER = 2.0
"""Tokens of a translation for a token of English; Llama 2 needs 2.8 in Thai."""
RUNS_ON = 0.2
"""Share of translations that do not end by themselves: the paper's filters drop about a tenth, half
of Thai."""
TOO_LONG = 3
"""Times its source's characters: where the filter drops a translation, decoding stops."""
SHOTS, AROUND = 8, 10
"""Parallel examples, and tokens around each: the languages' names, the marks."""
BATCH, STEPS, RUNS, RANK = 64, 1000, 6, 16
HELD_OUT = 200
DAY = 24


@dataclass(frozen=True, slots=True)
class Text:
    """A field that is translated."""

    total: int
    distinct: int
    characters: float
    shot: float
    """Characters of a shot's English side."""
    limit: int
    """Tokens, by table 5."""


@dataclass(frozen=True, slots=True)
class Task:
    """English rows, as the task puts them to a model; lengths are means, in characters."""

    name: str
    texts: Sequence[Text]
    prompt: float
    completion: float
    test: int
    answers_translated: bool
    """Whether the answer is in the language, else a label or a span."""
    same_mixtures: bool = False
    """Whether D_cs adds nothing to +D_tgt."""


MATH = Task(
    "gsm8k",
    (
        Text(7_273, 7_273, 235, 121, 512),
        Text(7_273, 7_273, 243, 133, 512),
        Text(250, 250, 235, 121, 512),
    ),
    235, 243, 250, True,
)  # fmt: skip
SPANS = Task(
    "squad",
    (
        # Sentences. Drawn at random from all of SQuAD, a context serves 1.2 questions.
        Text(46_060, 38_383, 161, 150, 512),
        Text(10_000, 9_951, 61, 53, 256),
        Text(1_182, 1_177, 61, 53, 256),
    ),
    785, 17, 1_182, False,
)  # fmt: skip
LABELS = Task(
    "mnli",
    (
        Text(10_000, 9_724, 113, 119, 256),
        Text(10_000, 9_998, 56, 51, 256),
        Text(5_010, 5_009, 56, 51, 256),
    ),
    263, 10, 5_010, False, True,
)  # fmt: skip
MILLION = replace(
    MATH, texts=tuple(replace(one, total=10**6, distinct=10**6) for one in MATH.texts[:2])
)


@dataclass(frozen=True, slots=True)
class Experiment:
    """Tasks, languages, settings: each setting has six runs of 1,000 steps."""

    tasks: Sequence[Task]
    languages: int
    settings: Sequence[str]


PAPER = Experiment((MATH, SPANS, LABELS), 4, ("D_src", "+D_tgt", "+D_tgt+D_cs"))
LARGE = Experiment((MILLION,), 100, ("D_src", "+D_tgt"))


@dataclass(frozen=True, slots=True)
class Savings:
    """What is done for less time; as it is in the product."""

    dedupe: bool = True
    prefix: str = "shared"
    """Or "cached", or "repeated"."""
    early_stop: bool = True
    shared_source: bool = True
    """One set of D_src runs for all languages."""
    same_mixtures: bool = True
    """One set of runs for mixtures that are equal."""
    rows: str = "packed"
    """Or "like", padded beside rows of like length, or "random", padded, eight at once."""
    one_engine: bool = True


@dataclass(frozen=True, slots=True)
class Machine:
    """A model on the devices that one copy of it needs."""

    model: str
    shape: Shape
    device: Device
    count: int = 1
    """Devices for a copy."""
    rereads: bool = False

    @property
    def roofline(self) -> Roofline:
        """Its speed."""
        return Roofline(
            device=devices.together(self.device, self.count),
            translating=self.shape,
            asked=self.shape,
            adapter=shape.adapter(self.shape, RANK, None),
            rereads=self.rereads,
        )


@dataclass(slots=True)
class Cost:
    """Seconds on one copy of the model."""

    translate: float = 0.0
    train: float = 0.0
    evaluate: float = 0.0
    starts: float = 0.0
    written: float = 0.0
    """Tokens of translations."""
    runs: int = 0
    each: list[float] = field(default_factory=list)
    """Seconds of each set of runs that can be made at the same time as the others."""

    @property
    def total(self) -> float:
        """All seconds."""
        return self.translate + self.train + self.evaluate + self.starts

    def spread(self, copies: int) -> float:
        """Return the seconds on so many copies of the model: a run is not divided."""
        rounds = math.ceil(self.runs / copies) / self.runs
        return (self.translate + self.evaluate) / copies + self.train * rounds + self.starts


def cost(experiment: Experiment, on: Roofline, saved: Savings = Savings()) -> Cost:
    """Add up what an experiment takes, language by language."""
    made = Cost()
    on = replace(on, rereads=on.rereads or saved.prefix == "cached")
    for task in experiment.tasks:
        for text in task.texts:
            job = translation(text, saved)
            made.translate += experiment.languages * known(on, job)
            made.written += experiment.languages * job.texts * job.answer
        for setting, sets in sets_of_runs(experiment, task, saved):
            made.runs += RUNS * sets
            made.train += sets * known(on, training(task, setting, saved))
        asked = list(evaluations(experiment, task, saved))
        made.evaluate += sum(known(on, job) for job in asked)
        made.starts += on.start(2)  # to translate, and to ask
        if not saved.one_engine:
            made.evaluate += sum(job.tuned for job in asked) * (START - ADAPTER)
    return made


def known(on: Roofline, job: Asking | Training) -> float:
    """Return a job's seconds."""
    seconds = on.seconds(job)
    assert seconds is not None
    return seconds


def translation(text: Text, saved: Savings) -> Asking:
    """Return what is to translate of a field, into one language."""
    source = text.characters / CHARACTERS
    target = LONGER * source
    endless = min(text.limit, TOO_LONG * target) if saved.early_stop else text.limit
    prefix = round(SHOTS * ((1 + LONGER) * text.shot / CHARACTERS + AROUND))
    prompt = source + AROUND
    if saved.prefix == "repeated":
        prefix, prompt = 0, prefix + prompt
    return asking(
        texts=text.distinct if saved.dedupe else text.total,
        prefix=prefix,
        prompt=prompt,
        answer=1 + (1 - RUNS_ON) * target + RUNS_ON * endless,
        translates=True,
    )


def sets_of_runs(
    experiment: Experiment, task: Task, saved: Savings
) -> Iterator[tuple[str, int]]:
    """Yield settings, and how many sets of six runs each of them is."""
    for setting in experiment.settings:
        if setting == "D_src":
            yield setting, 1 if saved.shared_source else experiment.languages
        elif setting == "+D_tgt" or not (task.same_mixtures and saved.same_mixtures):
            yield setting, experiment.languages


def training(task: Task, setting: str, saved: Savings) -> Training:
    """Return a set of six runs; of mixtures, half of the tokens are in the language."""
    longer = 1.0 if setting == "D_src" else (1 + LONGER) / 2
    learned = task.completion * (longer if task.answers_translated else 1) / CHARACTERS + 1
    tokens = task.prompt * longer / CHARACTERS + learned
    return Training(
        samples=Artifact("mix", "", Path()),
        runs=RUNS,
        steps=STEPS,
        batch_size=BATCH,
        tokens=tokens / filled(task.name, saved.rows),
        learned=learned,
        run=Run(learning_rate=1e-4, seed=0, steps=STEPS),
    )


def evaluations(experiment: Experiment, task: Task, saved: Savings) -> Iterator[Asking]:
    """Yield the test questions, for each run in its language, and the validation questions."""
    for setting, sets in sets_of_runs(experiment, task, saved):
        asked = experiment.languages if setting == "D_src" else sets
        for texts, times, longer in ((task.test, asked, LONGER), (HELD_OUT, sets, 1.0)):
            answer = task.completion * (longer if task.answers_translated else 1) / CHARACTERS
            yield asking(
                texts=texts,
                tuned=RUNS * times,
                prompt=task.prompt * longer / CHARACTERS,
                answer=answer + 1,
            )


def asking(
    *, texts: int, prompt: float, answer: float, prefix: int = 0, tuned: int = 0,
    translates: bool = False,
) -> Asking:  # fmt: skip
    """Return texts that a model goes on from; what they say does not matter here."""
    return Asking(
        translates=translates, tuned=tuned, texts=texts, longer=1.0, prefix=prefix, prompt=prompt,
        answer=answer, sample=Request(texts=[], max_new_tokens=1),
    )  # fmt: skip


@cache
def filled(task: str, rows: str) -> float:
    """Return the share of a training batch that is tokens, not padding."""
    if rows == "packed":
        return 1.0
    (asked, spread), (told, wide), together = SHAPES[task]
    draw = random.Random(5)
    lengths = []
    for _ in range(BATCH * 160):
        first, second = draw.gauss(0, 1), draw.gauss(0, 1)
        second = together * first + math.sqrt(1 - together**2) * second
        lengths.append(math.exp(asked + spread * first) + math.exp(told + wide * second))
    at_once = 8 if rows == "random" else BATCH
    if rows == "like":
        lengths = [lengths[at] for at in order([round(n) for n in lengths], 160, BATCH, 0)]
    batches = [lengths[at : at + at_once] for at in range(0, len(lengths), at_once)]
    return sum(lengths) / sum(max(batch) * len(batch) for batch in batches)


def dense(**numbers: int) -> Shape:
    """Return a model's shape by the numbers of its config."""
    names = {
        "layers": "num_hidden_layers", "hidden": "hidden_size", "wide": "intermediate_size",
        "heads": "num_attention_heads", "kept": "num_key_value_heads", "words": "vocab_size",
        "width": "head_dim",
    }  # fmt: skip
    return shape.dense({names[name]: number for name, number in numbers.items()})


SEVEN = dense(layers=32, hidden=4096, wide=11_008, heads=32, kept=32, words=32_000)
EIGHT = dense(
    layers=36, hidden=4096, wide=12_288, heads=32, kept=8, width=128, words=151_936
)
SEVENTY = dense(layers=80, hidden=8192, wide=28_672, heads=64, kept=8, words=32_000)
H100, H200 = devices.find("h100"), devices.find("h200")


def captured(device: Device) -> Device:
    """Return a device whose kernels are not started from Python, as by vLLM's CUDA graphs."""
    return replace(device, layer=0.0)


MACHINES = [
    Machine("Llama-2-7B", SEVEN, H100),
    Machine("Llama-2-7B", SEVEN, H200),
    Machine("Qwen3-8B", EIGHT, H100),
    Machine("Qwen3-8B", EIGHT, H200),
    Machine("Llama-2-70B", SEVENTY, captured(H100), 4, rereads=True),
    Machine("Llama-2-70B", SEVENTY, captured(H200), 2, rereads=True),
]


def experiments(experiment: Experiment) -> Iterator[str]:
    """Yield a table of an experiment: a row for each model and device."""
    yield (
        "| model | GPUs | translate | train | evaluate | start | GPU-hours | on 8 GPUs |\n"
        "|---|--:|--:|--:|--:|--:|--:|--:|"
    )
    for machine in MACHINES:
        made = cost(experiment, machine.roofline)
        parts = [made.translate, made.train, made.evaluate, made.starts, made.total]
        cells = [hours(machine.count * part / 3600) for part in parts]
        whole = made.spread(8 // machine.count) / 3600
        where = f"{machine.count} {machine.device.name.upper()}"
        yield f"| {machine.model} | {where} | {' | '.join(cells)} | {wall(whole)} |"


def savings() -> Iterator[str]:
    """Yield a table of what each saving brings, one left out at a time."""
    yield (
        "| without | the paper's | | 10⁶ x 100 | |\n|---|--:|--:|--:|--:|"
    )
    left_out = {
        "(with all)": Savings(),
        "each distinct text once": Savings(dedupe=False),
        "attention to the shots shared by all rows (a prefix cache instead)": Savings(
            prefix="cached"
        ),
        "any prefix cache": Savings(prefix="repeated"),
        "stopping what the filter will drop": Savings(early_stop=False),
        "one set of D_src runs for all languages": Savings(shared_source=False),
        "one set of runs for equal mixtures": Savings(same_mixtures=False),
        "packing: padded, rows of like length": Savings(rows="like"),
        "packing: padded, in random order, 8 at once": Savings(rows="random"),
        "one engine for all adapters": Savings(one_engine=False),
        "all of them": Savings(False, "repeated", False, False, False, "random", False),
    }
    on = MACHINES[0].roofline
    best = [cost(one, on).total / 3600 for one in (PAPER, LARGE)]
    for name, saved in left_out.items():
        cells = []
        for experiment, least in zip((PAPER, LARGE), best, strict=True):
            found = cost(experiment, on, saved).total / 3600
            more = found / least - 1
            cells += [hours(found), f"+{more:.0%}" if more >= 0.005 else ""]
        yield f"| {name} | {' | '.join(cells)} |"


def sensitivity() -> str:
    """Say in a line how much the first total depends on what is assumed."""
    on = MACHINES[0].roofline
    least = cost(PAPER, on).total / 3600

    def told(**changes: float) -> str:
        changed = replace(on, device=replace(on.device, **changes))
        return hours(cost(PAPER, changed).total / 3600)

    return (
        f"Sensitivity: {hours(least)} hours for the paper's experiment (Llama-2-7B, one H100) "
        f"become {told(training=0.3)} with 30 % of the FLOPs in training and {told(training=0.5)} "
        f"with 50 %, {told(layer=0.0004)} with half the time a layer, {told(reading=0.25)} with "
        "half the FLOPs for prompts; all three parts grow nearly in proportion to the tokens."
    )


def sizes() -> Iterator[str]:
    """Yield a table of the models' shapes."""
    yield (
        "| model | W, layers' weights | H, last matrix | A, adapter | L | d | "
        "κ, numbers a token | GB in bfloat16 |\n|---|--:|--:|--:|--:|--:|--:|--:|"
    )
    for name, one in (("Llama-2-7B", SEVEN), ("Qwen3-8B", EIGHT), ("Llama-2-70B", SEVENTY)):
        adapter = shape.adapter(one, RANK, None)
        yield (
            f"| {name} | {one.blocks / 1e9:.2f}·10⁹ | {one.head / 1e9:.2f}·10⁹ | "
            f"{adapter / 1e6:.0f}·10⁶ | {one.layers} | {one.hidden:,} | {one.keys:,} | "
            f"{one.bytes / 1e9:.0f} |"
        )


def hours(value: float) -> str:
    """Write hours with two figures, or more where they are whole."""
    if value >= 10:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def wall(value: float) -> str:
    """Write hours, or days where they are many."""
    return f"{hours(value)} h" if value < 3 * DAY else f"{hours(value / DAY)} days"


def tables() -> dict[str, str]:
    """Return all that docs/scale.md shows, by name."""
    runs = cost(PAPER, MACHINES[0].roofline).runs
    large = cost(LARGE, MACHINES[0].roofline)
    million = (
        f"{large.written / 1e9:,.0f}·10⁹ tokens of translations, {large.runs} runs. One pass over "
        f"the two million rows of +D_tgt would be {2 * 10**6 // BATCH:,} steps, not {STEPS:,}: "
        f"{2 * 10**6 / BATCH / STEPS:.0f} times the training."
    )
    return {
        "models": "\n".join(sizes()),
        "paper": "\n".join([*experiments(PAPER), "", f"{runs} runs are left of the paper's 216."]),
        "million": "\n".join([*experiments(LARGE), "", million]),
        "savings": "\n".join(savings()),
        "sensitivity": sensitivity(),
    }


def main() -> None:
    """Print the tables."""
    for name, text in tables().items():
        print(f"<!-- {name} -->\n{text}\n")


if __name__ == "__main__":
    main()
