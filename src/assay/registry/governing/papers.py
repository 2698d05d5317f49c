"""card: the papers about a version, in every form."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from assay.errors import BadInput, UsageError
from assay.govern.card import card, card_json, card_markdown
from assay.govern.card_facts import CardFacts
from assay.govern.document import Document
from assay.govern.filling import MAX_BYTES, Fill, read_fill
from assay.govern.markdown import markdown
from assay.govern.page import page
from assay.govern.provenance_standard import dps_document, dps_json
from assay.govern.summary_eu import eu_document, eu_json
from assay.measure.charts.funnel import funnel
from assay.measure.charts.histogram import histogram
from assay.registry.export.hub import croissant_text, write_data
from assay.registry.governing.describing import Described, describe
from assay.registry.monitor.measuring import steps_of

if TYPE_CHECKING:
    from assay.registry import Registry
    from assay.registry.governing.evidence import EvidenceRequest, EvidenceResult

FORMATS = ("md", "html", "json", "croissant", "eu-summary", "dps")


@dataclass(frozen=True, slots=True)
class CardResult:
    """A paper: its text, the same as JSON, and the keys of questions that nobody answered."""

    version: str
    format: str
    text: str
    document: Mapping[str, Any]
    open: tuple[str, ...]


class Papers:
    """The papers of a registry: what it says about its versions to those who have to know."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def facts(self, ref: str) -> CardFacts:
        """Everything that papers about a version are written from. Raises NotFound, UsageError for a split."""
        return describe(self._registry, ref).facts

    def card(self, ref: str, format: str = "md", fill: str | None = None) -> CardResult:
        """A paper about a version: `md`, `html`, `json`, `croissant`, `eu-summary` or `dps`.

        `fill`: a YAML file with a person's answers. Raises NotFound; UsageError for an unknown format; BadInput for a
        bad file of answers.
        """
        if format not in FORMATS:
            raise UsageError(f"no card format {format!r}", f"one of: {', '.join(FORMATS)}")
        return render_card(self._registry, describe(self._registry, ref), format, load_fill(fill))

    def evidence(self, request: EvidenceRequest) -> EvidenceResult:
        """Everything that proves a version, in one zip that checks itself offline; see `EvidenceRequest`."""
        from assay.registry.governing.evidence import pack

        return pack(self._registry, request)


def render_card(registry: Registry, described: Described, format: str, answers: Fill) -> CardResult:
    """A paper from facts that were gathered already."""
    facts = described.facts
    document = _DOCUMENTS.get(format, card)(facts, answers)
    value = _VALUES.get(format, card_json)(facts, answers)
    if format == "croissant":
        text = _croissant(registry, described, answers)
        value = orjson.loads(text)
    elif format == "html":
        text = page(document, _style(), _pictures(described), "dataset card")
    elif format == "json":
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n"
    elif format == "md":
        text = card_markdown(facts, answers)
    else:
        text = markdown(document)
    return CardResult(facts.version, format, text, value, tuple(document.open))


def load_fill(path: str | None) -> Fill:
    """The answers in a file; none without one. Raises BadInput."""
    if path is None:
        return Fill()
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}", "name a YAML file with answers") from None
    return read_fill(data, path)


_DOCUMENTS: Mapping[str, Callable[[CardFacts, Fill], Document]] = {
    "eu-summary": eu_document,
    "dps": dps_document,
}
_VALUES: Mapping[str, Callable[[CardFacts, Fill], Mapping[str, Any]]] = {
    "eu-summary": eu_json,
    "dps": dps_json,
}


def _croissant(registry: Registry, described: Described, answers: Fill) -> str:
    """Croissant is about files: those that `export --format hf` writes are written aside, digested, and dropped."""
    parent = registry.scratch_root()
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="croissant-", dir=parent) as folder:
        return croissant_text(described, answers, write_data(described, Path(folder)))


def _style() -> str:
    return files("assay.measure.report").joinpath("style.css").read_text("utf-8")


def _pictures(described: Described) -> Mapping[str, Sequence[str]]:
    """Charts by the section that they belong to."""
    found = described.statistics
    pictures: dict[str, list[str]] = {}
    if found.read:
        note = "From left to right: every step that took something. Blue goes on, orange was rejected."
        shown = funnel("funnel", "Funnel of the curation", note, found.read, steps_of(found))
        pictures["made"] = [f'<div class="picture">{shown}</div>']
    length = found.profile.output
    if length is not None:
        note = f"Half are {length.p50:,} units or shorter; the mean is {length.mean:,.1f}."
        median = (length.p50, f"median {length.p50:,}")
        shown = histogram("output-length", "Length of outputs", note, length.bins, "units", median)
        pictures["quality"] = [f'<div class="picture narrow">{shown}</div>']
    return pictures
