"""Translate the texts of a data file, and touch nothing else of it: the verb `translate`.

Every row of the input is in the output or, with its reason, among the rejects. What the engine
writes is in the store's translation memory at once; the two files are made from it at the end.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NoReturn

from selftranslate import datafile, interrupts, languages, plugins
from selftranslate.datafile import Item, Unreadable
from selftranslate.engines import Completion, Engine, Request
from selftranslate.errors import DataError, DiskError, RecipeError
from selftranslate.example import Example, Pair, Record
from selftranslate.filters import Filter, fitted, notes, sieve
from selftranslate.progress import Progress
from selftranslate.recipe import Plugin, fits, length_limit
from selftranslate.runtime import Runtime
from selftranslate.tasks import How, Project, Task, Translate
from selftranslate.translate import Translator, memory
from selftranslate.translate import shots as choosing
from selftranslate.translate_file import output, shots
from selftranslate.translate_file.located import Located, Wanted, locate
from selftranslate.translate_file.output import Output

BAD_ROW = "bad row"
"""What rows that cannot be read are counted under; the rejects have what is wrong with each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be translated, and how."""

    data: Path
    out: Path
    source: str
    target: str
    wanted: Wanted
    shots: Path
    model: str
    engine: Plugin
    filters: tuple[Plugin, ...]
    max_new_tokens: int = 256
    both: bool = False
    """Write the source row beside the translated one."""
    reject_bad_rows: bool = False
    only_failed: bool = False
    """Take only those rows once more that an earlier run rejected; keep the others."""
    overwrite: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary(Record):
    """What became of the rows, and what it took."""

    rows_in: int
    rows_out: int
    rejected: Mapping[str, int]
    """How many rows each reason cost."""
    kept: int
    """Of the rows in the output, those of an earlier run that were not touched (`only_failed`)."""
    texts: int
    """Texts or sentences in the other rows."""
    translated: int
    """Those the engine was given; the others were in the store, or repeated one of these."""
    seconds: float
    rejects: str
    """The file of the rejected rows."""

    def text(self) -> str:
        """Say it to people."""
        lines = [f"{self.rows_in:,} rows in, {self.rows_out:,} rows out"]
        if self.kept:
            lines[0] += f" ({self.kept:,} of them as they were)"
        if self.rejected:
            lines.append(f"{sum(self.rejected.values()):,} rows rejected, see {self.rejects}:")
            lines += [f"  {count:,} {reason}" for reason, count in self.rejected.items()]
        others = self.texts - self.translated
        lines.append(
            f"{self.texts:,} texts: {self.translated:,} translated, {others:,} from the store or "
            f"repeated; {self.seconds:.1f} s"
        )
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Reading:
    """The input's rows: each time from the beginning, as translation reads them more than once."""

    job: Job
    again: frozenset[int] | None

    def __iter__(self) -> Iterator[tuple[Item | Unreadable, Located | DataError | None]]:
        """Yield each row with its examples or what is wrong with it; None if it is not tried."""
        for item in datafile.of(self.job.data).read(self.job.data):
            yield item, self._tried(item)

    def _tried(self, item: Item | Unreadable) -> Located | DataError | None:
        number = item.number if isinstance(item, Unreadable) else item.row.number
        if self.again is not None and number not in self.again:
            return None
        try:
            if isinstance(item, Unreadable):
                raise item.error
            return locate(item.row, self.job.source, self.job.wanted)
        except DataError as error:
            if not self.job.reject_bad_rows:
                raise
            return error


@dataclass(frozen=True, slots=True)
class Examples:
    """The examples of the rows that are tried, each time from the beginning."""

    reading: Reading

    def __iter__(self) -> Iterator[Example]:
        """Yield them in the order of the rows."""
        for _, tried in self.reading:
            if isinstance(tried, Located):
                yield from tried.examples


@dataclass(slots=True)
class Counting:
    """An engine that counts the texts it is given."""

    inner: Engine
    identity: str
    context_length: int
    texts: int = 0

    def count_tokens(self, text: str) -> int:
        """Pass it on."""
        return self.inner.count_tokens(text)

    def generate(self, request: Request) -> Iterator[Completion]:
        """Count what comes back."""
        for completion in self.inner.generate(request):
            self.texts += 1
            yield completion


def run(job: Job, runtime: Runtime) -> Summary:
    """Translate the file. Raises RecipeError, DataError, EngineError or DiskError."""
    begun = time.monotonic()
    check(job)
    with output.alone(job.out, runtime.progress.note):
        if job.out.exists() and not (job.overwrite or job.only_failed):
            msg = f"{job.out}: it is there already; give --overwrite, or --only-failed to go on"
            raise RecipeError(msg)
        again = output.rejected(job.out) if job.only_failed else None
        reading = Reading(job, again)
        if again is not None:
            _match(job, reading, again)
        with memory.open_(runtime.store) as kept:
            engine = _engine(job, runtime)
            translator = _translator(job, engine, kept, runtime.progress)
            pairs = translator.translate(Examples(reading))
            both = (job.source, job.target) if job.both else None
            checks = _checks(job, translator)
            with output.opened(job.out, job.data, both) as made:
                _sort(job, reading, pairs, checks, made)
    return Summary(
        rows_in=made.out + made.rejected.total(),
        rows_out=made.out,
        rejected=dict(made.rejected.most_common()),
        kept=made.kept,
        texts=made.texts,
        translated=engine.texts,
        seconds=round(time.monotonic() - begun, 1),
        rejects=str(output.rejects_of(job.out)),
    )


def check(job: Job) -> None:
    """Refuse what cannot be meant, before anything is loaded. Raises RecipeError or DataError."""
    languages.get(job.source), languages.get(job.target)
    if job.source == job.target:
        msg = f"--to {job.target}: that is the language to translate from"
        raise RecipeError(msg)
    for read in (job.data, job.shots):
        if not read.is_file():
            raise DataError.at(read, None, None, "no such file")
        for written in (job.out, output.rejects_of(job.out)):
            if written.exists() and written.samefile(read):
                msg = f"{read}: would be overwritten; write to another file with -o"
                raise RecipeError(msg)
    datafile.of(job.data)
    datafile.of(job.out)
    kinds = datafile.kind(job.data), datafile.kind(job.out)
    if kinds[1] not in {kinds[0], "jsonl"}:
        known = " or ".join(f".{kind}" for kind in dict.fromkeys([kinds[0], "jsonl"]))
        msg = f"{job.out}: rows of a .{kinds[0]} file can be written as {known}"
        raise RecipeError(msg)
    for kind, plugin in [("engines", job.engine), *(("filters", f) for f in job.filters)]:
        fits(kind, plugin)
    if not job.out.absolute().parent.is_dir():
        msg = f"{job.out.absolute().parent}: no such folder; make it first"
        raise DiskError(msg)


def _match(job: Job, reading: Reading, again: frozenset[int]) -> None:
    """Raise DataError unless output and rejects of an earlier run are those of this input."""
    earlier = datafile.of(job.out).read(job.out)
    found = 0
    for item, tried in reading:
        if tried is not None:
            found += 1
            continue
        kept = next(earlier, None)
        if isinstance(item, Unreadable) or kept is None or isinstance(kept, Unreadable):
            break
        # Where both rows are written, the names of the output's are others.
        if (set(kept.row.values) == set(item.row.values)) == job.both:
            break
    else:
        if found == len(again) and next(earlier, None) is None:
            return
    msg = (
        f"{job.out}: it and its rejects are not what was made of {job.data} with this "
        "--output-mode; translate anew with --overwrite: what is in the store costs nothing"
    )
    raise DataError(msg)


def _engine(job: Job, runtime: Runtime) -> Counting:
    params = {"model": job.model, "runtime": runtime, **job.engine.params}
    made: Engine = plugins.build("engines", job.engine.name, params)
    return Counting(made, made.identity, made.context_length)


def _translator(job: Job, engine: Engine, kept: memory.Memory, progress: Progress) -> Translator:
    source, target, wanted = languages.get(job.source), languages.get(job.target), job.wanted
    fields: dict[str, How] = {
        name: Translate(job.max_new_tokens, by_sentence=name in wanted.by_sentence)
        for name in wanted.names
    }
    fields |= {mark.answer.name: Project(inside=mark.inside) for mark in wanted.marks}
    task = Task(
        name=job.data.name,
        fields=fields,
        prompt="",
        output=wanted.names[0],
        max_new_tokens=job.max_new_tokens,
        metric="",
        natural_output=True,
        quality=wanted.names[0],
        load=lambda split, language: [],
    )
    found = shots.read(job.shots, job.source, job.target, wanted)
    return Translator(
        engine=engine,
        task=task,
        source=source,
        target=target,
        shots=choosing.choose(task, found, len(found), source, target, progress),
        progress=progress,
        memory=kept,
        length_limit=length_limit(job.filters),
    )


def _checks(job: Job, translator: Translator) -> Mapping[str, Filter]:
    """Build the filters; where one would drop a shot it drops nothing, and people are told."""
    built = {f.name: plugins.build("filters", f.name, f.params) for f in job.filters}
    checks = fitted(built, translator.shots, translator.task.translated)
    for note in notes(checks):
        translator.progress.note(note)
    return checks


def _sort(
    job: Job,
    reading: Reading,
    pairs: Iterator[Pair],
    checks: Mapping[str, Filter],
    made: Output,
) -> None:
    """Put every row where it belongs. Raises DataError unless each went to one place."""
    earlier = datafile.of(job.out).read(job.out)  # opened at the first row that is kept
    number = 0
    for item, found in reading:
        interrupts.check()
        number += 1
        if found is None:
            kept = next(earlier, None)
            if kept is None or isinstance(kept, Unreadable):
                _changed(job)
            made.keep(kept)
            continue
        if isinstance(found, DataError) or isinstance(item, Unreadable):
            made.reject(item, BAD_ROW, error=str(found))
            continue
        mine = list(islice(pairs, len(found.examples)))
        if [pair.source for pair in mine] != list(found.examples):
            _changed(job)
        made.texts += sum(len(ended) for pair in mine for ended in pair.ended.values())
        changes = found.changes(job.wanted.marks, mine)
        if (reason := _objection(mine, checks)) is None:
            made.write(item, changes)
        else:
            made.reject(item, reason, changes)
    if next(pairs, None) is not None:
        _changed(job)
    if number == 0:
        raise DataError.at(job.data, None, None, "holds no rows")
    if number != made.out + made.rejected.total():
        msg = f"{job.data}: {number} rows in, {made.out} out, {made.rejected.total()} rejected"
        raise DataError(msg)


def _objection(pairs: Sequence[Pair], checks: Mapping[str, Filter]) -> str | None:
    """Say why a row is rejected, or None; without any filter, a row that lacks a text."""
    dropped = sieve(pairs, checks).dropped
    return dropped[0].reason if dropped else None


def _changed(job: Job) -> NoReturn:
    raise DataError.at(job.data, None, None, "changed while it was read; give the command again")
