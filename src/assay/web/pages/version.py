"""/d/NAME@VERSION: the card of a version: what went in, what stayed, and how it looks."""

from __future__ import annotations

import shlex
from typing import Any
from urllib.parse import quote

import yaml
from pydantic import BaseModel

from assay.govern.gate import read_gate
from assay.model.version import Manifest
from assay.registry import Registry
from assay.registry.export.hub_revisions import dataset_id
from assay.registry.version import Version
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.measuring import State, figures
from assay.web.naming import Name, names_of
from assay.web.pages.version_figures import Figures, Yield, figures_of
from assay.web.routing import Page, Pages

pages = Pages()
_RUNS = 12
_SOURCES = 100
_JUDGED = 24


class Stage(BaseModel):
    """One step of the funnel. `see`: its rejected rows; `said`: what the link to them is called."""

    stage: str
    name: str
    entered: int
    rejected: int
    codes: dict[str, int]
    flagged: int
    see: str
    said: str


class Rule(BaseModel):
    """What one rule of the policy said."""

    code: str
    status: str
    message: str


class Source(BaseModel):
    """A file that the curation read; `counts` once it was measured."""

    uri: str
    name: str
    container: str
    shape: str
    counts: Yield | None


class RunLine(BaseModel):
    """A training run that learned from the version."""

    name: str
    split: str | None
    time: str
    actor: str


class Release(BaseModel):
    """Where the version stands: who made it, who approved it, how many that takes, whether it is out or withdrawn."""

    authors: list[str]
    approvals: list[str]
    needed: int
    released: str | None
    revoked: str | None


class Loading(BaseModel):
    """How programs load it: `hub`, for `datasets` with HF_ENDPOINT set to this server; `python`, with the registry."""

    hub: str
    python: str


class VersionPage(Page):
    """All that a version's page shows. `beside`: rows that were there before the curation added its own. `measured`
    says whether `figures` are known, are being made, or failed."""

    ref: str
    dataset: str
    number: int
    branch: str
    parent: str | None
    rows: int
    splits: dict[str, int]
    fingerprint: str
    time: str
    actor: str
    action: str
    operation: int
    message: str
    names: list[Name]
    read: int
    kept: int
    malformed: int
    beside: int
    stages: list[Stage]
    sources: list[Source]
    more_sources: int
    recipe: str
    recipe_digest: str
    gate: str
    rules: list[Rule]
    standing: Release
    runs: list[RunLine]
    judged: dict[str, str]
    eval_sets: int
    figures: Figures | None
    measured: State
    export: str
    loading: Loading | None


@pages.page("/d/{ref}", Permission.READ, "version.html")
def version(ask: Ask, ref: str) -> VersionPage:
    """A version: its funnel, its health, its sources, its shape, where it stands."""
    return _page(ask, ref, wanted=False)


@pages.page("/d/{ref}/figures", Permission.READ, "version.html")
def version_figures(ask: Ask, ref: str) -> VersionPage:
    """A version with its figures, which are made now if nothing kept them."""
    return _page(ask, ref, wanted=True)


def _page(ask: Ask, ref: str, *, wanted: bool) -> VersionPage:
    registry = ask.registry
    found = registry.version(ref)
    manifest, operation = found.manifest, found.operation
    made = registry.store.curation(manifest) or {}
    measured, told = figures(registry, found, wanted=wanted)
    line = registry.store.lines()[manifest.dataset].versions[manifest.number - 1]
    counts = made.get("counts", {})
    gate, rules = _gate(registry, operation.body)
    return VersionPage(
        command=shlex.join(["assay", "show", manifest.ref]),
        ref=manifest.ref, dataset=manifest.dataset, number=manifest.number, branch=line.branch,
        parent=None if line.before is None else f"{manifest.dataset}@v{line.before}",
        rows=sum(manifest.counts.values()), splits=dict(manifest.counts), fingerprint=found.fingerprint,
        time=operation.time, actor=operation.actor, action=operation.action, operation=operation.seq,
        message=registry.said(operation) or found.message,
        names=[one for one in names_of(registry, manifest.dataset) if one.version == manifest.number],
        read=counts.get("read", 0), kept=counts.get("kept", 0), malformed=counts.get("malformed", 0),
        beside=max(0, sum(manifest.counts.values()) - counts.get("kept", 0)) if made.get("add") else 0,
        stages=_stages(found, counts), sources=_sources(found, told),
        more_sources=max(0, len(found.sources) - _SOURCES),
        recipe=yaml.safe_dump(found.recipe, sort_keys=False, allow_unicode=True) if found.recipe else "",
        recipe_digest=str(made.get("recipe_digest", "")),
        gate=gate, rules=rules, standing=_standing(registry, manifest.dataset, manifest.number),
        runs=_runs(registry, manifest.ref), judged=_judged(made), eval_sets=len(registry.eval_sets()),
        figures=None if told is None else figures_of(told), measured=measured,
        export=shlex.join(["assay", "export", manifest.ref, "DIR"]), loading=_loading(registry, manifest),
    )  # fmt: skip


def _loading(registry: Registry, manifest: Manifest) -> Loading | None:
    """None for a version whose rows are not given out any more."""
    if registry.releases.of(manifest.dataset).versions[manifest.number].revoked:
        return None
    id, revision = dataset_id(manifest.dataset), f"v{manifest.number}"
    return Loading(
        hub=f'load_dataset("{id}", revision="{revision}")', python=f'registry.load("{manifest.ref}")'
    )


def _stages(found: Version, counts: dict[str, int]) -> list[Stage]:
    at = f"/d/{quote(found.manifest.ref, safe='@')}/rejected?stage="
    rows = [(s.stage, s.entered, s.rejected, dict(s.codes), sum(s.flagged.values())) for s in found.funnel]
    if malformed := counts.get("malformed", 0):
        rows.insert(0, ("malformed", counts.get("read", 0), malformed, {}, 0))
    return [
        Stage(
            stage=stage, name=stage.replace("_", " "), entered=entered, rejected=rejected, codes=codes,
            flagged=flagged, see=at + quote(stage), said=stage.replace("_", " "),
        )
        for stage, entered, rejected, codes, flagged in rows
    ]  # fmt: skip


def _sources(found: Version, told: dict[str, Any] | None) -> list[Source]:
    counts = {one["uri"]: Yield(**one) for one in told["sources"]} if told else {}
    return [
        Source(
            uri=one["uri"], name=one["uri"].replace("\\", "/").rstrip("/").rpartition("/")[2] or one["uri"],
            container=one.get("container") or "", shape=one.get("shape") or "", counts=counts.get(one["uri"]),
        )
        for one in found.sources[:_SOURCES]
    ]  # fmt: skip


def _gate(registry: Registry, body: Any) -> tuple[str, list[Rule]]:
    """What the gate said when the version was made; "" where no policy was in force."""
    name = body.get("findings")
    if not isinstance(name, str):
        return "", []
    gate = read_gate(registry.store.objects, name)
    return gate.result, [Rule(code=o.code, status=o.status, message=o.message) for o in gate.outcomes]


def _standing(registry: Registry, dataset: str, number: int) -> Release:
    said = registry.releases.of(dataset).versions[number]
    return Release(
        authors=sorted(said.authors),
        approvals=[one.actor for one in said.approvals],
        needed=registry.releases.needed(dataset),
        released=said.released.time if said.released else None,
        revoked=said.revoked.time if said.revoked else None,
    )


def _runs(registry: Registry, ref: str) -> list[RunLine]:
    found = registry.runs.list(ref)[-_RUNS:][::-1]
    return [
        RunLine(name=r.name, split=r.split, time=r.operation.time, actor=r.operation.actor) for r in found
    ]


def _judged(made: Any) -> dict[str, str]:
    """What the judges of the curation came to: the plain figures of their summary, by name."""
    said = (made.get("selectors") or {}).get("judge")
    if not isinstance(said, dict):
        return {}
    out: dict[str, str] = {}
    for name, value in said.items():
        for key, one in value.items() if isinstance(value, dict) else [("", value)]:
            if isinstance(one, (str, int, float)) and not isinstance(one, bool):
                out[f"{name} {key}".strip()] = f"{one:,}" if isinstance(one, int) else str(one)
    return dict(list(out.items())[:_JUDGED])
