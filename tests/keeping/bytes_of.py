"""Every text that a registry's folder holds, also inside compressed files: what a thief with patience would read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq


def leaves(value: Any) -> Iterator[bytes]:
    """Every string and byte string in a nested value."""
    if isinstance(value, str):
        yield value.encode("utf-8", "surrogatepass")
    elif isinstance(value, bytes):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(key)
            yield from leaves(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from leaves(one)


def everything(root: Path) -> Iterator[tuple[Path, bytes]]:
    """(file, bytes): each file as it lies there, and once more what is decoded of it."""
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        data = path.read_bytes()
        yield path, data
        if path.suffix == ".parquet":
            for row in pq.read_table(path).to_pylist():
                for leaf in leaves(row):
                    yield path, leaf
        elif path.suffix == ".json":
            yield path, data.decode().encode().decode("unicode_escape", "replace").encode("utf-8", "replace")
        elif path.suffix == ".sqlite":
            with sqlite3.connect(path) as db:
                tables = [
                    name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
                ]
                for name in tables:
                    for row in db.execute(f'SELECT * FROM "{name}"'):
                        for leaf in leaves(row):
                            yield path, leaf


def files_with(root: Path, *texts: str) -> set[str]:
    """The files in which one of the texts is found."""
    wanted = [
        text.encode(code) for text in texts for code in ("utf-8", "utf-32-le")
    ]  # NumPy's text is UTF-32
    return {str(path.relative_to(root)) for path, data in everything(root) if any(w in data for w in wanted)}
