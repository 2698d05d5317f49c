"""Facts: tags and scores about examples, attached by id, as a fold of the log.

An operation `fact` names a Parquet object with columns id, key, value, number. A text has a `value`, a number a
`number`; neither of them takes the fact back. Of two facts about the same id and key the later operation's stands.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from assay.errors import Damaged, UsageError
from assay.kernels.ids import IdArray, concat, first_of_each, ids_of, order
from assay.model.operation import Operation
from assay.model.ref import check_name
from assay.store.log import log_key
from assay.store.objects import Objects, object_key
from assay.store.parquet import DAMAGE, get_table, open_parquet, put_table

FACT: Final = "fact"
"""The action of an operation that states facts or takes them back."""

LONGEST_VALUE: Final = 2_000
"""UTF-8 bytes of a text that is stated as a fact."""

SCHEMA: Final = pa.schema(
    [
        pa.field("id", pa.binary(32), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("value", pa.string()),
        pa.field("number", pa.float64()),
    ]
)

_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)

Value = str | float | None
"""A tag, a score, or None: what was said before no longer holds."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What holds of some examples, one row a fact, sorted by id, then key; arrays of equal length n.

    `ids`: V32. `key`: int32, positions in `keys` (sorted). `value`: Arrow text, null where a number stands.
    `number`: float64, NaN where a text stands. `seq`: int64, the operation that said so.
    """

    ids: IdArray
    key: npt.NDArray[np.int32]
    keys: tuple[str, ...]
    value: pa.Array
    number: npt.NDArray[np.float64]
    seq: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: npt.NDArray[Any]) -> Facts:
        """The facts in some rows (increasing positions, or a mask); keys that are left without any go."""
        at = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        used, code = np.unique(self.key[at], return_inverse=True)
        keys = tuple(self.keys[k] for k in used.tolist())
        value = self.value.take(pa.array(at))
        return Facts(self.ids[at], code.astype(np.int32), keys, value, self.number[at], self.seq[at])

    def of_key(self, key: str) -> Facts:
        """The facts under one key."""
        wanted = self.keys.index(key) if key in self.keys else -1
        return self.take(self.key == wanted)

    @property
    def scores(self) -> frozenset[str]:
        """The keys under which every fact is a number."""
        texts = np.bincount(self.key[np.isnan(self.number)], minlength=len(self.keys))
        return frozenset(key for key, count in zip(self.keys, texts.tolist(), strict=True) if not count)

    @property
    def spelled(self) -> pa.Array:
        """All values as text; numbers as they are usually written."""
        at = np.flatnonzero(~np.isnan(self.number))
        if not len(at):
            return self.value
        place = np.full(len(self), -1)
        place[at] = np.arange(len(at))
        numbers = pa.array([_spell(number) for number in self.number[at].tolist()], pa.string())
        return pc.coalesce(self.value, numbers.take(pa.array(place, mask=place < 0)))

    def said(self, key: str, *, numeric: bool) -> tuple[IdArray, pa.Array]:
        """The sorted ids that have a fact under `key`, and what each says, as float64 or as text."""
        facts = self.of_key(key)
        return facts.ids, pa.array(facts.number) if numeric else facts.spelled


NONE: Final = Facts(
    np.empty(0, "V32"), np.empty(0, np.int32), (), pa.array([], pa.string()), np.empty(0), np.empty(0, np.int64)
)  # fmt: skip


def facts(objects: Objects, entries: Iterable[Operation], dataset: str) -> Facts:
    """What holds of a dataset's examples after these operations. Raises Damaged for an object that is no facts."""
    tables, seqs = [], []
    for operation in entries:
        if operation.action == FACT and operation.dataset == dataset:
            table = facts_in(objects, operation)
            tables.append(table)
            seqs.append(np.full(len(table), operation.seq, np.int64))
    if not tables:
        return NONE
    said = pa.concat_tables(tables)
    ids, seq = concat([ids_of(table["id"]) for table in tables]), np.concatenate(seqs)
    words = said["key"].combine_chunks().dictionary_encode()
    names = words.dictionary.to_pylist()
    keys = sorted(names)
    rank = np.array([keys.index(name) for name in names], np.int64)
    key = rank[words.indices.to_numpy()]
    last = _last_of_each(first_of_each(ids) * len(keys) + key)
    number, value = said["number"].to_numpy().astype(np.float64), said["value"].combine_chunks()
    last = last[~np.isnan(number[last]) | value.is_valid().to_numpy(zero_copy_only=False)[last]]
    last = last[np.argsort(key[last], kind="stable")]
    last = last[order(ids[last])]
    found = Facts(
        ids[last],
        key[last].astype(np.int32),
        tuple(keys),
        value.take(pa.array(last)),
        number[last],
        seq[last],
    )
    return found.take(np.arange(len(last)))


def _last_of_each(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """For each distinct value the position at which it stands last."""
    by_value = np.argsort(values, kind="stable")
    ordered = values[by_value]
    last: npt.NDArray[np.int64] = by_value[
        np.append(ordered[1:] != ordered[:-1], np.ones(min(1, len(values)), np.bool_))
    ]
    return last


def _spell(number: float) -> str:
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def facts_in(objects: Objects, operation: Operation) -> pa.Table:
    """What one operation states, in the order written: a table of `SCHEMA`. Raises Damaged."""
    name = operation.body.get("facts")
    if not isinstance(name, str):
        raise Damaged(f"{log_key(operation.seq)} states facts without naming them")
    table = get_table(objects, name)
    try:
        table = table.select(SCHEMA.names).cast(SCHEMA)
    except (KeyError, ValueError, pa.ArrowException) as error:
        raise Damaged(f"{object_key(name)} does not hold facts: {error}") from None
    if table["id"].null_count or table["key"].null_count:
        raise Damaged(f"{object_key(name)} does not hold facts: an id or a key is missing")
    return table


def facts_about(objects: Objects, operation: Operation, example: bytes) -> pa.Table:
    """What one operation states of one example, in the order written: a table of `SCHEMA`. Raises Damaged.

    The first 8 bytes of all ids that facts were stated of are remembered with their rows; only the row groups of rows
    that may be meant are read.
    """
    name = operation.body.get("facts")
    if not isinstance(name, str):
        raise Damaged(f"{log_key(operation.seq)} states facts without naming them")

    def ids_read() -> npt.NDArray[Any]:
        found: npt.NDArray[Any] = ids_of(facts_in(objects, operation)["id"]).view("u8").reshape(-1, 4)[:, 0]
        return found

    heads = objects.ids(f"heads of {name}", lambda: np.sort(ids_read()))
    wanted = np.frombuffer(example[:8], "u8")
    low, high = (int(np.searchsorted(heads, wanted, side)[0]) for side in ("left", "right"))
    if low == high:
        return SCHEMA.empty_table()
    order = objects.ids(f"rows of {name}", lambda: np.argsort(ids_read(), kind="stable").astype(np.uint32))
    file = open_parquet(objects.buffer(name), object_key(name))
    ends = np.cumsum([file.metadata.row_group(k).num_rows for k in range(file.metadata.num_row_groups)])
    found = []
    for row in sorted(order[low:high].tolist()):
        group = int(np.searchsorted(ends, row, "right"))
        try:
            table = file.read_row_group(group, columns=SCHEMA.names)
        except DAMAGE as error:
            raise Damaged(f"{object_key(name)} cannot be read as Parquet: {error}") from None
        start = int(ends[group]) - len(table)
        one = table.slice(row - start, 1).select(SCHEMA.names).cast(SCHEMA)
        if one["id"][0].as_py() == example:
            found.append(one)
    return pa.concat_tables(found) if found else SCHEMA.empty_table()


def write_facts(objects: Objects, ids: IdArray, keys: Sequence[str], values: Sequence[Value]) -> str:
    """Write facts, one of each a row, in the order given, as an object; its name."""
    raw = pa.py_buffer(np.ascontiguousarray(ids).tobytes())
    numbers = [value if isinstance(value, float) else None for value in values]
    texts = [value if isinstance(value, str) else None for value in values]
    table = pa.table(
        {
            "id": pa.FixedSizeBinaryArray.from_buffers(pa.binary(32), len(ids), [None, raw]),
            "key": pa.array(keys, pa.string()),
            "value": pa.array(texts, pa.string()),
            "number": pa.array(numbers, pa.float64()),
        },
        schema=SCHEMA,
    )
    return put_table(objects, table, dictionary=["key", "value", "number"])


def check_key(key: str) -> str:
    """`key`, when a fact may have it: a name in lower case. Raises UsageError."""
    check_name(key, "fact")
    if key != key.lower():
        raise UsageError(
            f"{key!r} cannot name a fact: names of facts are in lower case", f"write {key.lower()}"
        )
    return key


def check_value(value: Any, where: str) -> Value:
    """A fact's value: text, number or None. Raises UsageError, naming `where`, for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise UsageError(f"{where}: {value} is no number that can be compared", "give a finite number")
        return number
    if isinstance(value, str) and len(value.encode("utf-8", "replace")) > LONGEST_VALUE:
        raise UsageError(
            f"{where}: a fact's text has at most {LONGEST_VALUE:,} bytes; this one has more", "shorten it"
        )
    if value is None or isinstance(value, str):
        return value
    raise UsageError(
        f"{where}: a fact is a text or a number, not {type(value).__name__}", "state one thing a fact"
    )


def read_value(text: str, where: str) -> Value:
    """The value that a person wrote: a number when it reads as one, else text; in double quotes always text."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        try:
            return check_value(orjson.loads(text), where)
        except orjson.JSONDecodeError:
            return check_value(text, where)
    return check_value(float(text) if len(text) <= 40 and _NUMBER.fullmatch(text) else text, where)
