"""The Data Provenance Standards 1.0.0 (Data & Trust Alliance, 2024): 22 fields in Source, Provenance and Use."""

from __future__ import annotations

from typing import Any, Final

from assay.govern.card_facts import CardFacts
from assay.govern.document import Document
from assay.govern.filling import Fill
from assay.govern.form import Item, Part, form_document, form_json
from assay.govern.origins import method, privacy, written_by

VERSION: Final = "1.0.0"


def dps_document(facts: CardFacts, fill: Fill) -> Document:
    """The 22 fields as sections."""
    lede = f"Data Provenance Standards {VERSION} for {facts.version}, filled from facts of the registry."
    return form_document(f"Data provenance: {facts.version}", lede, _parts(facts, fill), fill)


def dps_json(facts: CardFacts, fill: Fill) -> dict[str, Any]:
    """The 22 fields as plain values."""
    head = {"standard": "Data Provenance Standards", "standard_version": VERSION, "version": facts.version}
    return form_json(head, _parts(facts, fill), fill)


def _parts(facts: CardFacts, fill: Fill) -> list[Part]:
    return [
        Part("source", "Source", _source(facts, fill)),
        Part("provenance", "Provenance", _provenance(facts)),
        Part("use", "Use", _use(facts)),
    ]


def _source(facts: CardFacts, fill: Fill) -> list[Item]:
    return [
        Item("1", "Standards version used", VERSION),
        Item("2", "Dataset title", fill.text("pretty_name") or facts.version),
        Item("3", "Unique metadata identifier", f"urn:assay:{facts.registry}:{facts.version}, {facts.fingerprint}"),
        Item("4", "Metadata location", keys=("dps.metadata_url",)),
        Item("5", "Dataset issuer", keys=("publisher",)),
        Item("6", "Description of the dataset", f"{facts.rows:,} examples for fine-tuning language models",
             ("summary",), needs_person=True),
    ]  # fmt: skip


def _provenance(facts: CardFacts) -> list[Item]:
    before = facts.history[-2].time[:10] if len(facts.history) > 1 else "none: this is the first version"
    span = f"{facts.collected[0]} to {facts.collected[1]}, as records state it" if facts.collected else ""
    files = "; ".join(f"{s.uri} (sha256 {s.sha256})" if s.sha256 else s.uri for s in facts.sources[:20])
    more = f"; and {len(facts.sources) - 20:,} more files" if len(facts.sources) > 20 else ""
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in facts.kinds.items())
    return [
        Item("7", "Source metadata for dataset", keys=("dps.source_metadata",)),
        Item("8", "Source (if different from issuer)", files + more, ("dps.source",), needs_person=True),
        Item("9", "Data origin geography", keys=("dps.origin_geography",)),
        Item("10", "Dataset issue date", facts.made[:10]),
        Item("11", "Date of previously issued version", before),
        Item("12", "Range of dates for data generation", span, ("collection",)),
        Item("13", "Method", method(facts), ("collection",)),
        Item("14", "Data format", f"text; {kinds or 'no examples'}; Parquet, JSON Lines"),
    ]


def _use(facts: CardFacts) -> list[Item]:
    licences = written_by(facts.tally("licence"))
    return [
        Item("15", "Confidentiality classification", keys=("dps.confidentiality",)),
        Item("16", "Consent documentation location", keys=("dps.consent",)),
        Item(
            "17",
            "Privacy-enhancing technologies or tools applied",
            privacy(facts),
            ("dps.privacy_technologies",),
        ),
        Item("18", "Data processing geography", keys=("dps.processing_geography",)),
        Item("19", "Data storage geography", keys=("dps.storage_geography",)),
        Item(
            "20",
            "License to use",
            f"of records: {licences}" if licences else "",
            ("license",),
            needs_person=True,
        ),
        Item("21", "Intended data use", keys=("intended_uses",)),
        Item("22", "Proprietary data: copyright, patent, trademark", keys=("dps.proprietary_data",)),
    ]
