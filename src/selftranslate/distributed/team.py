"""Several processes of one machine that train a run together, inside one task of Ray.

torchrun starts them; the first makes the artifact, the others train along (see `processes`).
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from selftranslate import interrupts
from selftranslate.distributed import stages
from selftranslate.distributed.job import Job, Name, Names
from selftranslate.distributed.stages import Trial
from selftranslate.errors import EngineError, SelfTranslateError
from selftranslate.finetuning import processes

LINES = 20
"""Of what the processes said, shown when they fail for no reason of ours."""


def tune(job: Job, material: Names, trial: Trial, count: int) -> Name:
    """Stage 6: one run of a setting, on several processes. Raises what they raise."""
    with TemporaryDirectory(prefix="selftranslate-") as folder:
        call = Path(folder, "call")
        call.write_bytes(pickle.dumps((job, material, trial)))
        launch = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        command = [*launch, f"--nproc-per-node={count}", "-m", __name__, str(call)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        answer = Path(folder, "answer")
        if not answer.exists():
            said = "\n".join(done.stderr.splitlines()[-LINES:])
            msg = f"{count} processes that train together ended by {done.returncode}: {said}"
            raise EngineError(msg)
        made: Name | SelfTranslateError = pickle.loads(answer.read_bytes())
    if isinstance(made, SelfTranslateError):
        raise made
    return made


def main(call: Path) -> None:
    """Train along, or lead and write down the name of what was made."""
    job, material, trial = pickle.loads(call.read_bytes())
    made: Name | SelfTranslateError
    with interrupts.gentle(), processes.joined(job.pipeline.runtime):
        if not processes.leading():
            job.pipeline.follow()
            return
        try:
            made = stages.tune(job, material, trial)
        except SelfTranslateError as error:
            made = error
    call.with_name("answer").write_bytes(pickle.dumps(made))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
