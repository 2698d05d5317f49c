"""diff, why, trace, blame, sweep, radius, lineage, check."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Literal

from fastapi import Query

from assay.errors import NotFound, UsageError
from assay.registry.curating.sweeping import parse_range
from assay.web.asking import Ask
from assay.web.commands.declaring import Answer, Commands, Exit, Line, Ref, Some, Word

commands = Commands()
Reached = Literal["id", "source", "generator", "prompt_template", "licence", "origin", "reviewer"]
_STEPS = 200


@commands.get("diff")
def diff(
    ask: Ask, a: Ref, b: Ref, rows: bool = False, limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000
) -> Answer:
    """What leads from one version to another; with `rows`, the first `limit` examples that changed."""
    answer = ask.registry.diff_json(a, b)
    if rows:
        answer["rows"] = list(islice(ask.registry.diff_rows(a, b, limit=limit), limit))
    return answer


@commands.get("why")
def why(ask: Ask, ref: Ref, source: Line, record: Annotated[int, Query(ge=1, le=10**18 - 1)]) -> Answer:
    """What became of a record, and the evidence. `source` is a name in the version's ledger; no file is opened."""
    return ask.registry.why(ref, source, record).as_json()


@commands.get("trace")
def trace(ask: Ask, id: Word) -> Answer:
    """Everything known about an example."""
    return ask.registry.trace(id).as_json()


@commands.get("blame")
def blame(ask: Ask, ref: Ref, id: Word) -> Answer:
    """Who, which curation and which operation brought an example into a version."""
    return ask.registry.refs.blame(ref, id).as_json()


@commands.get("sweep")
def sweep(
    ask: Ask,
    ref: Ref,
    stage: Word,
    threshold: Some = None,
    set: Some = None,
    samples: Annotated[int, Query(ge=0, le=100)] = 2,
) -> Answer:
    """What other thresholds would have kept. `threshold`: LOW:HIGH:STEP; `set`: PARAM=LOW:HIGH:STEP."""
    parameter, _, spelled = ("threshold", "", threshold) if threshold else (set or "").partition("=")
    if not parameter or not spelled:
        raise UsageError("say which values", "threshold=0.7:0.95:0.05, or set=PARAM=LOW:HIGH:STEP")
    values = parse_range(spelled)
    if len(values) > _STEPS:
        raise UsageError(f"{len(values):,} values", f"at most {_STEPS} at once")
    return ask.registry.sweep(ref, stage, parameter, values, samples=samples).as_json()


@commands.get("radius")
def radius(ask: Ask, kind: Reached, value: Line) -> Answer:
    """Every version and run that something reached. `kind` is the command's option, without its dashes."""
    return ask.registry.radius(kind, value).as_json()


@commands.get("lineage")
def lineage(ask: Ask, ref: Ref, namespace: Word = "assay") -> Answer:
    """What a version was made of and which runs learned from it, with the OpenLineage events that say so."""
    return ask.registry.lineage.of(ref).as_json(namespace)


@commands.get("check")
def check(
    ask: Ask, ref: Ref, at: Literal["commit", "release", "train"] = "release", ids: Some = None
) -> Answer | Exit:
    """Hold a version against the policy in force, now; `ids`: all examples under one code."""
    gate = ask.registry.policies.check(ref, at)
    if ids is None:
        return gate.as_json() if gate.passed else Exit(gate.as_json())
    found = [one for one in gate.outcomes if one.code == ids]
    if not found:
        known = ", ".join(one.code for one in gate.outcomes) or "none: no policy is in force"
        raise NotFound(f"nothing was looked for under the code {ids[:60]!r}", f"codes: {known}")
    return Exit(found[0].as_json() | {"version": gate.version}, 0 if gate.passed else 1)
