"""The public summary of training content that Art. 53(1)(d) of Regulation (EU) 2024/1689 (AI Act) asks of providers of
general-purpose models, in the order of the Commission's template (C(2025) 8311), for the data of one version.

The headings are the template's in short. A provider who fine-tunes documents the data of the change only; whether the
duty applies at all is for lawyers.
"""

from __future__ import annotations

from typing import Any, Final

from assay.govern.card_facts import CardFacts
from assay.govern.document import Document
from assay.govern.filling import Fill
from assay.govern.form import Item, Part, form_document, form_json
from assay.govern.origins import privacy, synthetic, written_by

TEMPLATE: Final = "C(2025) 8311"
BILLION: Final = 10**9


def eu_document(facts: CardFacts, fill: Fill) -> Document:
    """The summary as sections."""
    lede = (
        f"Public summary of training content (AI Act, Art. 53(1)(d); template {TEMPLATE}), "
        f"for the data of {facts.version} and nothing else that the model was trained on. Facts are from the registry."
    )
    return form_document(f"Training content: {facts.version}", lede, _parts(facts), fill)


def eu_json(facts: CardFacts, fill: Fill) -> dict[str, Any]:
    """The summary as plain values."""
    head = {"template": TEMPLATE, "version": facts.version, "fingerprint": facts.fingerprint}
    return form_json(head, _parts(facts), fill)


def _parts(facts: CardFacts) -> list[Part]:
    return [
        Part("general", "1 General information", _general(facts)),
        Part("data-sources", "2 List of data sources", _sources(facts)),
        Part("processing", "3 Data processing aspects", _processing(facts)),
    ]


def _general(facts: CardFacts) -> list[Item]:
    told = ", ".join(f"{code} {count:,}" for code, count in facts.languages.items())
    latest = f"{facts.collected[1]}, the newest time that a record states" if facts.collected else ""
    return [
        Item("1.1", "Provider", keys=("eu.provider", "eu.representative")),
        Item(
            "1.2",
            "Model",
            _models(facts),
            needs_person=True,
            keys=("eu.models", "eu.dependencies", "eu.placed_on_market"),
        ),
        Item("1.3", "Modality", "text"),
        Item("1.3", "Training data size", text_size(facts), ("eu.text_size",)),
        Item(
            "1.3",
            "Examples",
            f"{facts.rows:,} ({facts.units:,} words, Han and kana characters counted one by one)",
        ),
        Item("1.3", "Types of content", keys=("eu.content_types",)),
        Item("1.3", "Latest date of data acquisition", latest, ("collection",)),
        Item("1.3", "Languages, examples each", told),
    ]


def _models(facts: CardFacts) -> str:
    """What runs say of the models that learned from the version."""
    said = [
        f"{one.model or one.run}" + (f", from {one.base_model}" if one.base_model else "")
        for one in facts.trained[:20]
    ]
    return f"named by runs: {'; '.join(said)}" if said else ""


def text_size(facts: CardFacts) -> str:
    """The template's range, where it follows: no text has more tokens than bytes. Empty where it does not."""
    if facts.payload_bytes >= BILLION:
        return ""
    return f"less than 1 billion tokens ({facts.payload_bytes:,} bytes of text, and no token is shorter than a byte)"


def _sources(facts: CardFacts) -> list[Item]:
    origins = facts.tally("origin")
    counted = dict(origins.values)
    licences = written_by(facts.tally("licence"))
    crawled = f"{counted['web']:,} examples state the origin web" if counted.get("web") else ""
    logs = f"{counted['log']:,} examples state the origin log" if counted.get("log") else ""
    return [
        Item("2.1", "Publicly available datasets", keys=("eu.public_datasets",)),
        Item("2.2.1", "Datasets licensed by rightsholders", f"licences of records: {licences}" if licences else "",
             ("eu.licensed_datasets",), needs_person=True),
        Item("2.2.2", "Private datasets from other third parties", keys=("eu.third_party_datasets",)),
        Item("2.3", "Data crawled and scraped from online sources", crawled, ("eu.crawlers", "eu.crawled_domains"),
             needs_person=True),
        Item("2.4", "User data", logs, ("eu.user_data",), needs_person=True),
        Item("2.5", "Synthetic data", synthetic(facts), ("eu.synthetic_models",)),
        Item("2.6", "Other sources", keys=("eu.other_sources",)),
        Item("2", "Files that the examples were read from", _files(facts)),
    ]  # fmt: skip


def _files(facts: CardFacts) -> str:
    said = [f"{source.uri} {source.rows:,}" for source in facts.sources[:20]]
    more = [f"and {len(facts.sources) - 20:,} more files"] if len(facts.sources) > 20 else []
    return "; ".join([*said, *more])


def _processing(facts: CardFacts) -> list[Item]:
    steps = facts.curated.steps if facts.curated else ()
    toxic = next((s for s in steps if s.stage == "toxicity"), None)
    screened = f"a screen by words rejected {toxic.rejected:,} of {toxic.entered:,} records" if toxic else ""
    done = [f"{step.stage} {step.rejected:,}" for step in steps if step.rejected]
    other = "; ".join(filter(None, [f"records rejected: {', '.join(done)}" if done else "", privacy(facts)]))
    return [
        Item("3.1", "Reservations of rights (text and data mining)", keys=("eu.reservations",)),
        Item("3.2", "Removal of illegal content", screened, ("eu.illegal_content",), needs_person=True),
        Item("3.3", "Other information", other, ("eu.other_processing",)),
    ]
