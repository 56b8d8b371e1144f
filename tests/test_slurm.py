"""The batch scripts: checked by a linter, and run with stand-ins for Slurm's own commands."""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "examples" / "slurm").glob("*.sbatch"))
BIN = Path(sys.executable).parent
TINY = (
    "--set limit=4 --set protocol.steps=1 --set protocol.seeds=[0] --set protocol.keep=1 "
    "--set training.batch_size=2"
)
SLURM = {
    "srun": 'while [[ $1 == --* ]]; do shift; done; exec "$@"',
    "scontrol": 'if [[ $1 == show ]]; then tr , "\\n" <<< "$3"; else echo "$@" >> "$LOG/slurm"; fi',
}
"""What they do here: the command itself on this machine; the names of the nodes."""
OTHERS = {
    "ray": """
if [[ $1 == status ]]; then for _ in "$LOG"/pid.*; do echo " 1 node_x"; done; exit; fi
echo "$RAY_AUTH_MODE $RAY_AUTH_TOKEN $*" >> "$LOG/ray"
echo $$ > "$LOG/pid.$$"
exec sleep 60""",
    "selftranslate": """
trap 'exit 130' TERM
echo "$RAY_ADDRESS $RAY_AUTH_TOKEN $*" >> "$LOG/run"
for _ in $(seq "$LASTS"); do sleep 0.1; done
exit 4""",
}
"""For the tests of the script alone: they write down what they are told."""
Submit = Callable[..., "subprocess.Popen[str]"]


def test_the_linter_finds_nothing() -> None:
    linter = BIN / "shellcheck"
    if not linter.exists():
        pytest.skip("shellcheck is not installed")
    done = subprocess.run([linter, *SCRIPTS], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0)
    assert [script.name for script in SCRIPTS] == ["node.sbatch", "run.sbatch"]


@pytest.fixture
def submit(tmp_path: Path) -> Iterator[Submit]:
    """Run a script as Slurm would on its first node, in a group of its own."""
    begun: list[subprocess.Popen[str]] = []

    def submit(script: str, *arguments: str, alone: bool, nodes: str, lasts: int = 0) -> object:
        stand_ins = tmp_path / "bin"
        stand_ins.mkdir()
        for name, text in {**SLURM, **(OTHERS if alone else {})}.items():
            (stand_ins / name).write_text(f"#!/bin/bash\n{text}\n", encoding="utf-8")
            (stand_ins / name).chmod(0o755)
        told = {"SLURM_JOB_ID": str(os.getpid()), "SLURM_JOB_NODELIST": nodes}
        begun.append(
            subprocess.Popen(
                ["bash", ROOT / "examples" / "slurm" / script, *arguments],
                env={
                    **{name: value for name, value in os.environ.items() if "RAY" not in name},
                    **told,
                    "SLURM_CPUS_PER_TASK": "2",
                    "LOG": str(tmp_path),
                    "LASTS": str(lasts),
                    "PATH": f"{stand_ins}:{BIN}:{os.environ['PATH']}",
                },
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        )
        return begun[-1]

    yield submit  # type: ignore[misc]
    for job in begun:
        if job.poll() is None:
            os.killpg(job.pid, signal.SIGKILL)
        job.communicate()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_job_ends_as_the_run_does_and_leaves_no_ray_behind(
    submit: Submit, tmp_path: Path
) -> None:
    job = submit(
        "run.sbatch", "r.yaml", "s3://b/runs", "--workers", "3", alone=True, nodes="localhost,n2"
    )
    said, _ = job.communicate(timeout=60)
    assert job.returncode == 4, said
    head, worker = ((tmp_path / "ray").read_text("utf-8")).splitlines()
    address, token, *arguments = (tmp_path / "run").read_text("utf-8").split()
    assert shlex.join(arguments) == "run r.yaml --runtime ray --store s3://b/runs --workers 3"
    assert len(token) == 64 and head.startswith(f"token {token} start --head")
    assert f"--port={address.rpartition(':')[2]} " in head and "--num-cpus=2" in head
    assert worker.startswith(f"token {token} start --address={address}")
    assert not [pid for pid in tmp_path.glob("pid.*") if alive(int(pid.suffix[1:]))]
    assert not (tmp_path / "slurm").exists(), "it is not put into the queue again"


def test_before_its_time_is_over_the_run_stops_and_the_job_is_queued_again(
    submit: Submit, tmp_path: Path
) -> None:
    job = submit("run.sbatch", "r.yaml", "runs", alone=True, nodes="localhost", lasts=300)
    until = time.monotonic() + 30
    while not (tmp_path / "run").exists() and time.monotonic() < until:
        time.sleep(0.05)
    job.send_signal(signal.SIGUSR1)  # to the script alone, as --signal=B: says
    said, _ = job.communicate(timeout=30)
    assert job.returncode == 130, said
    assert (tmp_path / "slurm").read_text("utf-8") == f"requeue {os.getpid()}\n"
    assert not [pid for pid in tmp_path.glob("pid.*") if alive(int(pid.suffix[1:]))]


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
@pytest.mark.parametrize("script", [script.name for script in SCRIPTS])
def test_a_recipe_runs_in_a_job(script: str, submit: Submit, tmp_path: Path) -> None:
    recipe = str(ROOT / "examples" / "intents" / "recipe.yaml")
    tiny = [*shlex.split(TINY), "--json"]
    job = submit(script, recipe, "runs", *tiny, alone=False, nodes="localhost,localhost")
    said, _ = job.communicate(timeout=900)
    assert job.returncode == 0, said
    row = next(line for line in said.splitlines() if line.startswith("{"))
    assert Path(tmp_path / json.loads(row)["report"]).exists()
