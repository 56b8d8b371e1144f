"""The paper's printed numbers, found by what an experiment is."""

from __future__ import annotations

import pytest

from selftranslate import paper
from selftranslate.paper import Printed

LLAMA = "meta-llama/Llama-2-7b-hf"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (("gsm8k", LLAMA, "de", "D_src"), Printed(30.1, 0.4, False)),
        (("gsm8k", "/models/LLAMA-2-7B-HF/", "de", "+D_tgt"), Printed(36.4, 1.3, True)),
        (("squad", LLAMA, "th", "D_tgt"), Printed(44.3, 0.8, True)),
        (("mnli", LLAMA, "th", "+D_tgt"), Printed(56.3, 1.5, False)),
        (("mnli", LLAMA, "zh", "+D_tgt+D_cs"), Printed(77.6, 0.6, None)),
        (("gsm8k", "Qwen/Qwen1.5-1.8B", "ru", "+D_tgt+D_cs"), Printed(14.9, 0.5, True)),
    ],
)
def test_a_cell_is_found_by_task_model_language_and_setting(
    cell: tuple[str, str, str, str], expected: Printed
) -> None:
    assert paper.printed(*cell) == expected


@pytest.mark.parametrize(
    "cell",
    [
        ("mini", LLAMA, "de", "D_src"),
        ("gsm8k", "meta-llama/Llama-2-13b-hf", "de", "D_src"),
        ("gsm8k", "mini", "de", "D_src"),
        ("gsm8k", LLAMA, "sw", "D_src"),
        ("gsm8k", LLAMA, "de", "mine"),
        ("squad", "Qwen/Qwen1.5-1.8B", "de", "D_src"),
    ],
)
def test_what_the_paper_did_not_print_is_none(cell: tuple[str, str, str, str]) -> None:
    assert paper.printed(*cell) is None


def test_another_translator_and_the_english_test_have_tables_of_their_own() -> None:
    cell = ("gsm8k", LLAMA, "th", "+D_tgt")
    by_gpt = paper.printed(*cell, translator="gpt-3.5-turbo-0125")
    in_english = paper.printed(*cell, tested_in_source=True)
    assert (by_gpt, in_english) == (Printed(28.5, 1.4, True), Printed(40.0, 1.9, False))
    assert paper.printed(*cell, translator="another") is None


def test_bleu_is_found_by_model_and_language() -> None:
    assert paper.bleu("meta-llama/Llama-2-70b-hf", "th") == 12.0
    assert paper.bleu("gpt-3.5-turbo-0125", "ru") == 44.6
    assert (paper.bleu("mini", "de"), paper.bleu(LLAMA, "sw")) == (None, None)
