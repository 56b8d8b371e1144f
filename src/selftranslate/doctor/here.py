"""The machine: Python, libraries, GPUs, memory, cores, the store's disk, the hub."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from secrets import token_hex
from typing import Any

from selftranslate import elsewhere, lock, machine
from selftranslate.amounts import size
from selftranslate.doctor import Line
from selftranslate.errors import DiskError

GB = 10**9
DEVELOPERS = {"dev", "docs", "test"}
"""Extras that a user does not need."""


def lines(store: Path) -> Iterator[Line]:
    """Look at this machine, with a store that need not be there yet."""
    yield Line("Python", "ok", platform.python_version())
    yield from _libraries()
    yield from _torch()
    yield _memory()
    yield _cores()
    yield from _disk(store)
    if far := elsewhere.at(store):
        yield _far(far)
    yield from _hub()


def _libraries() -> Iterator[Line]:
    """Compare what is installed with what the package asks for."""
    from packaging.requirements import Requirement

    try:
        found = metadata.metadata("selftranslate")
        wanted = [Requirement(each) for each in metadata.requires("selftranslate") or ()]
    except metadata.PackageNotFoundError:
        yield Line(
            "libraries", "warning", "not installed as a package", "pip install selftranslate"
        )
        return
    yield _installed("libraries", [each for each in wanted if each.marker is None], "")
    for extra in sorted(set(found.get_all("Provides-Extra") or ()) - DEVELOPERS):
        own = [each for each in wanted if each.marker and each.marker.evaluate({"extra": extra})]
        if own:
            yield _installed(f"extra {extra}", own, f"[{extra}]")


def _installed(about: str, wanted: list[Any], extra: str) -> Line:
    versions, missing, old = [], [], []
    for each in wanted:
        try:
            version = metadata.version(each.name)
        except metadata.PackageNotFoundError:
            missing.append(each.name)
            continue
        versions.append(f"{each.name} {version}")
        if not each.specifier.contains(version, prereleases=True):
            old.append(f"{each.name} {version}, which must be {each.specifier}")
    install = f"pip install 'selftranslate{extra}'"
    if extra and missing:
        return Line(about, "ok", "not installed", f"where it is wanted: {install}")
    if missing or old:
        told = [*(f"{name} is missing" for name in missing), *old]
        return Line(about, "do", "; ".join(told), f"pip install --upgrade 'selftranslate{extra}'")
    return Line(about, "ok", ", ".join(versions))


def _torch() -> Iterator[Line]:
    import torch

    build = torch.version.cuda or torch.version.hip
    kind = f"for GPUs ({build})" if build else "for CPUs alone"
    yield Line("PyTorch", "ok", f"{torch.__version__}, built {kind}")
    if not torch.cuda.is_available():
        if build:
            yield Line(
                "GPU", "warning", "none is seen, though PyTorch is built for one",
                "look at nvidia-smi: the driver may be missing, or older than PyTorch wants",
            )  # fmt: skip
        else:
            mps = torch.backends.mps.is_available()
            found = "none that is used: MPS is there, only CUDA is" if mps else "none"
            advice = "a CPU is enough for the miniature and very small models; others need a GPU"
            yield Line("GPU", "warning", found, advice)
    for index in range(torch.cuda.device_count()):
        free, whole = torch.cuda.mem_get_info(index)
        name = torch.cuda.get_device_name(index)
        yield Line(f"GPU {index}", "ok", f"{name}, {size(free)} of {size(whole)} free")
    where = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    fast = machine.fastest_precision(where)
    slow = "; it does not multiply in bfloat16" if fast == "fp32" else ""
    yield Line("precision", "ok", f"{fast} is the fastest on {where}{slow}")


def _memory() -> Line:
    whole, free = machine.memory(), _available()
    if free is None:
        return Line("memory", "ok", size(whole) if whole else "unknown")
    found = f"{size(min(free, whole))} of {size(whole)} free"
    if free < 2 * GB:
        return Line("memory", "warning", found, "close other programs: loading a model needs more")
    return Line("memory", "ok", found)


def _available() -> int | None:
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return None
    rows = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return int(rows["MemAvailable"].split()[0]) * 1024 if "MemAvailable" in rows else None


def _cores() -> Line:
    import torch

    machine.use_cores()
    there, used = machine.cores(), torch.get_num_threads()
    found = f"{there}, PyTorch uses {used} of them"
    if used >= there:
        return Line("cores", "ok", f"{there}")
    said = os.environ.get("OMP_NUM_THREADS")
    advice = f"unset OMP_NUM_THREADS, which is {said}" if said else "set OMP_NUM_THREADS to more"
    return Line("cores", "warning", found, advice)


def _disk(store: Path) -> Iterator[Line]:
    """Look at the folder where the store is, or would be made."""
    path = store.absolute()
    place = next(each for each in (path, *path.parents) if each.is_dir())
    free = shutil.disk_usage(place).free
    if free < GB:
        yield Line("disk", "do", f"{size(free)} free at {store}", "free some, or name --store")
    elif free < 10 * GB:
        advice = "a large model's runs need more; name another disk with --store"
        yield Line("disk", "warning", f"{size(free)} free at {store}", advice)
    else:
        yield Line("disk", "ok", f"{size(free)} free at {store}")
    yield _locks(store, place)


def _locks(store: Path, place: Path) -> Line:
    tried = place / f".doctor-{token_hex(8)}.lock"
    try:
        with lock.free(tried):
            return Line("locks", "ok", f"processes can share {store}")
    except lock.NoLocks:
        advice = "one run at a time, or a store on a local disk"
        return Line("locks", "warning", f"the disk of {store} has none", advice)
    except OSError as error:
        advice = "name a folder that can be written with --store"
        return Line("store", "do", f"{place}: {error.strerror or error}", advice)
    finally:
        with suppress(OSError):
            tried.unlink(missing_ok=True)


def _far(far: elsewhere.Elsewhere) -> Line:
    """Write the name plate of a store elsewhere."""
    try:
        far.greet(lambda text: None)
    except DiskError as error:
        return Line(
            "store", "do", str(error), "check the bucket's name, the credentials, the rights"
        )
    return Line("store", "ok", f"{far.url} can be written")


def _hub() -> Iterator[Line]:
    import huggingface_hub
    from huggingface_hub import constants

    if huggingface_hub.get_token():
        yield Line("hub token", "ok", "there")
    else:
        advice = "public models need none; for a gated one: hf auth login"
        yield Line("hub token", "ok", "none", advice)
    if constants.HF_HUB_OFFLINE:
        advice = "unset it to fetch a model for the first time"
        yield Line("hub", "warning", "HF_HUB_OFFLINE is set: nothing is downloaded", advice)
