"""/d/REF/rejected: the records that a curation did not keep: why, beside what, and the way back."""

from __future__ import annotations

import shlex
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import Query as Asked
from pydantic import BaseModel, Field

from assay.errors import AssayError, NotFound, UsageError
from assay.kernels.token_diff import token_diff
from assay.measure.facets.columns import Facet
from assay.measure.facets.keyset import Page as Rows
from assay.measure.language import script_of
from assay.model.ref import Ref
from assay.registry import Registry
from assay.registry.exploring.explored import Ledgered, Refusal
from assay.registry.exploring.ledger_columns import made_by
from assay.registry.version import Version
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.facet_links import FacetBox, FacetValue, address, field_title, value_name
from assay.web.measuring import Wait, indexed
from assay.web.pages.explore import MOST, ROWS, Problem, SortLink
from assay.web.routing import Done, Mistaken, Page, Pages

pages = Pages()
_CHARS: Final = 6_000
_LONGEST: Final = 2_000
_SEED: Final = 7
"""Of the sample that the page offers; the next one counts up."""
_USUAL: Final = {"sort": "record", "seed": 0, "n": ROWS}


class StageLink(BaseModel):
    """A stage in the order of the funnel. `share`: per cent of the largest."""

    stage: str
    rejected: int
    entered: int | None
    share: float
    picked: bool
    see: str


class Record(BaseModel):
    """A rejected record in the list. `name`: what `restore` is told; `see`: the page with it beside its twin."""

    name: str
    source: str
    file: str
    record: int
    text: str
    lang: str
    cut: bool
    outcome: str
    stage: str
    code: str
    value: float | None
    threshold: float | None
    similarity: float | None
    id: str | None
    twin: str | None
    twin_see: str
    message: str | None
    see: str
    picked: bool


class Beside(BaseModel):
    """The selected record and the kept one that it is nearly: `parts` from the record to its twin, as
    (same | del | ins, text); `said` where there is nothing to compare."""

    name: str
    code: str
    value: float | None
    threshold: float | None
    similarity: float | None
    twin: str | None
    twin_see: str
    parts: list[tuple[str, str]]
    said: str


class RejectedPage(Page):
    """A page of the records that the curation of a version did not keep.

    `curated`: the version that the curation made; `read` records were read, `rejected` not kept, `total` are chosen.
    `may_restore`: whoever asks may, and the newest version stands on this very curation. `waits`: what the first search
    has to wait for, and `link` asks again; there are no rows then.
    """

    ref: str
    dataset: str
    newest: str
    curated: str = ""
    q: str = ""
    sort: str = ""
    seed: int = 0
    read: int = 0
    rejected: int = 0
    total: int = 0
    first: int = 0
    last: int = 0
    rows: list[Record] = Field(default_factory=list)
    stages: list[StageLink] = Field(default_factory=list)
    all_stages: str = ""
    facets: list[FacetBox] = Field(default_factory=list)
    columns: dict[str, SortLink] = Field(default_factory=dict)
    sample: str = ""
    hidden: list[tuple[str, str]] = Field(default_factory=list)
    clear: str = ""
    next: str = ""
    previous: str = ""
    beside: Beside | None = None
    problem: Problem | None = None
    waits: Wait | None = None
    link: str = ""
    json_twin: str = ""
    may_restore: bool = False


@pages.page("/d/{ref}/rejected", Permission.READ, "rejected.html")
def rejected(  # noqa: PLR0913 - the questions of the address
    ask: Ask,
    ref: str,
    stage: Annotated[list[str], Asked(max_length=50)] = [],  # noqa: B006 - FastAPI copies it
    code: Annotated[list[str], Asked(max_length=50)] = [],  # noqa: B006
    source: Annotated[list[str], Asked(max_length=50)] = [],  # noqa: B006
    q: str = "",
    sort: Annotated[str, Asked(max_length=200)] = "",
    seed: Annotated[int, Asked(ge=0, lt=1 << 63)] = 0,
    after: Annotated[str | None, Asked(max_length=4_000)] = None,
    before: Annotated[str | None, Asked(max_length=4_000)] = None,
    record: Annotated[str, Asked(max_length=4_000)] = "",
    n: Annotated[int, Asked(ge=1, le=MOST)] = ROWS,
) -> RejectedPage:
    """The records that the curation of a version did not keep, with what decided each of them."""
    registry = ask.registry
    version = registry.version(ref)
    version.admit()
    dataset = version.manifest.dataset
    path = f"/d/{quote(version.name, safe='@')}/rejected"
    asked: dict[str, Any] = {
        "stage": stage,
        "code": code,
        "source": source,
        "q": q[:_LONGEST],
        "sort": sort or "record",
        "seed": seed,
        "n": n,
    }
    known: dict[str, Any] = {
        "ref": version.name, "dataset": dataset, "newest": registry.version(dataset).manifest.ref,
        "q": q[:_LONGEST], "sort": asked["sort"], "seed": seed, "clear": path,
        "command": _command(ref, asked, after, before),
    }  # fmt: skip

    def see(**changed: Any) -> str:
        told = {key: value for key, value in (asked | changed).items() if value != _USUAL.get(key)}
        return address(path, **told)

    try:
        if q.strip():
            texts = registry.looking.ledger_segments(ref)
            waits = indexed(registry, texts, ["rejected", version.manifest.ref, "a", "--limit", "1"])
            if waits is not None:
                return RejectedPage(**known, waits=waits, link=see())
        found = registry.looking.rejected(
            ref, stage=stage, code=code, source=source, text=q, page=Rows(n, sort, after or None, before or None),
            seed=seed,
        )  # fmt: skip
    except UsageError as error:
        if type(error) is not UsageError:
            raise
        problem = Problem(message=error.message, hint=error.hint)
        raise Mistaken(error, RejectedPage(**known, problem=problem)) from None

    rows = [_record(one, version, see, record, after, before) for one in found.rows]
    boxes = {one.field: one for one in found.facets}
    return RejectedPage(
        **known, curated=found.version, read=found.read, rejected=found.rejected, total=found.total,
        first=found.first, last=found.first + len(rows) - 1 if rows else 0, rows=rows,
        stages=_stages(registry, found, boxes["stage"], see), all_stages=see(stage=[], code=[]),
        facets=[_box(boxes[name], asked.get(name, []), see) for name in ("code", "source")],
        columns=_columns(found, see), sample=see(sort="sample", seed=seed + 1 if sort == "sample" else _SEED),
        hidden=_hidden(asked), next=see(after=found.next) if found.next else "",
        previous=see(before=found.previous) if found.previous else "",
        beside=_beside(registry, version, record) if record else None,
        json_twin="/api" + see(after=after, before=before, record=record),
        may_restore=ask.identity.may(Permission.CONTRIBUTE) and _stands(registry, dataset, found),
    )  # fmt: skip


class RestoreForm(BaseModel):
    """Rejected records, each as SOURCE:RECORD, and why they come back."""

    records: list[str] = Field(default=[], max_length=1_000)
    reason: str = Field(default="", max_length=1_000)
    split: str = Field(default="", max_length=100)


@pages.act("/d/{ref}/rejected/restore", Permission.CONTRIBUTE)
def restore(ask: Ask, ref: str, form: RestoreForm) -> Done:
    """Take rejected records into the next version; all of them or none."""
    if not form.records:
        raise UsageError("no record is ticked", "tick the records that are meant, then restore them")
    if not form.reason.strip():
        raise UsageError("no reason was given", "say why: the log keeps it")
    registry, records = ask.registry, [_named(one) for one in form.records]
    dataset = registry.version(ref).manifest.dataset
    if not _stands(registry, dataset, registry.looking.rejected(ref, page=Rows(1))):
        raise UsageError(
            f"{dataset} was curated anew since {ref}", "restore from the ledger of its newest version"
        )
    was = registry.version(dataset).manifest.number
    done = registry.looking.restore(dataset, records, form.reason.strip(), split=form.split.strip() or None)
    assert done.version is not None, "this was no dry run"
    see = f"/d/{quote(dataset)}/diff/v{was}..v{Ref.parse(done.version).number}?kind=added"
    return Done(said=f"restored {len(done.records):,} records", see=see, answer=done.as_json())


def _named(text: str) -> tuple[str, int]:
    source, _, number = text.rpartition(":")
    if not source or not number.isascii() or not number.isdigit() or len(number) > 18:
        raise UsageError(f"{text[:80]!r} is no record", "write SOURCE:NUMBER, as in tickets.jsonl:77")
    return source, int(number)


def _stands(registry: Registry, dataset: str, found: Ledgered) -> bool:
    """Whether the newest version stands on the curation whose ledger was read, so that both name records alike."""
    try:
        made, _ = made_by(registry, registry.version(dataset).manifest)
    except NotFound:
        return False
    return made.ref == found.version


def _record(
    one: Refusal, version: Version, see: Any, picked: str, after: str | None, before: str | None
) -> Record:
    name = f"{one.source}:{one.record}"
    held = one.twin_id is not None
    return Record(
        name=name, source=one.source, file=one.source.rpartition("/")[2], record=one.record, text=one.text,
        lang="zh-Hans" if script_of(one.text) == "Chinese" else "und", cut=one.cut,
        outcome=one.outcome, stage=one.stage, code=one.code, value=_finite(one.value), threshold=_finite(one.threshold),
        similarity=_finite(one.similarity), id=one.id, twin=one.twin_id,
        twin_see=f"/d/{quote(version.name, safe='@')}/examples/{one.twin_id}" if held else "",
        message=one.message, see=see(record=name, after=after, before=before), picked=name == picked,
    )  # fmt: skip


def _finite(value: float | None) -> float | None:
    return value if value is not None and abs(value) < float("inf") else None


def _stages(registry: Registry, found: Ledgered, facet: Facet, see: Any) -> list[StageLink]:
    """The stages that rejected something, in the order of the funnel; what the funnel does not name comes first."""
    funnel = {one.stage: one for one in registry.version(found.version).funnel}
    order = {name: k for k, name in enumerate(funnel)}
    most = max((one.rows for one in facet.values), default=0) or 1
    return [
        StageLink(
            stage=one.value, rejected=one.rows, entered=funnel[one.value].entered if one.value in funnel else None,
            share=100 * one.rows / most, picked=one.picked, see=see(stage=[] if one.picked else [one.value], code=[]),
        )
        for one in sorted(facet.values, key=lambda one: order.get(one.value, -1))
    ]  # fmt: skip


def _box(facet: Facet, picked: list[str], see: Any) -> FacetBox:
    most = max((one.rows for one in facet.values), default=0) or 1
    values = []
    for k, one in enumerate(facet.values):
        name, ours = value_name(facet.field, one.value)
        left = [p for p in picked if p != one.value] if one.value in picked else [*picked, one.value]
        there = [] if one.picked and one.value not in picked else left
        values.append(
            FacetValue(
                value=one.value,
                name=name,
                ours=ours,
                rows=one.rows,
                picked=one.picked,
                share=100 * one.rows / most,
                see=see(**{facet.field: there}),
                key=f"{facet.field}-{k}",
            )
        )
    title, ours = field_title(facet.field)
    return FacetBox(field=facet.field, title=title, ours=ours, values=values, more=facet.more)


def _columns(found: Ledgered, see: Any) -> dict[str, SortLink]:
    made = {}
    for name in ("record", "value", "similarity"):
        state = {name: "ascending", f"-{name}": "descending"}.get(found.sort, "")
        first = name if name == "record" else f"-{name}"
        other = {"ascending": f"-{name}", "descending": name}.get(state, first)
        made[name] = SortLink(name=name, state=state, see=see(sort=other, seed=0))
    return made


def _hidden(asked: dict[str, Any]) -> list[tuple[str, str]]:
    """What a new search keeps of the address."""
    told = [(key, str(one)) for key in ("stage", "code", "source") for one in asked[key]]
    return told + [(key, str(asked[key])) for key in ("sort", "seed", "n") if asked[key] != _USUAL[key]]


def _beside(registry: Registry, version: Version, name: str) -> Beside:
    """A record and its twin. Raises NotFound, UsageError."""
    decision = registry.why(version.name, *_named(name))
    twin, parts, said = decision.twin, [], ""
    if twin is None:
        said = "no twin decided this"
    elif decision.code == "identical":
        said = "both are the same, character for character"
    else:
        try:
            if decision.example_id is None:
                raise NotFound("the record's text is not there")
            a, b = registry.example(decision.example_id), registry.example(twin.id)
            texts = (f"{one.input}\n{one.output}"[:_CHARS] for one in (a, b))
            parts = [(str(kind), text) for kind, text in token_diff(*texts)]
        except AssayError:  # forgotten since
            said = "a text is not there any more"
    return Beside(
        name=name, code=decision.code or "", value=_finite(decision.value), threshold=_finite(decision.threshold),
        similarity=_finite(twin.similarity) if twin else None, twin=twin.id if twin else None,
        twin_see=f"/d/{quote(version.name, safe='@')}/examples/{twin.id}" if twin else "", parts=parts, said=said,
    )  # fmt: skip


def _command(ref: str, asked: dict[str, Any], after: str | None, before: str | None) -> str:
    words = ["assay", "rejected", ref, *([asked["q"]] if asked["q"] else [])]
    words += [
        word for name in ("stage", "code", "source") for one in asked[name] for word in (f"--{name}", one)
    ]
    words += ["--sort", asked["sort"]] if asked["sort"] != "record" else []
    words += ["--seed", str(asked["seed"])] if asked["seed"] else []
    words += ["--limit", str(asked["n"])]
    words += ["--after", after] if after else ["--before", before] if before else []
    return shlex.join(words)
