"""Failpoints: at the named place, the n-th time, in the stated way; nothing without the variable."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from selftranslate.errors import RecipeError
from selftranslate.failpoints import VARIABLE

PROGRAM = """
import sys
from selftranslate.failpoints import reach
for number in range(4):
    reach("elsewhere")
    reach("here", lambda: print(number, "half", flush=True))
    print(number, flush=True)
"""


def run(value: str | None) -> tuple[int, list[str], str]:
    environment = {} if value is None else {VARIABLE: value}
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True
    )
    return ran.returncode, ran.stdout.splitlines(), ran.stderr


def test_nothing_happens_without_the_variable() -> None:
    assert run(None)[:2] == (0, ["0", "1", "2", "3"])


@pytest.mark.parametrize(
    ("value", "code", "out", "said"),
    [
        ("here:1:kill", -9, [], ""),
        ("here:3:kill", -9, ["0", "1"], ""),
        ("here:2:torn", -9, ["0", "1 half"], ""),
        ("here:2:raise", 1, ["0"], "Failure: failpoint here:2:raise"),
        ("here:2:enospc", 1, ["0"], f"Errno {errno.ENOSPC}"),
        ("nowhere:1:kill", 0, ["0", "1", "2", "3"], ""),
        ("here:5:kill", 0, ["0", "1", "2", "3"], ""),
        ("elsewhere:1:torn", 1, [], "no record to tear"),
    ],
)
def test_a_failpoint(value: str, code: int, out: list[str], said: str) -> None:
    found = run(value)
    assert found[:2] == (code, out)
    assert said in found[2]


@pytest.mark.parametrize(
    "value", ["", "here", "here:1", "here:0:kill", "here:x:kill", "here:1:die"]
)
def test_a_variable_that_cannot_be_read_is_refused(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from selftranslate import failpoints

    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(RecipeError, match=r"expected name:n:action"):
        failpoints.reach("here")


def test_a_row_is_torn_in_the_middle(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from selftranslate.store import write;"
        "from selftranslate.example import Sample;"
        "row = Sample(id='1', prompt='p', completion='c', languages='en>en');"
        "write([row, row], Path(sys.argv[1]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], env={VARIABLE: "store.row:2:torn"}
    )
    assert ran.returncode == -9
    whole, half = (tmp_path / "rows.jsonl").read_text().split("\n")
    assert half == whole[: (len(whole) + 1) // 2]
