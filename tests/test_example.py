"""Records are written by hand as the encoder of JSON would write them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftranslate.example import Example, Pair, Provenance, Record, Sample
from selftranslate.filters import Drop, Dropped

texts = st.text(st.characters(), max_size=12)
examples = st.builds(
    Example,
    id=texts,
    language=texts,
    fields=st.dictionaries(texts, texts, max_size=3),
    spans=st.dictionaries(texts, st.tuples(st.integers(0), st.integers(0)), max_size=2),
)
endings = st.lists(st.sampled_from(["fence", "eos", "length"]), max_size=3).map(tuple)
provenances = st.builds(Provenance, engine=texts, prefixes=st.lists(texts, max_size=2).map(tuple))
pairs = st.builds(
    Pair,
    source=examples,
    target=examples,
    ended=st.dictionaries(texts, endings, max_size=2),
    log_probability=st.dictionaries(texts, st.floats(allow_nan=False), max_size=2),
    unmarked=st.lists(texts, max_size=2).map(tuple),
    provenance=st.dictionaries(texts, provenances, max_size=2),
)
samples = st.builds(Sample, id=texts, prompt=texts, completion=texts, languages=texts)
dropped = st.builds(Dropped, pairs, texts, st.builds(Drop, texts, texts))


@given(st.one_of(examples, pairs, samples, dropped, provenances))
def test_a_line_is_what_the_encoder_writes_and_is_read_back(record: Record) -> None:
    line = record.to_line()
    assert line == json.dumps(record.to_json(), sort_keys=True, ensure_ascii=False)
    assert type(record).from_json(json.loads(line)) == record


@pytest.mark.parametrize("odd", ['"\\\n\r\t\b\f\0\x1f\x7f', "\ud800", "é答\u2028😀"])
def test_odd_signs_are_written_like_the_encoders(odd: str) -> None:
    values: dict[str, Any] = {"id": odd, "language": odd, "fields": {odd: odd}}
    expected = json.dumps({**values, "spans": {}}, sort_keys=True, ensure_ascii=False)
    assert Example(**values).to_line() == expected
