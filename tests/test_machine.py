"""What the machine is found to have."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from selftranslate import machine


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "max 100000"}, None),
        ({"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ({"cpu.max": "garbage"}, None),
        ({}, None),
    ],
)
def test_a_containers_share_is_read(
    files: dict[str, str], cores: int | None, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    assert machine._quota(tmp_path) == (cores or 1 << 16)


def test_no_more_threads_than_cores_unless_the_user_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = torch.get_num_threads()
    monkeypatch.setattr(machine, "cores", lambda: 1)
    try:
        torch.set_num_threads(2)
        monkeypatch.setenv("OMP_NUM_THREADS", "2")
        machine.use_cores()
        assert torch.get_num_threads() == 2
        monkeypatch.delenv("OMP_NUM_THREADS")
        machine.use_cores()
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_this_process_has_at_least_one_core() -> None:
    assert 1 <= machine.cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize("units", [{}, {"avx512_bf16": True}, {"amx_bf16": True}, {"bf16": True}])
def test_bf16_where_the_processor_multiplies_in_it(
    units: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: units)
    assert machine.fastest_precision(torch.device("cpu")) == ("bf16" if units else "fp32")
