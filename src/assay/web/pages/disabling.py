"""/d/NAME/disable: taking examples out of the next version by a condition, counted first; and the way back."""

from __future__ import annotations

import shlex
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import Query as Asked
from pydantic import BaseModel, Field

from assay.errors import UsageError
from assay.kernels.ids import IdArray, id_list
from assay.measure.facets.query import LONGEST
from assay.model.ref import Ref
from assay.registry import Registry
from assay.registry.exploring.explored import beginning, opening
from assay.registry.keeping.standing import StandingResult
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.routing import Done, Mistaken, Page, Pages

pages = Pages()
_SHOWN: Final = 12
_IDS: Final = 100_000
Act = Literal["disable", "enable"]
Where = Annotated[str, Asked(max_length=2_000)]


class Line(BaseModel):
    """One of the examples that are meant."""

    id: str
    see: str
    input: str
    output: str


class DisablePage(Page):
    """What would be disabled, or enabled: `count` examples, `changed` of which leave (or come back to) the newest
    version. The act is refused where they are not so many any more."""

    name: str
    newest: str
    act: Act
    where: str
    q: str
    ids: str
    reason: str
    asked: bool
    problem: str = ""
    hint: str = ""
    count: int = 0
    changed: int = 0
    rows: list[Line] = Field(default_factory=list)


class Meant(BaseModel):
    """The examples: those for which an expression holds, or that a query finds, or ids apart by blanks; `count`: how
    many the page said that they are."""

    where: str = Field(default="", max_length=2_000)
    q: str = Field(default="", max_length=LONGEST)
    ids: str = Field(default="", max_length=65 * 1_000)
    reason: str = Field(default="", max_length=1_000)
    count: int = Field(default=0, ge=0)


@pages.page("/d/{name}/disable", Permission.CONTRIBUTE, "disable.html")
def disabling(
    ask: Ask,
    name: str,
    act: Act = "disable",
    where: Where = "",
    q: Where = "",
    ids: Where = "",
    reason: Where = "",
) -> DisablePage:
    """How many examples a condition means, before they are disabled or enabled."""
    registry = ask.registry
    manifest = registry.version(name).manifest
    dataset, told = manifest.dataset, Meant(where=where.strip(), q=q.strip(), ids=ids.strip(), reason=reason)
    known: dict[str, Any] = {
        "command": _command(act, dataset, told), "name": dataset, "newest": manifest.ref, "act": act,
        "where": told.where, "q": told.q, "ids": told.ids, "reason": told.reason,
        "asked": bool(told.where or told.q or told.ids),
    }  # fmt: skip
    if not known["asked"]:
        return DisablePage(**known)
    try:
        found = _ids(registry, dataset, act, told)
        plan = _stand(registry, dataset, act, found, "to be counted", dry_run=True)
    except UsageError as error:
        raise Mistaken(error, DisablePage(**known, problem=error.message, hint=error.hint)) from None
    rows = [_line(registry, manifest.ref, id_) for id_ in id_list(found[:_SHOWN])]
    return DisablePage(**known, count=plan.count, changed=plan.changed, rows=rows)


@pages.act("/d/{name}/disable", Permission.CONTRIBUTE)
def disable(ask: Ask, name: str, form: Meant) -> Done:
    """Take the examples out of the newest version, and keep them out of later ones."""
    return _do(ask, name, "disable", form)


@pages.act("/d/{name}/enable", Permission.CONTRIBUTE)
def enable(ask: Ask, name: str, form: Meant) -> Done:
    """Let disabled examples stand again."""
    return _do(ask, name, "enable", form)


def _do(ask: Ask, name: str, act: Act, form: Meant) -> Done:
    registry = ask.registry
    before = registry.version(name).manifest
    dataset = before.dataset
    if not form.reason.strip():
        raise UsageError("no reason was given", "say why: the log keeps it")
    found = _ids(registry, dataset, act, form)
    if form.count and len(found) != form.count:
        raise UsageError(
            f"{len(found):,} examples are meant by now, and not {form.count:,}",
            "look at them again, then do it",
        )
    done = _stand(registry, dataset, act, found, form.reason.strip(), dry_run=False)
    see = f"/d/{quote(dataset)}/versions"
    if done.version is not None:
        kind = "disabled" if act == "disable" else "added"
        see = f"/d/{quote(dataset)}/diff/v{before.number}..v{Ref.parse(done.version).number}?kind={kind}"
    return Done(said=f"{act}d {done.count:,} examples", see=see, answer=done.as_json())


def _ids(registry: Registry, dataset: str, act: Act, told: Meant) -> IdArray:
    """What a form means. Raises NotFound, UsageError."""
    where, q, ids = told.where.strip(), told.q.strip(), told.ids.split()
    if (bool(where) + bool(q) + bool(ids)) != 1:
        raise UsageError("which examples?", "give an expression, or a query, or ids")
    if q:
        if act == "enable":
            raise UsageError("a query finds what stands", "name what is disabled by an expression or by ids")
        found = registry.looking.ids(dataset, q)
        if not len(found):
            raise UsageError(f"nothing in {dataset} is so", "look at the rows of the newest version")
    else:
        found = registry.keeping.chosen(dataset, ids, None, where or None, disabled=act == "enable")
    if len(found) > _IDS:
        raise UsageError(
            f"{len(found):,} examples are more than {_IDS:,}, the most that one form disables",
            "use the terminal",
        )
    return found


def _stand(
    registry: Registry, dataset: str, act: Act, ids: IdArray, reason: str, *, dry_run: bool
) -> StandingResult:
    keeping = registry.keeping
    return (keeping.disable if act == "disable" else keeping.enable)(dataset, ids, reason, dry_run=dry_run)


def _line(registry: Registry, ref: str, id_: bytes) -> Line:
    asked, said = opening(registry.example(id_.hex()).payload)
    return Line(
        id=id_.hex(), see=f"/d/{quote(ref, safe='@')}/examples/{id_.hex()}", input=beginning(asked)[0],
        output=beginning(said)[0],
    )  # fmt: skip


def _command(act: Act, dataset: str, told: Meant) -> str:
    """In the terminal a query is asked of `find`, whose ids `--ids` takes."""
    which = ["--ids", "FILE"]
    if told.where:
        which = ["--where", told.where]
    elif told.ids:
        which = [word for id_ in told.ids.split() for word in ("--id", id_)]
    return shlex.join(["assay", act, dataset, *which, "--reason", told.reason or "TEXT", "--dry-run"])
