"""Everything a recipe asks for."""

from __future__ import annotations

import json
import os
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from selftranslate import console
from selftranslate.options import AsJson, Where
from selftranslate.runtime import Cluster, Runtime

Workers = Annotated[
    int, typer.Option(min=0, help="Ray: models at work at once; 0: as many as fit.")
]
WorkerCpus = Annotated[float, typer.Option(min=0, help="Ray: cores of a worker.")]
WorkerGpus = Annotated[
    float | None, typer.Option(min=0, help="Ray: GPUs of a worker; 1 if there are any.")
]
WorkerMemory = Annotated[
    float, typer.Option(min=0, help="Ray: GiB of main memory of a worker; 0: unstated.")
]
TrainProcesses = Annotated[
    int, typer.Option(min=1, help="Ray: workers that train one run together.")
]

if TYPE_CHECKING:
    from selftranslate.distributed import Done
    from selftranslate.recipe import Recipe


def verb(  # noqa: PLR0913 - a parameter is an option
    recipe: Annotated[Path, typer.Argument(help="A YAML file; see recipes/.")],
    change: Annotated[
        list[str] | None, typer.Option("--set", help="Change a key: --set protocol.steps=100.")
    ] = None,
    languages: Annotated[
        str, typer.Option(help="These, whatever the recipe says: de,th; or all.")
    ] = "",
    checkpoint_minutes: Annotated[
        float, typer.Option(min=0, help="How much training a kill may cost; 0: a step.")
    ] = 5,
    runtime: Annotated[
        Literal["local", "ray"] | None,
        typer.Option(help="This process alone, or Ray; Ray if RAY_ADDRESS is set."),
    ] = None,
    workers: Workers = 0,
    worker_cpus: WorkerCpus = 1,
    worker_gpus: WorkerGpus = None,
    worker_memory: WorkerMemory = 0,
    train_processes: TrainProcesses = 1,
    store: Where = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Make everything a recipe asks for; what is in the store already is not made again.

    Example: selftranslate run recipes/gsm8k.yaml --set limit=40
    """
    from selftranslate import changes

    wanted = runtime or ("ray" if os.environ.get("RAY_ADDRESS") else "local")
    cluster = Cluster(
        workers=workers,
        cpus=worker_cpus,
        gpus=worker_gpus,
        memory=int(worker_memory * 2**30),
        train_processes=train_processes,
    )
    machine = Runtime(
        store=store,
        checkpoint_seconds=60 * checkpoint_minutes,
        cluster=cluster if wanted == "ray" else None,
    )
    make(recipe, [*(change or []), *changes.of_languages(languages)], machine, as_json)


def make(path: Path, changes: list[str], machine: Runtime, as_json: bool) -> None:
    """Run a recipe and print what it found."""
    console.quiet_libraries()
    from rich.console import Console

    from selftranslate import carrying, elsewhere, live, progress, recipe, report
    from selftranslate.finetuning import processes
    from selftranslate.report import terminal

    wanted = recipe.load(path, changes)
    shown = console.Shown()
    about = live.About(
        recipe=str(path), task=wanted.task.name, model=wanted.model, languages=wanted.languages
    )
    telling = live.told(machine.store, about, shown) if processes.leading() else None
    carry = carrying.carried(machine.store) if processes.leading() else nullcontext()
    with carry, telling or nullcontext(progress.Silent()) as told:
        machine = replace(machine, progress=told)
        with processes.joined(machine), shown.showing():
            done = _made(wanted, machine)
    if done is None:
        return
    page = elsewhere.named(machine.store / report.FOLDER / done.made.key / "report.html")
    if done.idle:
        shown.note("nothing to do: everything this recipe asks for is in the store already")
    if as_json:
        print(json.dumps({**report.to_json(done.result), "report": page}))
    else:
        terminal.show(done.result, page, Console())


def _made(wanted: Recipe, machine: Runtime) -> Done | None:
    """Make everything: here, on a cluster, or as one who follows the process that leads."""
    from selftranslate import distributed, report
    from selftranslate.archive import Archive
    from selftranslate.finetuning import processes
    from selftranslate.pipeline import Pipeline

    if machine.cluster is not None:
        return distributed.run(wanted, machine, machine.cluster)
    pipeline = Pipeline(wanted, machine)
    if not processes.leading():
        pipeline.follow()
        return None
    result, made = pipeline.run()
    report.publish(Archive(machine.store), made, result)
    return distributed.Done(result, made, idle=not pipeline.store.made)
