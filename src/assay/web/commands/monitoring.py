"""drift, trend, find, rejected, restore: what changed and what is there, page by page."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Query
from pydantic import Field

from assay.errors import UsageError
from assay.measure.facets.keyset import Page
from assay.registry.training.effects import Options
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.commands.declaring import Answer, Body, Commands, Line, Named, Ref, Some, Told, Word

commands = Commands()
_MOST: Final = 100
Many = Annotated[list[str] | None, Query(max_length=50)]
Limit = Annotated[int, Query(ge=1, le=1_000)]
Draws = Annotated[int, Query(ge=0, le=10_000)]
Seed = Annotated[int, Query(ge=0, le=(1 << 53) - 1)]


@commands.get("drift")
def drift(ask: Ask, a: Ref, b: Ref, by: Some = None) -> Answer:
    """How the rows of version `b` are spread otherwise than those of `a`, and which examples made it so."""
    found: dict[str, Any] = ask.registry.quality.drift(a, b, by).as_json()
    return found


@commands.get("trend")
def trend(ask: Ask, name: Ref, feature: Some = None) -> Answer:
    """All versions of a dataset as series, and where one jumps, traced to the operation."""
    found: dict[str, Any] = ask.registry.quality.trend(name, feature).as_json()
    return found


@commands.get("compare")
def compare(
    ask: Ask,
    a: Ref,
    b: Ref,
    metric: Some = None,
    evaluation: Some = None,
    by: Some = None,
    bootstrap: Draws = 0,
) -> Answer:
    """What runs on version `b` score beyond those on `a`, and the rows that changed there."""
    options = Options(metric=metric, evaluation=evaluation, by=by, draws=bootstrap)
    found: dict[str, Any] = ask.registry.effects.compare(a, b, options).as_json()
    return found


@commands.get("find")
def find(  # noqa: PLR0913 - the options of the command
    ask: Ask,
    ref: Ref,
    query: Line = "",
    field: Many = None,
    sort: Word = "id",
    limit: Limit = 10,
    after: Some = None,
    before: Some = None,
) -> Answer:
    """Examples of a version that `query` chooses, with facets; `next` and `previous` lead on."""
    page = Page(limit, sort, after, before)
    found: dict[str, Any] = ask.registry.looking.explore(
        ref, query, page, fields=tuple(field or ())
    ).as_json()
    return found


@commands.get("rejected")
def rejected(  # noqa: PLR0913 - the options of the command
    ask: Ask,
    ref: Ref,
    query: Line = "",
    stage: Many = None,
    code: Many = None,
    source: Many = None,
    sort: Word = "record",
    seed: Seed = 0,
    limit: Limit = 10,
    after: Some = None,
    before: Some = None,
) -> Answer:
    """The records that the curation of a version did not keep, each with what decided it."""
    page = Page(limit, sort, after, before)
    chosen = {"stage": tuple(stage or ()), "code": tuple(code or ()), "source": tuple(source or ())}
    found: dict[str, Any] = ask.registry.looking.rejected(
        ref, **chosen, text=query, page=page, seed=seed
    ).as_json()
    return found


class Restore(Body):
    name: Named
    records: list[Annotated[str, Field(max_length=2_000)]] = Field(
        min_length=1, max_length=_MOST, description="SRC:RECORD, as in tickets.jsonl:17"
    )
    reason: Told
    split: Named | None = None
    branch: Named = "main"
    dry_run: bool = False


@commands.post("restore", Permission.CONTRIBUTE)
def restore(ask: Ask, form: Restore) -> Answer:
    """Take rejected records into the next version, with their provenance; all of them or none."""
    done = ask.registry.looking.restore(
        form.name,
        [_record(one) for one in form.records],
        form.reason,
        split=form.split,
        branch=form.branch,
        dry_run=form.dry_run,
    )
    found: dict[str, Any] = done.as_json()
    return found


def _record(text: str) -> tuple[str, int]:
    source, colon, number = text.rpartition(":")
    if not colon or not source or not (number.isascii() and number.isdigit() and 0 < len(number) <= 18):
        raise UsageError(f"{text[:80]!r} is not SRC:RECORD", "such as tickets.jsonl:17")
    return source, int(number)
