"""JSON Lines: what is not changed stays to the byte."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selftranslate import datafile
from selftranslate.datafile import Changes, Codes, Item, Unreadable
from selftranslate.datafile.jsonl import spans
from selftranslate.fieldpath import Place, put


def read(path: Path) -> list[Item]:
    found = list(datafile.of(path).read(path))
    assert not [item for item in found if isinstance(item, Unreadable)]
    return [item for item in found if not isinstance(item, Unreadable)]


def write(path: Path, rows: list[tuple[Item, Changes]], both: Codes | None = None) -> bytes:
    with datafile.of(path).create(path, path, both) as writer:
        for item, changes in rows:
            writer.write(item, changes)
    return path.read_bytes()


ODD = (
    '{ "n":1.2300E5 ,"big": 123456789012345678901234567890, "text" :"a\\u00e9\\/", '
    '"half":"\\ud83d", "list": [ {"text":"x"} , [ ], "y\\"]"], "text2": "" }'
)


def test_all_but_the_changes_stays_to_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(f"\ufeff{ODD}\r\n".encode() + ODD.encode())
    one, two = read(path)
    changes: Changes = {("text",): 'ü"\n', ("list", 0, "text"): "X", ("list", 2): "Y", ("n",): 7}
    expected = (
        ODD.replace('"a\\u00e9\\/"', '"ü\\"\\n"').replace('"x"', '"X"').replace('"y\\"]"', '"Y"')
    ).replace("1.2300E5", "7")
    made = write(tmp_path / "out.jsonl", [(one, {}), (two, changes)])
    assert made == f"{ODD}\n{expected}\n".encode()


def places(value: Any, at: Place = ()) -> list[Place]:
    members = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [place for key, inner in members for place in [(*at, key), *places(inner, (*at, key))]]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(deadline=None, max_examples=80)
@given(
    st.dictionaries(st.text(), VALUES, max_size=3),
    st.data(),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_the_span_of_any_value_is_found(
    row: dict[str, Any], data: st.DataObject, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(row, indent=indent, ensure_ascii=ascii_only)
    known = places(row)
    chosen = data.draw(st.sets(st.sampled_from(known), max_size=3)) if known else set()
    for place, (start, end) in spans(text, chosen).items():
        inner: Any = row
        for step in place:
            inner = inner[step]
        assert json.loads(text[start:end]) == inner
    assert set(spans(text, chosen)) == chosen
    if leaf := next((p for p in known if p in chosen), None):
        ((start, end),) = spans(text, {leaf}).values()
        put(row, {leaf: "new"})
        assert json.loads(text[:start] + '"new"' + text[end:]) == row


def test_both_rows_stand_under_their_languages(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"id": 1.0, "t": "one"}\n')
    (item,) = read(path)
    made = write(tmp_path / "out.jsonl", [(item, {("t",): "eins"})], ("en", "de"))
    assert made == b'{"en": {"id": 1.0, "t": "one"}, "de": {"id": 1.0, "t": "eins"}}\n'


def test_packed_files_are_read_and_equal_texts_give_equal_bytes(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"t": "one"}\n'))
    (item,) = read(path)
    made = [
        write(tmp_path / name, [(item, {("t",): "eins"})]) for name in ("a.jsonl.gz", "b.jsonl.gz")
    ]
    assert made[0] == made[1] and gzip.decompress(made[0]) == b'{"t": "eins"}\n'
    assert made[0][3:8] == bytes(5)  # neither a name nor a time


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"t": "open', "not JSON"),
        (b"[1]", "not an object"),
        (b"", "an empty line"),
        (b'{"t": "\xff"}', "not UTF-8"),
        (b'{"t": NaN}', "NaN"),
        (b'{"t": 1, "t": 2}', "stands there twice"),
        (b'{"t": ' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_line_that_is_no_row_does_not_hide_the_next(
    tmp_path: Path, line: bytes, said: str
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'{"t": 1}\n' + line + b'\n{"t": 3}\n')
    first, bad, last = datafile.of(path).read(path)
    assert isinstance(bad, Unreadable) and bad.number == 2 and said in str(bad.error)
    assert not isinstance(first, Unreadable) and not isinstance(last, Unreadable)
    assert (first.row.number, last.row.number) == (1, 3)
