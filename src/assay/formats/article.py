"""The layout that articles on dataset versioning use: v2/samples.jsonl beside v2/meta.json."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from assay.formats.export import ExportRow, write_lines
from assay.model.example import views

_STATED = ("source", "record", "key", "generator", "licence")


def write_article(directory: Path, number: int, rows: Iterable[ExportRow], meta: Mapping[str, Any]) -> None:
    """Write `directory/v{number}/samples.jsonl`, one {id, input, output, …} a line, and `meta.json`."""
    folder = directory / f"v{number}"
    folder.mkdir(parents=True, exist_ok=True)
    write_lines(folder / "samples.jsonl", _samples(rows))
    (folder / "meta.json").write_bytes(orjson.dumps(dict(meta), option=orjson.OPT_INDENT_2) + b"\n")


def _samples(rows: Iterable[ExportRow]) -> Iterator[dict[str, Any]]:
    for row in rows:
        view = views(row.payload)
        known = {name: value for name in _STATED if (value := row.provenance.get(name)) is not None}
        yield {"id": row.id.hex(), "input": view.input, "output": view.output, **known}
