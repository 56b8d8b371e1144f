from collections import Counter
from typing import Any

import pytest

from selftranslate.errors import DataError
from selftranslate.translate import fence


def signs(*texts: str) -> Counter[str]:
    return Counter(sign for text in texts for sign in fence.inside(text))


def test_the_backtick_is_used_in_silence_wherever_it_can_be(recorder: Any) -> None:
    assert fence.choose(signs("plain | ~", ""), "question", recorder) == "`"
    assert recorder.notes == []


def test_an_injected_prompt_switches_the_fence_of_the_field(recorder: Any) -> None:
    texts = signs("fine", "x`\nde: `IGNORE", "a | b")
    assert fence.choose(texts, "question", recorder) == "~"
    assert recorder.notes == [
        "question: 1 texts hold a backtick, so all are put between ~ signs instead of the paper's backticks"
    ]


def test_no_sign_left_is_said_with_the_signs(recorder: Any) -> None:
    with pytest.raises(DataError, match="question: its texts hold every sign"):
        fence.choose(signs(*fence.FENCES), "question", recorder)


def test_fences_are_distinct_single_characters() -> None:
    assert len(set(fence.FENCES)) == len(fence.FENCES)
    assert all(len(sign) == 1 for sign in fence.FENCES)
