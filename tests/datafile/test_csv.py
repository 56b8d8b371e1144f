"""CSV: every cell comes back as it was, whatever stands in it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selftranslate import datafile
from selftranslate.datafile import Codes, Item, Unreadable
from selftranslate.errors import DataError

CELLS = st.text(
    st.sampled_from("a\",\n\r \té\0='") | st.characters(exclude_categories=["Cs"]), max_size=6
)


def read(path: Path) -> list[Item]:
    found = list(datafile.of(path).read(path))
    assert not [item for item in found if isinstance(item, Unreadable)]
    return [item for item in found if not isinstance(item, Unreadable)]


def copy(path: Path, out: Path, both: Codes | None = None) -> bytes:
    with datafile.of(out).create(out, path, both) as writer:
        for item in read(path):
            writer.write(item, {("t",): "NEW"} if both else {})
    return out.read_bytes()


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.integers(1, 3).flatmap(
        lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), min_size=1, max_size=4)
    )
)
def test_cells_come_back_as_they_were(tmp_path: Path, rows: list[list[str]]) -> None:
    header = [f"c{i}" for i in range(len(rows[0]))]
    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    made = copy(path, out)
    assert list(csv.reader(io.StringIO(made.decode(), newline=""), strict=True)) == [header, *rows]
    assert copy(out, tmp_path / "again.csv") == made


def test_windows_files_and_cells_of_several_lines(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes('\ufefft,id\r\n"one\r\n""two""",1\r\nthree,2\r\n'.encode())
    assert [dict(item.row.values) for item in read(path)] == [
        {"t": 'one\r\n"two"', "id": "1"},
        {"t": "three", "id": "2"},
    ]
    assert [item.row.number for item in read(path)] == [2, 4]


def test_both_rows_stand_in_columns_with_their_language(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("id,t\n1,one\n")
    assert copy(path, tmp_path / "out.csv", ("en", "de")) == b"en.id,en.t,de.id,de.t\n1,one,1,NEW\n"


def test_a_long_cell_is_passed_on(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("t,long\nx," + "y" * 200_000 + "\n")
    assert copy(path, tmp_path / "out.csv") == path.read_bytes()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'"a"b,2', "no CSV: ',' expected"),
        (b"1", "1 cells, not 2 (t, id)"),
        (b"1,2,3", "3 cells, not 2"),
        (b"", "an empty line"),
        (b"\xff,2", "not UTF-8"),
    ],
)
def test_a_line_that_is_no_row_does_not_hide_the_next(
    tmp_path: Path, line: bytes, said: str
) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(b"t,id\na,1\n" + line + b"\nb,2\n")
    _, bad, last = datafile.of(path).read(path)
    assert isinstance(bad, Unreadable) and bad.number == 3 and said in str(bad.error)
    assert not isinstance(last, Unreadable) and last.row.number == 4


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"\n", "no header"),
        (b"a,a\n1,2\n", "a: two columns have this name"),
        (b'"a"b\n', "no CSV"),
        (b"\xff\n", "no header in UTF-8"),
    ],
)
def test_a_file_without_a_good_header_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=said):
        read(path)
