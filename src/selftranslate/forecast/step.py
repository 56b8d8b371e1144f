"""What there is to do, as counted and before it is timed: texts to ask, runs to make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from selftranslate.engines import Request
from selftranslate.store import Artifact
from selftranslate.training import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Texts that a model is still to go on from, all behind one prefix."""

    translates: bool
    """Whether the translating engine is asked, else the trained one."""
    tuned: int
    """How many trained models are asked, one after another; 0 for the model as it is."""
    texts: int
    """Of each of them, or of the one."""
    sample: Request
    longer: float
    """How much longer the texts are than the sample's, on average."""
    prefix: int
    """In tokens, as the next two; these are means."""
    prompt: float
    answer: float

    @property
    def kind(self) -> tuple[object, ...]:
        """What texts that take equally long have in common."""
        return self.translates, bool(self.tuned), self.sample.prefix, tuple(self.sample.texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """Runs that are still to make on the same samples."""

    samples: Artifact
    runs: int
    steps: int
    """Of each run."""
    batch_size: int
    tokens: float
    """Of a row, on average."""
    learned: float
    """Of these, those with a loss."""
    run: Run
    """One of the runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A line of the plan: one stage for one language or setting."""

    stage: str
    what: str
    unit: str
    total: int
    """Texts with repetitions, optimizer steps, answers, rows."""
    distinct: int
    """Of the texts; else the total."""
    left: int
    """What is neither in the store nor in the translation memory."""
    keys: Mapping[str, bool] = field(default_factory=dict)
    """The artifacts' keys, and whether each is in the store; behind a translation that is still
    to be made, keys that no run will have."""
    bytes: int = 0
    """To be written."""
    jobs: tuple[Asking | Training, ...] = ()
    served: bool = False
    """Whether a server is asked, which may want money."""

    @property
    def done(self) -> bool:
        """Whether nothing is left to make."""
        return all(self.keys.values())

    @property
    def prompt_tokens(self) -> int:
        """Tokens read: each prefix once, then the texts; of training, all tokens of its rows."""
        return round(sum(_read(job) for job in self.jobs))

    @property
    def new_tokens(self) -> int:
        """Tokens written: translations as long as the shots', answers as those that are shown."""
        asked = (job for job in self.jobs if isinstance(job, Asking))
        return round(sum(max(1, job.tuned) * job.texts * job.answer for job in asked))

    @property
    def billed_tokens(self) -> int:
        """Tokens sent to a server, which counts the prefix with each text."""
        asked = (job for job in self.jobs if isinstance(job, Asking))
        return round(sum(max(1, j.tuned) * j.texts * (j.prefix + j.prompt) for j in asked))


def _read(job: Asking | Training) -> float:
    if isinstance(job, Training):
        return job.runs * job.steps * job.batch_size * job.tokens
    return max(1, job.tuned) * (job.prefix + job.texts * job.prompt)
