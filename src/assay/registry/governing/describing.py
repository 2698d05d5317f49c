"""The facts of a version for its papers: card, Croissant, summaries, evidence."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import assay
from assay.errors import UsageError
from assay.formats.hub import HubColumn, hub_splits
from assay.govern import card_facts as f
from assay.govern.runs import runs
from assay.measure.profile import Profile
from assay.measure.shares import percent
from assay.model.operation import Operation
from assay.model.version import Manifest
from assay.registry.exploring.row_facts import look_through
from assay.registry.loading import looked_at
from assay.registry.monitor.measuring import Statistics, stats
from assay.registry.version import Version
from assay.store import layout
from assay.store.evalsets import frozen_sets
from assay.store.heads import Committed, Line

if TYPE_CHECKING:
    from assay.registry import Registry

SHOWN_PAST = 50
"""Versions of the history that facts hold."""

_PAYLOAD_NOTES = {
    "id": "SHA-256 of the payload",
    "messages": "the conversation",
    "tools": "schemas of the tools that may be called, as JSON",
    "prompt": "what the model is given",
    "chosen": "the better answer",
    "rejected": "the worse answer",
    "completion": "the answer",
    "label": "the label",
    "text": "the text",
    "origin": "human, synthetic, log or web",
    "generator": "provider and model that wrote it",
    "licence": "licence of the record",
    "created": "time that the record states",
    "depth": "synthetic depth: 0 human, 1 model output, …",
    "extra": "further fields of the source record, as JSON text",
}


@dataclass(frozen=True, slots=True)
class Described:
    """The facts, and what they were taken from."""

    facts: f.CardFacts
    statistics: Statistics
    columns: tuple[HubColumn, ...]
    version: Version


def describe(registry: Registry, ref: str) -> Described:
    """The facts of a whole version; two passes over its rows in bounded memory. Raises NotFound, UsageError."""
    version = looked_at(registry, ref)
    if version.name != version.manifest.ref:
        raise UsageError(f"{ref} is one split", f"papers are about a version: {version.manifest.ref}")
    statistics = stats(registry, version.name, None)
    looked = look_through(registry, version)
    entries = registry.store.log.entries()
    chain = _chain(registry.store.lines()[version.manifest.dataset], version.manifest.number)
    curation = registry.store.curation(version.manifest) or {}
    profile = statistics.profile
    operation = version.operation
    splits = hub_splits(version.counts)
    facts = f.CardFacts(
        dataset=version.manifest.dataset,
        number=version.manifest.number,
        fingerprint=version.fingerprint,
        manifest=version.manifest.name,
        made=operation.time,
        actor=operation.actor,
        action=operation.action,
        message=version.message,
        registry=layout.open(registry.store.storage).id,
        program=f"assay {assay.__version__}",
        parents=tuple(registry.store.objects.manifest(name).ref for name in version.manifest.parents),
        splits=tuple(
            # Rows that were forgotten are not counted: `datasets` holds what it reads against these figures.
            f.Split(name, looked.rows[name], splits[name], looked.payload_bytes[name])
            for name in version.counts
        ),
        kinds=looked.kinds,
        labelled=profile.labelled,
        columns=tuple(map(card_column, looked.columns)),
        languages=looked.languages,
        synthetic=profile.synthetic,
        units=0 if profile.length is None else round(profile.length.mean * profile.length.count),
        curated=_curated(version, curation),
        sources=_sources(profile, version, registry),
        provenance=looked.tallies,
        collected=_collected(profile),
        figures=tuple(_figures(statistics)),
        health=tuple(
            f.Verdict(h.name, h.title, h.shown, h.range, h.verdict, h.why, h.advice)
            for h in statistics.health
        ),
        guards=_guards(entries, curation),
        history=_history(registry, chain[:SHOWN_PAST]),
        older=max(0, len(chain) - SHOWN_PAST),
        acts=_acts(entries, version),
        trained=_trained(registry, version),
    )
    return Described(facts, statistics, looked.columns, version)


def card_column(column: HubColumn) -> f.Column:
    return f.Column(
        column.name, column.type, tuple(map(card_column, column.fields)), _PAYLOAD_NOTES.get(column.name, "")
    )


def _curated(version: Version, curation: Mapping[str, Any]) -> f.Curated | None:
    if not curation.get("counts"):
        return None
    counts = curation["counts"]
    steps = (f.Step(s.stage, s.entered, s.rejected, s.codes, s.flagged) for s in version.funnel)
    return f.Curated(
        counts["read"], counts["kept"], counts["rejected"], counts["malformed"],
        curation.get("malformed_codes", {}), curation.get("recipe") or {}, curation.get("recipe_digest", ""),
        curation.get("stages", {}), bool(curation.get("add")), tuple(steps),
    )  # fmt: skip


def _sources(profile: Profile, version: Version, registry: Registry) -> tuple[f.SourceFile, ...]:
    """Files that rows of the version name, with the digest that the newest curation behind it noted of them."""
    known: dict[str, Mapping[str, Any]] = {}
    for manifest in _ancestry(registry, version.manifest):
        for source in (registry.store.curation(manifest) or {}).get("sources", ()):
            known.setdefault(source["uri"], source)
    found = []
    for source in profile.sources:
        told = known.get(source.name, {})
        found.append(
            f.SourceFile(
                source.name, str(told.get("sha256") or ""), int(told.get("bytes") or 0),
                str(told.get("shape") or ""), source.rows,
            )
        )  # fmt: skip
    return tuple(found)


def _ancestry(registry: Registry, manifest: Manifest) -> Iterator[Manifest]:
    """The version, its parents, theirs, and so on, once each, the nearest first."""
    seen, queue = {manifest.name}, deque([manifest])
    while queue:
        here = queue.popleft()
        yield here
        fresh = [name for name in here.parents if name not in seen]
        seen.update(fresh)
        queue.extend(registry.store.objects.manifest(name) for name in fresh)


def _collected(profile: Profile) -> tuple[str, str] | None:
    months = profile.coverage.months
    return (months[0].value, months[-1].value) if months else None


def _figures(found: Statistics) -> Iterator[f.Figure]:
    profile = found.profile
    for name, length in (("input", profile.input), ("output", profile.output)):
        if length is not None:
            said = f"{length.p50:,} units; 8 of 10 have {length.p10:,} to {length.p90:,}"
            yield f.Figure(f"Median length of {name}s", said)
    if profile.diversity.distinct_1 is not None:
        yield f.Figure(
            "Different words in outputs", f"{profile.diversity.vocabulary:,} of {profile.diversity.words:,}"
        )
    if found.dedup_rate is not None:
        yield f.Figure("Records rejected as duplicates", percent(found.dedup_rate))
    if profile.scores is not None:
        yield f.Figure(
            f"Mean {profile.scores.field}", f"{profile.scores.mean:.2f} of {profile.scores.count:,} rows"
        )
    if profile.balance is not None and profile.balance.imbalance is not None:
        said = f"{profile.balance.distinct:,} values, largest over smallest {profile.balance.imbalance:,.1f}"
        yield f.Figure(f"Balance by {profile.balance.field}", said)
    name, share = profile.forms.largest
    if name:
        yield f.Figure("Most frequent form of outputs", f"{name}, {percent(share)}")


def _guards(entries: list[Operation], curation: Mapping[str, Any]) -> tuple[f.EvalGuard, ...]:
    held = (curation.get("lineage") or {}).get("decontaminate", {})
    return tuple(
        f.EvalGuard(
            one.name, one.digest, one.items, one.operation.time, held.get(f"set:{one.name}") == one.digest
        )
        for one in frozen_sets(entries).values()
    )


def _chain(line: Line, number: int) -> list[Committed]:
    """The versions that lead to this one along the branches that they were made on, the newest first."""
    found = list[Committed]()
    before: int | None = number
    while before is not None:
        found.append(line.versions[before - 1])
        before = found[-1].before
    return found


def _trained(registry: Registry, version: Version) -> tuple[f.Trained, ...]:
    """The runs that learned from this very version."""
    found = []
    for run in runs(registry.store.log.entries()):
        if (run.dataset, run.version) == (version.manifest.dataset, version.manifest.number):
            details = registry.store.objects.get_json(run.details)
            found.append(
                f.Trained(run.name, run.split or "", details.get("model", ""), details.get("base_model", ""))
            )
    return tuple(found)


def _history(registry: Registry, chain: list[Committed]) -> tuple[f.Past, ...]:
    """What was done, oldest first."""
    return tuple(_past(registry, one) for one in reversed(chain))


def _past(registry: Registry, one: Committed) -> f.Past:
    operation = one.operation
    manifest = registry.store.objects.manifest(one.manifest)
    return f.Past(
        one.number, operation.seq, operation.action, operation.actor, operation.time,
        manifest.message, manifest.rows, manifest.fingerprint,
    )  # fmt: skip


def _acts(entries: list[Operation], version: Version) -> tuple[f.Act, ...]:
    """Entries that name this version and made none: who approved it, released it, trained on it."""
    number = version.manifest.number
    names = (number, f"v{number}", version.manifest.ref)
    return tuple(
        f.Act(one.seq, one.action, one.actor, one.time)
        for one in entries
        if one.dataset == version.manifest.dataset
        and "manifest" not in one.body
        and one.body.get("version") in names
    )
