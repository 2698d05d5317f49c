"""What the index takes down of a version: ids of segments, changes and edits, and the records of its curation."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from assay.errors import Damaged
from assay.kernels.ids import as_ids
from assay.model.diff import Diff
from assay.model.version import SegmentRef
from assay.store.change import read_change
from assay.store.heads import Committed
from assay.store.index.blocks import write
from assay.store.index.tables import Tables
from assay.store.objects import Objects, object_key
from assay.store.parquet import get_table
from assay.store.segments import read_ids

ID: Final = 32
HEAD: Final = 8
"""Bytes of an id by which records are found in a ledger; what shares them is told apart by the ledger itself."""

NOWHERE: Final = 0xFFFF
"""In place of a split's number: in no split."""

TABLES: Final = """
CREATE TABLE IF NOT EXISTS versions (
  dataset TEXT NOT NULL, number INTEGER NOT NULL, manifest TEXT NOT NULL, seq INTEGER NOT NULL,
  branch TEXT NOT NULL, before INTEGER, change INTEGER, edits INTEGER, curation TEXT,
  PRIMARY KEY (dataset, number)
) WITHOUT ROWID;
"""


def add_version(db: Tables, objects: Objects, committed: Committed) -> None:
    """Everything that one version adds to the index."""
    manifest = objects.manifest(committed.manifest)
    seq = committed.operation.seq
    for ref in dict.fromkeys(p.segment for parts in manifest.splits.values() for p in parts):
        _add_segment(db, objects, "segment", ref, seq)
    change = edits = None
    if manifest.change is not None and committed.before is not None:
        change, edits = _add_change(db, objects, manifest.change, seq)
    if manifest.curation is not None:
        _add_curation(db, objects, manifest.curation, seq)
    db.execute("DELETE FROM versions WHERE dataset = ? AND number = ?", (manifest.dataset, committed.number))
    db.execute(
        "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            manifest.dataset, committed.number, committed.manifest, seq, committed.branch, committed.before,
            change, edits, manifest.curation,
        ),
    )  # fmt: skip


def _new_list(db: Tables, kind: str, name: str, about: Any, seq: int) -> int | None:
    """The number of a new list; None when there is one of that kind and name."""
    if db.execute("SELECT 1 FROM lists WHERE kind = ? AND name = ?", (kind, name)).fetchone():
        return None
    (last,) = db.execute("SELECT coalesce(max(number), 0) FROM lists").fetchone()
    db.execute(
        "INSERT INTO lists (number, kind, name, about, seq) VALUES (?, ?, ?, ?, ?)",
        (last + 1, kind, name, orjson.dumps(about).decode(), seq),
    )
    return int(last) + 1


def _number(db: Tables, kind: str, name: str) -> int:
    found: int = db.execute("SELECT number FROM lists WHERE kind = ? AND name = ?", (kind, name)).fetchone()[
        0
    ]
    return found


def _add_segment(db: Tables, objects: Objects, kind: str, ref: SegmentRef, seq: int) -> None:
    number = _new_list(db, kind, ref.object, ref.as_json(), seq)
    if number is not None:
        write(db, number, ID, read_ids(objects, ref).tobytes())


def _add_change(db: Tables, objects: Objects, name: str, seq: int) -> tuple[int, int]:
    """The lists of a change (id → splits before and after) and of its edits (id → direction and the other id)."""
    if db.execute("SELECT 1 FROM lists WHERE kind = 'change' AND name = ?", (name,)).fetchone():
        return _number(db, "change", name), _number(db, "edits", name)
    diff = read_change(objects, name)
    states = sorted(diff.states().items())
    splits = sorted({split for _, pair in states for split in pair if split is not None})
    codes: dict[str | None, bytes] = {split: n.to_bytes(2, "big") for n, split in enumerate(splits)}
    codes[None] = NOWHERE.to_bytes(2, "big")
    number = _new_list(db, "change", name, splits, seq)
    assert number is not None
    values = b"".join(codes[before] + codes[after] for _, (before, after) in states)
    write(db, number, ID, b"".join(id_ for id_, _ in states), values)
    linked = _new_list(db, "edits", name, None, seq)
    assert linked is not None
    pairs = sorted(_links(diff))
    write(db, linked, ID, b"".join(p[0] for p in pairs), b"".join(p[1] + p[2] for p in pairs))
    return number, linked


def _links(diff: Diff) -> list[tuple[bytes, bytes, bytes]]:
    """Of every edit: the new example came from (f) the old one, and the old one went to (t) the new one."""
    out = []
    for change in diff.edited:
        assert change.old_id is not None
        out += [(change.id, b"f", change.old_id), (change.old_id, b"t", change.id)]
    return out


def _add_curation(db: Tables, objects: Objects, name: str, seq: int) -> None:
    """The rejected segments of a curation, and its ledger by example: whose records are in which rows."""
    made = objects.get_json(name)
    if not isinstance(made, dict) or "ledger" not in made:
        return
    number = _new_list(db, "ledger", name, made["ledger"], seq)
    if number is None:
        return
    try:
        segments = [SegmentRef.from_json(ref) for ref in made["segments"]]
        for ref in (SegmentRef.from_json(one) for one in made["rejected"]):
            _add_segment(db, objects, "rejected", ref, seq)
        heads, rows = _records(objects, made["ledger"], segments)
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise Damaged(f"{object_key(name)} does not describe a curation: {error!r}") from None
    by_head = np.lexsort((rows, heads))
    write(db, number, HEAD, heads[by_head].tobytes(), rows[by_head].tobytes())


def _records(
    objects: Objects, ledger: str, segments: list[SegmentRef]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Heads of ids (big-endian u64) and rows of the ledger (u32): the row's own example, and its twin."""
    table = get_table(objects, ledger, ["segment", "row", "twin_id"])
    segment = table["segment"].fill_null(-1).to_numpy()
    row = table["row"].fill_null(0).to_numpy()
    own = np.zeros(len(table), ">u8")
    for position in np.unique(segment[segment >= 0]).tolist():
        here = segment == position
        own[here] = _heads(read_ids(objects, segments[position]))[row[here]]
    at = np.flatnonzero(segment >= 0)
    twins = table["twin_id"]
    named = np.flatnonzero(twins.is_valid().to_numpy())
    twin = _heads(as_ids(twins.drop_null().to_pylist()))
    other = own[named] != twin  # the twin of an identical record is its own example
    heads = np.concatenate([own[at], twin[other]]).astype(
        ">u8"
    )  # NumPy joins in the machine's own byte order
    return heads, np.concatenate([at, named[other]]).astype(">u4")


def _heads(ids: npt.NDArray[np.void]) -> npt.NDArray[Any]:
    return np.ascontiguousarray(ids).view(">u8").reshape(-1, ID // HEAD)[:, 0]
