"""The merged attention is the softmax over prefix and own tokens, by either kernel."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from selftranslate.decoding import shared_prefix
from selftranslate.decoding.shared_prefix import Sight, attend, holds

ROWS, WIDTH, PREFIX, OWN = 3, 8, 11, 5


@pytest.fixture(params=["fused", "by hand", "by hand, in parts"])
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fused kernel of the CPU, and what other devices run."""
    if request.param != "fused":
        monkeypatch.setattr(shared_prefix, "FUSED", frozenset())
    if request.param == "by hand, in parts":
        monkeypatch.setattr(shared_prefix, "SCORES", 50)


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize("window", [None, 9, 3])
@pytest.mark.parametrize("cap", [None, 2.0])
@pytest.mark.parametrize("heads", [2, 4, 6])
@pytest.mark.parametrize("new", [1, OWN])
def test_equals_one_softmax(heads: int, new: int, cap: float | None, window: int | None) -> None:
    torch.manual_seed(0)
    query = torch.randn(ROWS, heads, new, WIDTH)
    prefix = torch.randn(2, 2, PREFIX, WIDTH)
    own = torch.randn(2, ROWS, 2, OWN, WIDTH)
    here = torch.tensor([[4], [2], [0]]) if new == 1 else torch.arange(OWN)[None]
    sight = Sight([None, tuple(prefix)], PREFIX, here + PREFIX, OWN)  # type: ignore[list-item]

    found, _ = attend(
        SimpleNamespace(layer_idx=1),
        query,
        *own,
        None,
        sight=sight,
        scaling=0.3,
        softcap=cap,
        sliding_window=window,
    )

    key, value = (
        torch.cat([prefix[i].expand(ROWS, -1, -1, -1), own[i]], 2).repeat_interleave(heads // 2, 1)
        for i in (0, 1)
    )
    scores = (query @ key.mT) * 0.3
    if cap:
        scores = cap * torch.tanh(scores / cap)
    distance = (here + PREFIX)[:, None, :, None] - torch.arange(PREFIX + OWN)
    seen = (distance >= 0) & (distance < (window or PREFIX + OWN))
    expected = scores.masked_fill(~seen, -torch.inf).softmax(-1) @ value
    assert found.shape == (ROWS, new, heads, WIDTH)
    torch.testing.assert_close(found, expected.transpose(1, 2), rtol=1e-5, atol=1e-5)


def test_without_a_sight_it_refuses_to_run_unmasked() -> None:
    with pytest.raises(RuntimeError, match="sight"):
        attend(SimpleNamespace(layer_idx=0), *torch.randn(3, 1, 2, 3, WIDTH), None)


@pytest.mark.parametrize(
    ("settings", "known"),
    [
        ({}, True),
        ({"layer_types": ["full_attention", "sliding_attention"]}, True),
        ({"layer_types": ["full_attention", "linear_attention"]}, False),
        ({"rope_parameters": {"rope_type": "llama3"}}, True),
        ({"rope_parameters": {"rope_type": "longrope"}}, False),
        ({"rope_parameters": {"full_attention": {"rope_type": "dynamic"}}}, False),
    ],
)
def test_the_config_says_whether_it_holds(settings: dict[str, object], known: bool) -> None:
    assert holds(SimpleNamespace(**settings)) == known
