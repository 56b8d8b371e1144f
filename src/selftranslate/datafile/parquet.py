"""Parquet: the schema stays, and the columns that are not changed are passed on as they are.

A row is known by its number, from 1. Where both rows are written they are two columns, each a
struct of all columns of the source file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selftranslate.datafile import Changes, Codes, Format, Item, Unreadable, Writer, json_text
from selftranslate.errors import DataError
from selftranslate.fieldpath import put
from selftranslate.rows import Row

if TYPE_CHECKING:
    import pyarrow
    import pyarrow.parquet

ROWS = 4096
"""Rows in memory at once when reading, and in a row group when writing."""


def build() -> Format:
    """Build the format."""
    return _Parquet()


class _Parquet:
    def read(self, path: Path) -> Iterator[Item | Unreadable]:
        number = 0
        with _opened(path) as file:
            names = file.schema_arrow.names
            for name in names:
                if names.count(name) > 1:
                    raise DataError.at(path, None, name, "two columns have this name; rename one")
            for batch in file.iter_batches(ROWS):
                for index in range(batch.num_rows):
                    number += 1
                    values = _Values(batch, index)
                    yield _BatchRow(Row(str(path), number, values), batch, index)

    @contextmanager
    def create(self, path: Path, like: Path, both: Codes | None) -> Iterator[Writer]:
        import pyarrow
        import pyarrow.parquet

        with _opened(like) as file:
            inner = file.schema_arrow
        schema = inner
        if both:
            schema = pyarrow.schema({code: pyarrow.struct(list(inner)) for code in both})
        with pyarrow.parquet.ParquetWriter(path, schema) as file:
            writer = _Writer(file, schema, inner, bool(both))
            yield writer
            writer.flush()


class _Values(Mapping[str, Any]):
    """One row of a batch; only the values that are asked for become Python objects."""

    def __init__(self, batch: pyarrow.RecordBatch, index: int) -> None:
        self._batch = batch
        self._index = index

    def __getitem__(self, name: str) -> Any:
        column = self._batch.schema.get_field_index(name)
        if column < 0:
            raise KeyError(name)
        return self._batch.column(column)[self._index].as_py()

    def __iter__(self) -> Iterator[str]:
        return iter(self._batch.schema.names)

    def __len__(self) -> int:
        return int(self._batch.num_columns)


@dataclass(frozen=True, slots=True)
class _BatchRow:
    row: Row
    batch: pyarrow.RecordBatch
    index: int

    def json(self, changes: Changes) -> str:
        values = dict(self.row.values)
        put(values, changes)
        return json_text(values)


@dataclass(slots=True)
class _Writer:
    """Gathers rows of one batch of the input, and batches of one row group."""

    file: pyarrow.parquet.ParquetWriter
    schema: pyarrow.Schema
    inner: pyarrow.Schema
    both: bool
    rows: list[tuple[_BatchRow, Changes | None]] = field(default_factory=list)
    """With None for a row that is kept as it stands."""
    batches: list[pyarrow.RecordBatch] = field(default_factory=list)

    def write(self, item: Item, changes: Changes) -> None:
        assert isinstance(item, _BatchRow)
        self._add(item, changes)

    def keep(self, item: Item) -> None:
        assert isinstance(item, _BatchRow)
        if not item.batch.schema.equals(self.schema):
            item.row.refuse("", f"its columns are not {', '.join(self.schema.names)}")
        self._add(item, None)

    def flush(self) -> None:
        """Write everything that was gathered."""
        import pyarrow

        self._close_batch()
        if self.batches:
            self.file.write_table(pyarrow.Table.from_batches(self.batches).combine_chunks())
            self.batches.clear()

    def _add(self, item: _BatchRow, changes: Changes | None) -> None:
        # Kept rows come from another file, and so never from the same batch as new ones.
        if self.rows and self.rows[-1][0].batch is not item.batch:
            self._close_batch()
        self.rows.append((item, changes))
        if len(self.rows) + sum(batch.num_rows for batch in self.batches) >= ROWS:
            self.flush()

    def _close_batch(self) -> None:
        import pyarrow

        if not self.rows:
            return
        whole = self.rows[0][0].batch
        taken = whole.take(pyarrow.array([item.index for item, _ in self.rows]))
        if any(changes is None for _, changes in self.rows):
            self.batches.append(taken)
        else:
            changed = self._changed(taken)
            if self.both:
                changed = [
                    pyarrow.StructArray.from_arrays(columns, fields=list(self.inner))
                    for columns in (taken.columns, changed)
                ]
            self.batches.append(pyarrow.record_batch(changed, schema=self.schema))
        self.rows.clear()

    def _changed(self, taken: pyarrow.RecordBatch) -> list[pyarrow.Array]:
        import pyarrow

        columns = list(taken.columns)
        for name in {place[0] for _, changes in self.rows for place in changes or ()}:
            values = [{name: item.row.values[str(name)]} for item, _ in self.rows]
            for value, (_, changes) in zip(values, self.rows, strict=True):
                put(value, {p: new for p, new in (changes or {}).items() if p[0] == name})
            at = self.inner.get_field_index(name)
            new = [value[name] for value in values]
            columns[at] = pyarrow.array(new, type=self.inner.field(at).type)
        return columns


@contextmanager
def _opened(path: Path) -> Iterator[pyarrow.parquet.ParquetFile]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            yield file
    except (pyarrow.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise DataError.at(path, None, None, f"cannot be read as Parquet: {reason}") from error
