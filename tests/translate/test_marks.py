from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selftranslate.example import Span
from selftranslate.tasks import Project, Task
from selftranslate.translate import marks

TAG = ["answer"]


@st.composite
def spans(draw: st.DrawFn) -> tuple[str, Span]:
    """A text full of repetitions, and a span of it with no whitespace at its ends."""
    text = draw(st.text(alphabet="ab <>/ answer答é\n", max_size=30).filter(lambda t: t.strip()))
    start = draw(st.integers(0, len(text) - 1).filter(lambda i: not text[i].isspace()))
    end = draw(st.integers(start + 1, len(text)).filter(lambda i: not text[i - 1].isspace()))
    return text, (start, end)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spans())
def test_every_span_comes_back_from_its_marks(drawn: tuple[str, Span]) -> None:
    text, span = drawn
    if not marks.holds_mark(text, TAG):
        found = marks.extract(marks.insert(text, {"answer": span}), TAG)
        assert found == (text, {"answer": span})


def test_the_marked_occurrence_is_the_spans_not_the_first() -> None:
    assert marks.insert("Ulm, not Ulm", {"answer": (9, 12)}) == "Ulm, not <answer>Ulm</answer>"


@pytest.mark.parametrize(
    "text",
    [
        "no marks",
        "<answer>never closed",
        "never opened</answer>",
        "</answer>the wrong way<answer>",
        "<answer>two</answer> <answer>pairs</answer>",
        "<answer>a<answer>b</answer>",
        "<answer>a</answer>b</answer>",
        "<answer></answer>nothing",
        "<answer> \n</answer>blank",
        "<ans<answer>wer>x</answer>",
    ],
)
def test_anything_but_one_good_pair_is_lost(text: str) -> None:
    assert marks.extract(text, TAG)[1] == {}


@pytest.mark.parametrize(
    "text", ["<answer>a</answer> b", "</answer>a <answer>b", "<answer>a</answer> <answer>b"]
)
def test_marks_never_stay_in_the_text(text: str) -> None:
    assert marks.extract(text, TAG)[0] == "a b"


def test_whitespace_just_inside_the_marks_is_outside_the_span() -> None:
    found = marks.extract("in <answer> Ulm\n</answer>.", TAG)
    assert found == ("in  Ulm\n.", {"answer": (4, 7)})


def test_trim_leaves_the_words() -> None:
    assert marks.trim("a  b c ", (1, 7)) == (3, 6)
    assert marks.trim("a   b", (1, 4)) == (4, 4)


def test_the_projected_fields_are_found_by_their_context(qa: Task) -> None:
    assert marks.projected(qa, "context") == ("answer",)
    assert marks.projected(qa, "question") == ()
    task = replace(qa, fields={**qa.fields, "evidence": Project(inside="context")})
    assert marks.projected(task, "context") == ("answer", "evidence")


def test_marks_are_numbered_as_they_begin_and_the_first_is_the_papers() -> None:
    assert marks.numbered({"drink": (9, 12)}) == {"drink": "answer"}
    assert marks.numbered({"drink": (9, 12), "city": (0, 3)}) == {
        "city": "answer",
        "drink": "answer2",
    }


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spans(), st.integers(0, 30), st.integers(0, 30))
def test_several_spans_come_back_even_where_they_touch_or_cross(
    drawn: tuple[str, Span], one: int, two: int
) -> None:
    text, first = drawn
    second = marks.trim(text, (min(one, two), max(one, two)))
    inside = {"a": first, "b": second}
    if second[0] < second[1] and not marks.holds_mark(text, inside):
        assert marks.extract(marks.insert(text, inside), inside) == (text, inside)


def test_one_bad_pair_of_marks_costs_no_other_answer() -> None:
    text = "<city>Ulm</city> has <drink>tea."
    assert marks.extract(text, ["city", "drink"]) == ("Ulm has tea.", {"city": (0, 3)})
    assert marks.insert("Ulm tea", {"city": (0, 3), "drink": (3, 7)}) == (
        "<city>Ulm</city><drink> tea</drink>"
    )
