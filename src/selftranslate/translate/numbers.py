"""A number for each text, by its digest, in a temporary file: any number of texts may come."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping

MOST = "INSERT INTO numbers VALUES (?, ?) ON CONFLICT DO UPDATE SET n = max(n, excluded.n)"


class Numbers(Mapping[int, int]):
    """Numbers that only become larger; about 4 MB of them are in memory."""

    def __init__(self) -> None:
        self._table = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._table.execute("PRAGMA journal_mode = OFF")
        self._table.execute("PRAGMA cache_size = -4000")
        self._table.execute("CREATE TABLE numbers (digest INTEGER PRIMARY KEY, n INTEGER NOT NULL)")
        self._count = 0

    def __del__(self) -> None:
        self._table.close()

    def __getitem__(self, key: int) -> int:
        found = self._table.execute("SELECT n FROM numbers WHERE digest = ?", (key,)).fetchone()
        if found is None:
            raise KeyError(key)
        return int(found[0])

    def __iter__(self) -> Iterator[int]:
        return (key for (key,) in self._table.execute("SELECT digest FROM numbers ORDER BY digest"))

    def __len__(self) -> int:
        return self._count

    def raise_to(self, more: Mapping[int, int]) -> set[int]:
        """Take numbers in; return the keys that are new. Thousands at once are the cheapest."""
        new = more.keys() - self.some(more)
        self._table.execute("BEGIN")
        self._table.executemany(MOST, sorted(more.items()))
        self._table.execute("COMMIT")
        self._count += len(new)
        return new

    def some(self, keys: Collection[int]) -> dict[int, int]:
        """Return the numbers of those of the keys that have one."""
        query = "SELECT digest, n FROM json_each(?) CROSS JOIN numbers ON digest = value"
        return dict(self._table.execute(query, (json.dumps(sorted(keys)),)))
