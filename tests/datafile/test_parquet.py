"""Parquet: schema, types and all columns that are not changed stay."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from selftranslate import datafile
from selftranslate.datafile import Codes, Item, Unreadable
from selftranslate.datafile.parquet import ROWS
from selftranslate.errors import DataError


def table(count: int) -> Any:
    import pyarrow as pa

    return pa.table(
        {
            "id": pa.array(range(count), pa.uint16()),
            "t": pa.array([f"text {i % 3}" for i in range(count)]).dictionary_encode(),
            "when": pa.array([1_700_000_000_000_000_001 + i for i in range(count)], pa.timestamp("ns")),
            "price": pa.array([Decimal("1.10")] * count, pa.decimal128(9, 2)),
            "raw": pa.array([b"\xff\0"] * count),
            "turns": pa.array([[{"text": f"hi {i}", "n": 1.5}, {"text": "x", "n": None}] for i in range(count)],
                              pa.list_(pa.struct({"text": pa.large_string(), "n": pa.float32()}))),
        },
        metadata={"made": "by hand"},
    )  # fmt: skip


def save(made: Any, path: Path) -> Path:
    import pyarrow.parquet as pq

    pq.write_table(made, path)
    return path


def load(path: Path) -> Any:
    import pyarrow.parquet as pq

    return pq.read_table(path)


def read(path: Path) -> list[Item]:
    return [item for item in datafile.of(path).read(path) if not isinstance(item, Unreadable)]


def translate(path: Path, out: Path, both: Codes | None = None, skip: int = 7) -> None:
    """Change two columns, leaving out every seventh row."""
    with datafile.of(out).create(out, path, both) as writer:
        for item in read(path):
            assert item.row.number
            if item.row.number % skip:
                number = item.row.number
                writer.write(
                    item, {("t",): f"neu {number}", ("turns", 0, "text"): f"hallo {number}"}
                )


def expected(count: int) -> list[dict[str, Any]]:
    rows = table(count).drop_columns(["when"]).to_pylist()
    for number, row in enumerate(rows, 1):
        row["t"] = f"neu {number}"
        row["turns"][0]["text"] = f"hallo {number}"
    return [row for number, row in enumerate(rows, 1) if number % 7]


def test_types_and_other_columns_stay(tmp_path: Path) -> None:
    count = 2 * ROWS + 10
    path, out = save(table(count), tmp_path / "in.parquet"), tmp_path / "out.parquet"
    translate(path, out)
    made, before = load(out), load(path)
    assert made.schema.equals(before.schema, check_metadata=True)
    assert made.drop_columns(["when"]).to_pylist() == expected(count)
    kept = [i for i in range(count) if (i + 1) % 7]
    assert made["when"].to_pylist() == before["when"].take(kept).to_pylist()
    translate(path, tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == out.read_bytes()


def test_both_rows_stand_in_two_columns(tmp_path: Path) -> None:
    path, out = save(table(20), tmp_path / "in.parquet"), tmp_path / "out.parquet"
    translate(path, out, ("en", "de"))
    made = load(out).to_pylist()
    assert list(made[0]) == ["en", "de"]
    before = [row for i, row in enumerate(load(path).to_pylist(), 1) if i % 7]
    assert [row["en"] for row in made] == before
    for row in (german := [row["de"] for row in made]):
        assert row.pop("when")
    assert german == expected(20)


def test_rows_of_an_earlier_file_go_between_new_ones(tmp_path: Path) -> None:
    path, out = save(table(20), tmp_path / "in.parquet"), tmp_path / "out.parquet"
    translate(path, out)
    merged = tmp_path / "merged.parquet"
    earlier = iter(read(out))
    with datafile.of(merged).create(merged, path, None) as writer:
        for item in read(path):
            assert item.row.number
            if item.row.number % 7:
                writer.keep(next(earlier))
            else:
                writer.write(item, {("t",): "late"})
    texts = load(merged)["t"].to_pylist()
    assert texts == ["late" if n % 7 == 0 else f"neu {n}" for n in range(1, 21)]
    other = save(table(3).drop_columns(["raw"]), tmp_path / "other.parquet")
    with (
        pytest.raises(DataError, match="its columns are not id, t, when"),
        datafile.of(merged).create(merged, path, None) as writer,
    ):
        writer.keep(read(other)[0])


def test_a_row_as_json_has_a_text_for_what_json_lacks(tmp_path: Path) -> None:
    import pyarrow as pa

    path = save(
        pa.table({"d": [datetime(2024, 1, 2)], "x": [float("nan")], "b": [b"a"], "t": ["one"]}),
        tmp_path / "in.parquet",
    )
    (item,) = read(path)
    assert item.json({("t",): "eins"}) == (
        '{"d": "2024-01-02 00:00:00", "x": "nan", "b": "b\'a\'", "t": "eins"}'
    )


@pytest.mark.parametrize("cut", [0, 3, 100, -5])
def test_a_damaged_file_is_refused(tmp_path: Path, cut: int) -> None:
    path = save(table(10), tmp_path / "in.parquet")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataError, match=r"in\.parquet: cannot be read as Parquet"):
        read(path)


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    import pyarrow as pa

    path = save(
        pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], ["t", "t"]),
        tmp_path / "in.parquet",
    )
    with pytest.raises(DataError, match="t: two columns have this name"):
        read(path)
