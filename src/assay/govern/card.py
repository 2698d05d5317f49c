"""The dataset card: what a version is, how it was made and what is known of it, in sections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml

from assay.govern.card_facts import CardFacts, Column, Tally
from assay.govern.document import (
    Block,
    Bullets,
    Document,
    Listing,
    Mono,
    Pairs,
    Paragraph,
    Section,
    Table,
    answers,
    to_fill,
)
from assay.govern.filling import Fill
from assay.govern.header import annotations_creators, spelled_header, task_categories
from assay.govern.limits import limits
from assay.govern.markdown import markdown

USES: Final = (
    "intended_uses",
    "out_of_scope_uses",
    "biases",
    "personal_data",
    "limitations",
    "social_impact",
)
PEOPLE: Final = ("publisher", "contact", "homepage", "citation", "maintenance")
CARD_KEYS: Final = (
    "pretty_name", "summary", "license", "annotations_creators", "source_datasets", "collection", "annotation",
    "annotators", *USES, *PEOPLE,
)  # fmt: skip
"""Every question that the card puts."""

_NAMES = {"origin": "Origin", "generator": "Generator", "licence": "Licence", "prompt_template": "Prompt template",
          "depth": "Synthetic depth"}  # fmt: skip


def card(facts: CardFacts, fill: Fill) -> Document:
    """The card as sections. What facts do not tell is left blank, and listed in the last section."""
    left = [key for key in CARD_KEYS if not fill.all(key)]
    if annotations_creators(facts, fill) and "annotations_creators" in left:
        left.remove("annotations_creators")
    sections = [
        Section("what", "What it is", _what(facts, fill)),
        Section("splits", "Splits and columns", _splits(facts)),
        Section("made", "How it was made", _made(facts)),
        Section("sources", "Sources", _sources(facts, fill)),
        Section("provenance", "Provenance", _provenance(facts, fill)),
        Section("quality", "Quality", _quality(facts)),
        Section("guards", "Eval sets and contamination", _guards(facts)),
        Section("history", "History", _history(facts)),
        Section("uses", "Uses, risks and biases", [answers(fill, *USES)]),
        Section("limits", "Limits", [Bullets(limits(facts))]),
        Section("people", "People", [answers(fill, *PEOPLE)]),
        to_fill(left),
    ]
    return Document(fill.text("pretty_name") or facts.version, _lede(facts), sections, tuple(left))


def card_markdown(facts: CardFacts, fill: Fill) -> str:
    """The card as the README.md of a Hugging Face dataset."""
    return spelled_header(facts, fill) + "\n" + markdown(card(facts, fill))


def card_json(facts: CardFacts, fill: Fill) -> dict[str, Any]:
    """Facts, answers, and the keys that wait for a person."""
    return {
        "version": facts.version,
        "facts": facts.as_json(),
        "limits": limits(facts),
        "answers": fill.as_json(),
        "open": list(card(facts, fill).open),
    }


def _lede(facts: CardFacts) -> str:
    tasks = " and ".join(task_categories(facts))
    said = f"{facts.rows:,} examples for {tasks}" if facts.rows else "No examples"
    if facts.told_languages:
        said += f", in {', '.join(facts.told_languages)}"
    said += f". {facts.version} of {facts.made[:10]}"
    if facts.curated:
        said += f": {facts.curated.read:,} records were read and {facts.curated.kept:,} of them kept"
    return said + "."


def _what(facts: CardFacts, fill: Fill) -> list[Block]:
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in facts.kinds.items())
    told = ", ".join(f"{code} {count:,}" for code, count in facts.languages.items())
    rows = [
        ("Dataset", Mono(facts.dataset)),
        ("Version", Mono(facts.version)),
        ("Fingerprint", Mono(facts.fingerprint)),
        ("Made", f"{facts.made[:19].replace('T', ' ')} UTC by {facts.actor} ({facts.action})"),
        ("Made from", ", ".join(facts.parents) or "no earlier version"),
        ("Message", facts.message or "none"),
        ("Kinds of example", kinds or "none"),
        ("Languages", f"{told} (detected by script and words)" if told else "none"),
        ("Licence", fill.text("license")),
    ]
    fingerprint = (
        "The fingerprint is a digest of the exact set of examples in each split: equal content gives an equal "
        "fingerprint, whatever the files, and one changed character gives another."
    )
    return [answers(fill, "summary"), Pairs(rows), Paragraph(fingerprint)]


def _splits(facts: CardFacts) -> list[Block]:
    rows = [(Mono(split.files), f"{split.rows:,}") for split in facts.splits]
    shown = [(Mono(column.name), _type(column), column.note) for column in facts.columns]
    said = (
        "In the folder that assay export --format hf writes, each split is data/SPLIT-*.parquet. "
        "Columns of type json hold JSON text; datasets 4.8 or newer gives them back as values."
    )
    return [
        Table(("split", "examples"), rows, (1,)),
        Table(("column", "type", "what it holds"), shown),
        Paragraph(said),
    ]


def _type(column: Column) -> str:
    if column.type == "messages":
        return "list of " + ", ".join(f"{inner.name}: {inner.type}" for inner in column.fields)
    return column.type


def _made(facts: CardFacts) -> list[Block]:
    made = facts.curated
    if made is None:
        return [
            Paragraph(
                f"By the operation {facts.action} on {', '.join(facts.parents) or 'nothing'}; no curation ran."
            )
        ]
    rows = [
        ("read", f"{made.read:,}", ""),
        ("malformed", f"-{made.malformed:,}", _codes(made.malformed_codes)),
    ]
    for step in made.steps:
        flagged = f"; flagged and kept: {_codes(step.flagged)}" if step.flagged else ""
        rows.append(
            (step.stage, f"-{step.rejected:,}" if step.rejected else "0", _codes(step.codes) + flagged)
        )
    rows.append(("kept", f"{made.kept:,}", ""))
    said = f"{made.read:,} records read = {made.kept:,} kept + {made.rejected:,} rejected"
    said += f" + {made.malformed:,} malformed."
    if made.added:
        said += " They were added to the version before; its examples stayed and are not counted here."
    recipe = yaml.safe_dump(
        _in_order(made.recipe), sort_keys=False, allow_unicode=True, default_flow_style=None, width=100
    )
    return [
        Paragraph(said),
        Table(("step", "records", "why"), rows, (1,)),
        Paragraph(f"The recipe, every default spelled out ({made.recipe_digest}):"),
        Listing(recipe),
    ]


def _in_order(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Stages first, as people write it."""
    return {key: recipe[key] for key in sorted(recipe, key=lambda key: (key != "stages", key))}


def _codes(codes: Mapping[str, int]) -> str:
    return ", ".join(f"{code.replace('_', ' ')} {count:,}" for code, count in codes.items())


def _sources(facts: CardFacts, fill: Fill) -> list[Block]:
    rows = [
        (
            source.uri,
            source.shape,
            f"{source.rows:,}",
            f"{source.bytes:,}" if source.bytes else "",
            Mono(source.sha256),
        )
        for source in facts.sources
    ]
    heads = ("file", "shape", "examples here", "bytes", "sha256")
    told = "Files that the examples of this version were read from, with the digest of their bytes."
    table: list[Block] = (
        [Paragraph(told), Table(heads, rows, (2, 3))] if rows else [Paragraph("None is recorded.")]
    )
    return [*table, answers(fill, "collection", "source_datasets")]


def _provenance(facts: CardFacts, fill: Fill) -> list[Block]:
    rows = [row for tally in facts.provenance for row in _tally_rows(tally)]
    shown: Block = (
        Table(("what", "value", "examples"), rows, (2,)) if rows else Paragraph("No record states any.")
    )
    synthetic = f"{facts.synthetic:,} of {facts.rows:,} examples are synthetic:"
    synthetic += " their record says so, or names a generator."
    if facts.collected:
        first, last = facts.collected
        synthetic += f" Records state times from {first} to {last}."
    creators = ", ".join(annotations_creators(facts, fill))
    return [
        Paragraph(synthetic),
        shown,
        Pairs([("Annotations by", creators)]),
        answers(fill, "annotation", "annotators"),
    ]


def _tally_rows(tally: Tally) -> list[tuple[str, str, str]]:
    if not tally.stated:
        return []
    name = _NAMES.get(tally.column, tally.column)
    rows = [(name, value, f"{count:,}") for value, count in tally.values]
    if tally.other:
        rows.append((name, "others", f"{tally.other:,}"))
    if tally.missing:
        rows.append((name, "not stated", f"{tally.missing:,}"))
    return rows


def _quality(facts: CardFacts) -> list[Block]:
    order = {"warning": 0, "watch": 1, "healthy": 2, "unknown": 3}
    checks = sorted(facts.health, key=lambda one: order.get(one.verdict, 4))
    rows = [(one.title, one.shown, one.healthy, one.verdict) for one in checks]
    todo = [f"{one.title}: {one.why}" for one in checks if one.verdict in ("warning", "watch")]
    return [
        Table(("check", "value", "healthy", "verdict"), rows),
        *([Bullets(todo)] if todo else []),
        Table(("figure", "value"), [(one.name, one.value) for one in facts.figures]),
    ]


def _guards(facts: CardFacts) -> list[Block]:
    step = (
        next((s for s in facts.curated.steps if s.stage == "decontaminate"), None) if facts.curated else None
    )
    if not facts.guards:
        return [
            Paragraph(
                "No eval set was frozen in the registry when this card was written: nothing was looked for."
            )
        ]
    rows = [
        (one.name, f"{one.items:,}", one.frozen[:10], "yes" if one.held else "no", Mono(one.digest))
        for one in facts.guards
    ]
    said = (
        f"The curation took out {step.rejected:,} records that hold items of these sets."
        if step
        else "No stage of the curation looked for eval items."
    )
    later = "" if all(one.held for one in facts.guards) else (
        " Sets marked no were frozen later, or not looked for: assay freeze of the same items says what is in here."
    )  # fmt: skip
    return [
        Table(("eval set", "items", "frozen", "held against", "digest"), rows, (1,)),
        Paragraph(said + later),
    ]


def _history(facts: CardFacts) -> list[Block]:
    rows = [
        (f"v{p.number}", p.time[:10], p.action, p.actor, f"{p.rows:,}", p.message, Mono(p.fingerprint[:19]))
        for p in reversed(facts.history)
    ]
    heads = ("version", "date", "by", "who", "examples", "message", "fingerprint")
    blocks: list[Block] = [Table(heads, rows, (4,))]
    if facts.older:
        blocks.append(Paragraph(f"{facts.older:,} older versions are in assay log {facts.dataset}."))
    if facts.acts:
        acts = [
            (str(act.operation), act.time[:19].replace("T", " "), act.action, act.actor) for act in facts.acts
        ]
        blocks.append(Table(("operation", "time (UTC)", "act on this version", "who"), acts, (0,)))
    if facts.trained:
        runs = [(one.run, one.split or "all", one.model, one.base_model) for one in facts.trained]
        blocks.append(Table(("run that learned from it", "split", "model", "base model"), runs))
    return blocks
