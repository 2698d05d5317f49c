"""What drift looks at of each row: one column a feature, made once for a segment, from which any of its rows count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from assay.kernels.counting import counts_of_units, units
from assay.kernels.language import languages_of
from assay.kernels.language_tables import unpacked
from assay.kernels.texts import Texts
from assay.measure.distribution import VALUE_CHARS, field_value
from assay.measure.diversity import OPENING, opening_of
from assay.measure.drift.spread import Spread
from assay.measure.drift.style import KEPT, Drawn, draw
from assay.measure.profile import TOPICS
from assay.measure.scores import FIELDS, number
from assay.model.example import Views, views
from assay.model.provenance import COLUMNS

VERSION: Final = "drift columns 1"
"""Changes when any column of any row changes: what was kept under another name is not read."""

READ: Final = ("id", "kind", "payload", "extra", "source", "origin", "generator", "licence")
STORED: Final = ("kind", "origin", "source", "generator", "licence")
SCORES: Final = (*FIELDS, "difficulty")
KNOWN: Final = frozenset(
    (*STORED, *SCORES, *TOPICS, "language", "opening", "split", "input", "output", "turns")
)
"""Features that are looked at without being asked for."""
HEAD: Final = 400
"""Characters of the output, and of the input after it, whose language is told."""
_BEGINNING: Final = 200
NAMED: Final = 2_000
"""Values of a feature whose names are kept, the most frequent of a segment; the others count as well."""
_ERASED: Final = "{}"

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Category:
    """A value a row: `code` is a position in `digest`, whose entry 0 is "not stated". `names`: digest → name."""

    code: npt.NDArray[Any]
    digest: npt.NDArray[np.uint64]
    names: Mapping[int, str]

    def spread(self, rows: Rows | None = None) -> Spread:
        """Of some rows, or of all."""
        code = self.code if rows is None else self.code[rows]
        counts = np.bincount(code, minlength=len(self.digest)).astype(np.int64)
        return Spread.counted(self.digest, counts)


@dataclass(frozen=True, slots=True)
class Columns:
    """The features of a segment's rows. `here`: rows that were not erased, increasing; only these count.

    `numbers` hold one number a row, NaN where it has none. `drawn`: a draw of rows whose style is compared.
    """

    rows: int
    here: Rows
    categories: Mapping[str, Category]
    numbers: Mapping[str, npt.NDArray[Any]]
    drawn: Drawn


class Reader:
    """Takes the rows of a segment in order, gives its `Columns`; with `by`, of that one field alone."""

    def __init__(self, by: str | None = None) -> None:
        self._by = by
        self._coders = {
            name: _Coder() for name in ((by,) if by else (*STORED, "language", "opening", *TOPICS))
        }
        self._numbers: dict[str, list[npt.NDArray[Any]]] = {}
        self._here: list[Rows] = []
        self._ids: list[bytes] = []
        self._outputs: list[str] = []
        self._rows = 0

    def add(self, table: pa.Table) -> None:
        payloads = table.column("payload").to_pylist()
        here = np.fromiter((text != _ERASED for text in payloads), np.bool_, len(payloads))
        held = [orjson.loads(text) for text in payloads]
        extras = table.column("extra").to_pylist()
        if self._by is not None:
            self._add_field(self._by, table, held, extras)
        else:
            self._add_texts(table, held)
            self._add_extras(held, extras)
            for name in STORED:
                self._coders[name].add_column(table.column(name))
        self._here.append(np.flatnonzero(here) + self._rows)
        self._rows += len(payloads)

    def _add_field(self, by: str, table: pa.Table, held: Sequence[Any], extras: Sequence[str | None]) -> None:
        if by in table.column_names and by not in ("id", "payload", "extra"):
            self._coders[by].add_column(table.column(by))
            return
        pairs = zip(extras, held, strict=True)
        self._coders[by].add([field_value(by, _object(extra), payload) for extra, payload in pairs])

    def _add_texts(self, table: pa.Table, held: Sequence[Any]) -> None:
        seen = [views(payload) for payload in held]
        self._note("input", counts_of_units(Texts.of([one.input for one in seen])).astype(np.uint32))
        self._note("output", counts_of_units(Texts.of([one.output for one in seen])).astype(np.uint32))
        self._note("turns", np.fromiter(map(turns, held), np.uint32, len(held)))
        self._coders["opening"].add([_opening(one.output) for one in seen])
        heads = Texts.of([f"{one.output[:HEAD]}\n{one.input[:HEAD]}" for one in seen])
        codes, _ = languages_of(heads)
        self._coders["language"].add([unpacked(code) for code in codes.tolist()])
        self._draw(table, seen)

    def _draw(self, table: pa.Table, seen: Sequence[Views]) -> None:
        """The rows of a segment are sorted by id: the smallest ids are the first rows that are there."""
        if len(self._ids) < KEPT:
            for id, payload, one in zip(
                table.column("id").to_pylist(), table.column("payload").to_pylist(), seen, strict=True
            ):
                if payload != _ERASED and len(self._ids) < KEPT:
                    self._ids.append(id)
                    self._outputs.append(one.output)

    def _add_extras(self, held: Sequence[Any], extras: Sequence[str | None]) -> None:
        fields = [_object(text) for text in extras]
        for name in TOPICS:
            self._coders[name].add(
                [
                    _short(field_value(name, e, p)) if e or name in p else None
                    for e, p in zip(fields, held, strict=True)
                ]
            )
        for name in SCORES:
            if any(name in extra for extra in fields) or name in self._numbers:
                stated = [number(extra.get(name)) for extra in fields]
                self._note(name, np.array([np.nan if v is None else v for v in stated], np.float64))

    def _note(self, name: str, values: npt.NDArray[Any]) -> None:
        """Rows that came before the first that had a number have none."""
        if name not in self._numbers:
            self._numbers[name] = [np.full(self._rows, np.nan)] if self._rows else []
        self._numbers[name].append(values)

    def columns(self) -> Columns:
        """What was added, as columns. Features that no row states are left out."""
        coded = {name: coder.category() for name, coder in self._coders.items()}
        kept = {
            n: c for n, c in coded.items() if len(c.digest) > 1 or n in ("kind", "source") or n == self._by
        }
        here = np.concatenate([*self._here, np.empty(0, np.int64)])
        numbers = {name: np.concatenate(parts) for name, parts in self._numbers.items()}
        return Columns(
            self._rows,
            here,
            kept,
            numbers,
            draw(self._ids, self._outputs, self._rows, here[: len(self._ids)]),
        )


class _Coder:
    """Values by number in the order in which they are met; 0 is "not stated"."""

    def __init__(self) -> None:
        self._known: dict[str | None, int] = {None: 0}
        self._codes: list[npt.NDArray[np.uint32]] = []

    def add(self, values: Iterable[str | None]) -> None:
        known = self._known
        self._codes.append(np.array([known.setdefault(v, len(known)) for v in values], np.uint32))

    def add_column(self, column: pa.ChunkedArray) -> None:
        coded = column.combine_chunks().dictionary_encode()
        words = [None if v is None else str(v) for v in coded.dictionary.to_pylist()]
        known = self._known
        place = np.array([*(known.setdefault(v or None, len(known)) for v in words), 0], np.uint32)
        self._codes.append(place[coded.indices.fill_null(len(words)).to_numpy()])

    def category(self) -> Category:
        names = list(self._known)
        code = np.concatenate([*self._codes, np.empty(0, np.uint32)])
        small = next(kind for kind in (np.uint8, np.uint16, np.uint32) if len(names) <= np.iinfo(kind).max)
        digest = np.array([0, *(digest_of(str(name)) for name in names[1:])], np.uint64)
        counts = np.bincount(code, minlength=len(names))
        counts[0] = 0
        top = np.argsort(-counts, kind="stable")[:NAMED]
        shown = {int(digest[k]): str(names[k])[:VALUE_CHARS] for k in top.tolist() if counts[k]}
        return Category(code.astype(small), digest, shown)


def digest_of(name: str) -> int:
    """What a value is counted under: 64 bits of a hash, never 0."""
    return int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()) or 1


def turns(payload: Mapping[str, Any]) -> int:
    """How many turns a payload has: messages, or a prompt and an answer."""
    if "messages" in payload:
        return len(payload["messages"])
    prompt = payload.get("prompt")
    before = len(prompt) if isinstance(prompt, list) else int(bool(prompt))
    answer = payload.get("chosen", payload.get("completion", payload.get("text")))
    return before + (len(answer) if isinstance(answer, list) else 1)


def _opening(output: str) -> str | None:
    return opening_of(units(output[:_BEGINNING].lower())[:OPENING]) or None


def _short(value: str | None) -> str | None:
    return None if value is None else value[:VALUE_CHARS]


_NOTHING: Final[Mapping[str, Any]] = {}


def _object(text: str | None) -> Mapping[str, Any]:
    if not text or text == "{}":
        return _NOTHING
    value = orjson.loads(text)
    return value if isinstance(value, dict) else _NOTHING


def read(tables: Iterable[pa.Table], by: str | None = None) -> Columns:
    """The columns of a segment whose rows come in order, with the columns `columns_for(by)`."""
    reader = Reader(by)
    for table in tables:
        reader.add(table)
    return reader.columns()


def columns_for(by: str | None) -> list[str]:
    """The stored columns that are read; `by` may be one of them."""
    return [*READ, by] if by in COLUMNS and by not in READ else list(READ)


def packed(found: Columns) -> dict[str, npt.NDArray[np.generic]]:
    """The columns as arrays by name, to be kept."""
    out: dict[str, npt.NDArray[np.generic]] = {"rows": np.array([found.rows], np.int64)}
    if len(found.here) != found.rows:
        out["here"] = found.here
    for name, one in found.categories.items():
        spelled = orjson.dumps([[k, _sound(v)] for k, v in one.names.items()])
        out |= {f"c.code.{name}": one.code, f"c.digest.{name}": one.digest}
        out[f"c.names.{name}"] = np.frombuffer(spelled, np.uint8)
    out |= {f"n.{name}": values for name, values in found.numbers.items()}
    return out | found.drawn.packed()


def _sound(name: str) -> str:
    return name.encode("utf-8", "replace").decode("utf-8")


def opened(held: Mapping[str, npt.NDArray[Any]]) -> Columns | None:
    """What `packed` gave, or None where it is not whole."""
    try:
        rows = int(held["rows"][0])
        names = [name.removeprefix("c.code.") for name in held if name.startswith("c.code.")]
        categories = {
            name: Category(
                held[f"c.code.{name}"],
                held[f"c.digest.{name}"],
                {int(k): str(v) for k, v in orjson.loads(held[f"c.names.{name}"].tobytes())},
            )
            for name in names
        }
        numbers = {name.removeprefix("n."): held[name] for name in held if name.startswith("n.")}
        here = held["here"] if "here" in held else np.arange(rows)
        whole = all(len(one) == rows for one in [*(c.code for c in categories.values()), *numbers.values()])
        return Columns(rows, here, categories, numbers, Drawn.opened(held)) if whole else None
    except (KeyError, ValueError, TypeError, IndexError):
        return None
