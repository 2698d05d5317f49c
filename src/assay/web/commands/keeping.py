"""fact, disable, enable, forget, verify, gc, compact, doctor."""

from __future__ import annotations

from pydantic import Field

from assay.errors import UsageError
from assay.registry.documents import garbage_json, report_json
from assay.registry.governing.annotating import annotate
from assay.registry.querying.choosing import chosen
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.commands.declaring import Answer, Body, Commands, Exit, Id, Named, Told

commands = Commands()


class Facts(Body):
    name: Named
    facts: dict[str, str | float | None] = Field(
        min_length=1, max_length=100, description="null takes one back"
    )
    ids: list[Id] = Field(default=[], max_length=100_000, alias="id")
    where: Told | None = None
    dry_run: bool = False


class Stand(Body):
    name: Named
    ids: list[Id] = Field(default=[], max_length=100_000, alias="id")
    where: Told | None = None
    reason: Named
    dry_run: bool = False


class Forget(Body):
    ids: list[Id] = Field(min_length=1, max_length=100_000)
    reason: Named
    dry_run: bool = False


class Dataset(Body):
    name: Named
    dry_run: bool = False


class Garbage(Body):
    yes: bool = False
    grace: float = Field(default=3600.0, ge=60, le=1e9)


@commands.post("fact", Permission.CONTRIBUTE)
def fact(ask: Ask, form: Facts) -> Answer:
    """State tags and scores about examples."""
    ids = chosen(ask.registry, form.name, ids=form.ids, where=form.where)
    return annotate(ask.registry, form.name, ids, form.facts, form.dry_run).as_json()


@commands.post("disable", Permission.CONTRIBUTE)
def disable(ask: Ask, form: Stand) -> Answer:
    """Take examples out of the newest version, and keep them out until they are enabled."""
    keeping = ask.registry.keeping
    _named(form)
    ids = keeping.chosen(form.name, form.ids, None, form.where, disabled=False)
    return keeping.disable(form.name, ids, form.reason, dry_run=form.dry_run).as_json()


@commands.post("enable", Permission.CONTRIBUTE)
def enable(ask: Ask, form: Stand) -> Answer:
    """Let disabled examples stand again."""
    keeping = ask.registry.keeping
    _named(form)
    ids = keeping.chosen(form.name, form.ids, None, form.where, disabled=True)
    return keeping.enable(form.name, ids, form.reason, dry_run=form.dry_run).as_json()


@commands.post("forget", Permission.FORGET)
def forget(ask: Ask, form: Forget) -> Answer:
    """Destroy the texts of examples everywhere, for good."""
    return ask.registry.keeping.forget(form.ids, form.reason, dry_run=form.dry_run).as_json()


@commands.get("verify")
def verify(ask: Ask) -> Answer | Exit:
    """`verify --fast`: that everything is there, without reading every byte. Reading every byte is a job."""
    report = ask.registry.verify(fast=True)
    return report_json(report) if report.ok else Exit(report_json(report))


@commands.post("gc", Permission.ADMINISTER)
def gc(ask: Ask, form: Garbage) -> Answer:
    """Remove what no version holds. Nothing is removed without `yes`."""
    plan = ask.registry.gc(dry_run=not form.yes, grace_seconds=form.grace)
    return garbage_json(plan, form.yes)


@commands.post("compact", Permission.CONTRIBUTE)
def compact(ask: Ask, form: Dataset) -> Answer:
    """The newest version in fewer files."""
    return ask.registry.keeping.compact(form.name, dry_run=form.dry_run).as_json()


@commands.get("doctor", Permission.ADMINISTER)
def doctor(ask: Ask) -> Answer | Exit:
    """`doctor --dry-run`: what ails the registry, and what could be repaired."""
    found = ask.registry.keeping.doctor(None, dry_run=True)
    return found.as_json() if found.well else Exit(found.as_json())


def _named(form: Stand) -> None:
    if not form.ids and form.where is None:
        raise UsageError("no examples were named", "give id or where")
