"""A profile: every figure about the rows of a version, from one pass over them in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Final

import pyarrow as pa

from assay.errors import UsageError
from assay.measure.distribution import Distribution, Tally, field_value
from assay.measure.diversity import Diversity, DiversityCount, Generator, is_synthetic
from assay.measure.forms import FormCount, Forms
from assay.measure.language import Language, script_of
from assay.measure.lengths import Lengths, LengthSummary
from assay.measure.months import Coverage, MonthCount
from assay.measure.rows import Rows, slices
from assay.measure.sample import SmallestIds
from assay.measure.scores import FIELDS as SCORE_FIELDS
from assay.measure.scores import ScoreCount, Scores, number
from assay.model.provenance import COLUMNS

TOPICS: Final = ("topic", "category", "intent", "task", "label")
"""Fields that say what a row is about; the first that two rows state differently counts for the balance."""
SAMPLES: Final = 6
SAMPLE_CHARS: Final = 4_000
_STORED: Final = frozenset(("source", "kind", *COLUMNS))


@dataclass(frozen=True, slots=True)
class Source:
    """Rows that came from one file, and how long their outputs are on average."""

    name: str
    rows: int
    mean_output: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One row to look at; its texts are cut to `SAMPLE_CHARS`. Content of strangers: escape it."""

    id: str
    input: str
    output: str


@dataclass(frozen=True, slots=True)
class Profile:
    """Figures about `rows` examples. Lengths are in units: words, or single Han and kana characters.

    `labelled` rows have a label for an output; the outputs' lengths leave them out. `synthetic` rows say so or
    name a generator. `topics` are the fields
    of `TOPICS` that rows state, or the one field that was asked for. `languages` come from a callable;
    `language_by` says which ("script": rules of script only). Depends on the set of rows, never on their
    order or on how they were cut into tables.
    """

    rows: int
    kinds: tuple[tuple[str, int], ...]
    labelled: int
    length: LengthSummary | None
    input: LengthSummary | None
    output: LengthSummary | None
    topics: tuple[Distribution, ...]
    languages: Distribution
    language_by: str
    scores: Scores | None
    forms: Forms
    diversity: Diversity
    coverage: Coverage
    sources: tuple[Source, ...]
    generators: tuple[Generator, ...]
    origins: Distribution
    synthetic: int
    samples: tuple[Sample, ...]

    @property
    def balance(self) -> Distribution | None:
        """The distribution that the balance is judged by; None when no field has two values."""
        return next((found for found in self.topics if found.imbalance is not None), None)

    def as_json(self) -> dict[str, Any]:
        """Plain values: numbers are rounded to six digits, samples left out."""
        value: dict[str, Any] = plain(self)
        del value["samples"]
        value["kinds"] = dict(self.kinds)
        return value


def plain(value: Any) -> Any:
    """Dataclasses as objects, tuples as lists, floats rounded to six digits; fields marked `json: False` stay out."""
    if is_dataclass(value) and not isinstance(value, type):
        return {
            one.name: plain(getattr(value, one.name))
            for one in fields(value)
            if one.metadata.get("json", True)
        }
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    return round(value, 6) if isinstance(value, float) else value


class Profiler:
    """Takes tables with the columns `rows.columns_for(by)`, gives a `Profile`."""

    def __init__(
        self, by: str | None = None, language: Language = script_of, language_by: str = "script"
    ) -> None:
        if by is not None and not by.strip():
            raise UsageError("the field to count by has no name", "name one, such as category or meta.topic")
        self._by = by
        self._language, self._language_by = language, language_by
        self._rows = self._labelled = self._synthetic = 0
        self._length, self._input, self._output = Lengths(), Lengths(), Lengths()
        self._topics = {name: Tally() for name in ((by,) if by else TOPICS)}
        self._languages, self._origins, self._kinds = Tally(), Tally(), Tally()
        self._scores = {name: ScoreCount(name) for name in SCORE_FIELDS}
        self._forms, self._diversity, self._months = FormCount(), DiversityCount(), MonthCount()
        self._sources: dict[str, list[int]] = {}
        self._samples: SmallestIds[tuple[str, str]] = SmallestIds(SAMPLES)

    def add(self, table: pa.Table) -> None:
        for rows in slices(table):
            self._add(rows)

    def _add(self, rows: Rows) -> None:
        output_units = [len(words) for words in rows.words]
        free = [n for n, payload in zip(output_units, rows.payloads, strict=True) if "label" not in payload]
        self._rows += len(rows)
        self._labelled += len(rows) - len(free)
        self._input.add(rows.input_units)
        self._output.add(free)
        self._length.add(a + b for a, b in zip(rows.input_units, output_units, strict=True))
        self._kinds.add(rows.columns["kind"])
        self._origins.add(origin for origin in rows.columns["origin"] if origin)
        self._synthetic += sum(map(is_synthetic, rows.columns["origin"], rows.columns["generator"]))
        self._languages.add(map(self._language_of, rows.inputs, rows.outputs))
        self._forms.add(rows.outputs)
        self._diversity.add(rows)
        self._months.add(rows.columns["created"])
        self._count_fields(rows)
        self._count_sources(rows, output_units)
        for id, given, said in zip(rows.ids, rows.inputs, rows.outputs, strict=True):
            if self._samples.wants(id):
                self._samples.put(id, (given[:SAMPLE_CHARS], said[:SAMPLE_CHARS]))

    def _language_of(self, given: str, said: str) -> str:
        return self._language(f"{said[:400]}\n{given[:400]}")

    def _count_fields(self, rows: Rows) -> None:
        if self._by in _STORED:
            self._topics[str(self._by)].add(
                str(value) for value in rows.columns[str(self._by)] if value is not None
            )
        else:
            for name, tally in self._topics.items():
                found = (field_value(name, e, p) for e, p in zip(rows.extras, rows.payloads, strict=True))
                tally.add(value for value in found if value is not None)
        for name, scores in self._scores.items():
            stated = (number(extra.get(name)) for extra in rows.extras if extra)
            scores.add(value for value in stated if value is not None)

    def _count_sources(self, rows: Rows, output_units: Iterable[int]) -> None:
        for source, count in zip(rows.columns["source"], output_units, strict=True):
            held = self._sources.setdefault(source or "(not known)", [0, 0])
            held[0] += 1
            held[1] += count

    def profile(self) -> Profile:
        """What was added so far, summed up."""
        topics = [tally.distribution(name, self._rows) for name, tally in self._topics.items()]
        sources = sorted(self._sources.items(), key=lambda item: (-item[1][0], item[0]))
        scores = [count.result() for count in self._scores.values()]
        return Profile(
            rows=self._rows,
            kinds=tuple((share.value, share.count) for share in self._kinds.ordered()),
            labelled=self._labelled,
            length=self._length.summary(),
            input=self._input.summary(),
            output=self._output.summary(),
            topics=tuple(found for found in topics if found.stated or self._by),
            languages=self._languages.distribution("language", self._rows),
            language_by=self._language_by,
            scores=next((found for found in scores if found is not None), None),
            forms=self._forms.result(),
            diversity=self._diversity.result(),
            coverage=self._months.result(),
            sources=tuple(Source(name, rows, units / rows) for name, (rows, units) in sources),
            generators=self._diversity.generators(),
            origins=self._origins.distribution("origin", self._rows),
            synthetic=self._synthetic,
            samples=tuple(Sample(id.hex(), *texts) for id, texts in self._samples.drawn()),
        )


def profile(tables: Iterable[pa.Table], by: str | None = None, language: Language = script_of) -> Profile:
    """The profile of all rows of `tables`, in one pass."""
    profiler = Profiler(
        by, language, "script" if language is script_of else getattr(language, "__name__", "custom")
    )
    for table in tables:
        profiler.add(table)
    return profiler.profile()
