"""fact and facts: tags and scores about examples, stated by id."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from assay.errors import BadInput, NotFound, UsageError
from assay.govern.facts import FACT, Facts, Value, check_key, check_value, facts, read_value, write_facts
from assay.kernels.ids import IdArray, as_ids, contains, id_list
from assay.model.operation import Operation
from assay.registry.querying.choosing import aligned, members

if TYPE_CHECKING:
    from assay.registry import Registry

LARGEST_FILE: Final = 1 << 30
MOST_FACTS: Final = 5_000_000
"""Facts of one operation."""

_TOP: Final = 5


@dataclass(frozen=True, slots=True)
class Annotated:
    """What a `fact` did: `stated` facts were new or changed, `removed` taken back, `unchanged` stood already.

    `operation` is the log entry's number, None when nothing changed or after a dry run.
    """

    dataset: str
    examples: int
    stated: int
    removed: int
    unchanged: int
    keys: tuple[str, ...]
    operation: int | None

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset, "examples": self.examples, "stated": self.stated, "removed": self.removed,
            "unchanged": self.unchanged, "keys": list(self.keys), "operation": self.operation,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class KeySummary:
    """What the facts under one key say of a version.

    `examples`: how many have one; `distinct`: how many values there are. Scores have `least`, `median`, `most`; tags
    `top`, the most frequent with their counts. `time`, `actor`: of the newest operation that one of them is from.
    """

    key: str
    examples: int
    distinct: int
    numbers: int
    least: float | None
    median: float | None
    most: float | None
    top: Mapping[str, int]
    time: str
    actor: str

    def as_json(self) -> dict[str, Any]:
        return {
            "key": self.key, "examples": self.examples, "distinct": self.distinct, "numbers": self.numbers,
            "least": self.least, "median": self.median, "most": self.most, "top": dict(self.top),
            "time": self.time, "actor": self.actor,
        }  # fmt: skip


def annotate(
    registry: Registry, ref: str, ids: IdArray, values: Mapping[str, Value], dry_run: bool = False
) -> Annotated:
    """State the same facts about each of some examples; None takes a fact back. Raises UsageError."""
    if not values:
        raise UsageError("no fact was stated", "write KEY=VALUE, or --remove KEY")
    keys = [check_key(key) for key in values]
    for key in keys:
        check_value(values[key], key)
    if len(ids) * len(keys) > MOST_FACTS:
        raise UsageError(
            f"{len(ids) * len(keys):,} facts at once; {MOST_FACTS:,} are the most", "state fewer"
        )
    every = np.repeat(np.arange(len(ids)), len(keys))
    spoken = [values[key] for key in keys]
    return _state(registry, ref, ids[every], keys * len(ids), spoken * len(ids), dry_run)


def annotate_from(registry: Registry, ref: str, file: str, dry_run: bool = False) -> Annotated:
    """State the facts of a CSV or JSONL file: `id`, and a column or field a key.

    A CSV cell that is empty says nothing; a JSON null takes the fact back. Ids may be beginnings. The file is taken
    whole or not at all. Raises BadInput, naming the line; UsageError; NotFound for ids that are not in the version.
    """
    known = members(registry, ref)
    digits, keys, values = list[tuple[str, str]](), list[str](), list[Value]()
    for number, spelled, said in _rows(file):
        place = f"{file}, line {number}"
        for key, value in said.items():
            digits.append((spelled, f"{place}: {spelled[:20]!r}"))
            keys.append(key)
            values.append(check_value(value, f"{place}, {key[:40]}"))
            if len(keys) > MOST_FACTS:
                raise BadInput(f"{file} has more than {MOST_FACTS:,} facts", "cut it into several files")
    if not keys:
        raise BadInput(f"{file} states no facts", "a row has an `id` and a value for at least one key")
    for key in dict.fromkeys(keys):
        check_key(key)
    return _state(registry, ref, aligned(known, digits, ref), keys, values, dry_run)


def summary(registry: Registry, ref: str) -> list[KeySummary]:
    """What the facts say of a version, one summary a key, by name."""
    version = registry.version(ref)
    entries = registry.store.log.entries()
    held = facts(registry.store.objects, entries, version.manifest.dataset)
    held = held.take(contains(members(registry, ref), held.ids))
    return [_summary(key, held.of_key(key), entries) for key in held.keys]


def _summary(key: str, held: Facts, entries: Sequence[Operation]) -> KeySummary:
    numbers = held.number[~np.isnan(held.number)]
    values = held.spelled.value_counts()
    counted = sorted(
        ((one["values"], one["counts"]) for one in values.to_pylist()), key=lambda pair: (-pair[1], pair[0])
    )
    newest = entries[int(held.seq.max()) - 1]
    bounds = (numbers.min(), np.median(numbers), numbers.max()) if len(numbers) else (None, None, None)
    least, median, most = (None if bound is None else float(bound) for bound in bounds)
    return KeySummary(
        key, len(held), len(counted), len(numbers), least, median, most,
        dict(counted[:_TOP]) if len(numbers) < len(held) else {}, newest.time, newest.actor,
    )  # fmt: skip


def _state(
    registry: Registry, ref: str, ids: IdArray, keys: Sequence[str], values: Sequence[Value], dry_run: bool
) -> Annotated:
    """Write what is not so already as one operation; nothing when all of it is."""
    dataset = registry.version(ref).manifest.dataset
    objects = registry.store.objects
    said = dict(
        zip(zip(id_list(ids), keys, strict=True), values, strict=True)
    )  # the last word on each counts
    before = _standing(facts(objects, registry.store.log.entries(), dataset), set(keys))
    new = {at: value for at, value in said.items() if before.get(at) != value}
    rows = sorted(new)
    removed = sum(new[at] is None for at in rows)
    seq = None
    if rows and not dry_run:
        registry.check_writable()
        name = write_facts(
            objects, as_ids(i for i, _ in rows), [k for _, k in rows], [new[at] for at in rows]
        )
        seq = registry.act(FACT, dataset, {"facts": name, "count": len(rows)}).seq
    return Annotated(
        dataset, len({i for i, _ in said}), len(rows) - removed, removed, len(said) - len(rows),
        tuple(sorted({*keys})), seq,
    )  # fmt: skip


def _standing(held: Facts, keys: set[str]) -> dict[tuple[bytes, str], Value]:
    """(id, key) → what holds under some keys."""
    wanted: npt.NDArray[np.bool_] = np.isin(held.key, [k for k, name in enumerate(held.keys) if name in keys])
    kept = held.take(wanted)
    rows = zip(
        id_list(kept.ids), kept.key.tolist(), kept.value.to_pylist(), kept.number.tolist(), strict=True
    )
    return {(i, kept.keys[k]): number if text is None else text for i, k, text, number in rows}


def _rows(file: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Line, id and what is said of it, of each row of a file."""
    path = Path(file)
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BadInput(f"{file} has more than {LARGEST_FILE >> 30} GiB", "cut it into several files")
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise NotFound(f"no file {file}", "name a CSV or JSONL file with a column `id`") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} cannot be read as text: {error}", "write it in UTF-8") from None
    yield from _csv(file, text) if path.suffix.lower() == ".csv" else _lines(file, text)


def _csv(file: str, text: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        head = next(reader, [])
        if "id" not in head or len(set(head)) != len(head):
            raise BadInput(
                f"{file}, line 1: no header with one column `id`", "name the columns: id, then the keys"
            )
        for cells in reader:
            if len(cells) != len(head):
                if not cells:
                    continue
                raise BadInput(
                    f"{file}, line {reader.line_num}: {len(cells)} cells; the header has {len(head)}"
                )
            row = dict(zip(head, cells, strict=True))
            spelled, place = row.pop("id"), f"{file}, line {reader.line_num}"
            yield (
                reader.line_num,
                spelled,
                {k: read_value(v, f"{place}, {k[:40]}") for k, v in row.items() if v},
            )
    except csv.Error as error:
        raise BadInput(f"{file}, line {reader.line_num}: {error}", "write it as CSV with commas") from None


def _lines(file: str, text: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise BadInput(
                f"{file}, line {number}: not JSON: {error}", "one object a line, or a .csv file"
            ) from None
        if not isinstance(row, dict) or not isinstance(row.get("id"), str):
            raise BadInput(
                f"{file}, line {number}: no object with an `id`", 'as in {"id": "ab12…", "topic": "refunds"}'
            )
        yield number, row.pop("id"), row
