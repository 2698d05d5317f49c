"""/new and /d/NAME/build: the forms of commands that take long, and what starts them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from assay.errors import AssayError, NotFound
from assay.registry.curating.recipes import preset_names
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.jobs.asking import start
from assay.web.jobs.kinds import BY_NAME, KINDS, Asked, Kind
from assay.web.jobs.sources import Known, check_recipe, known_sources
from assay.web.pages.uploads import UploadLine, upload_line
from assay.web.routing import Done, Page, Pages

pages = Pages()


class FormField(BaseModel):
    """One thing that the form asks for. `value`: what it says at first."""

    name: str
    label: str
    help: str
    widget: str
    value: Any
    choices: list[str]
    needed: bool
    rare: bool


class FormTab(BaseModel):
    """One command that may be chosen."""

    name: str
    title: str
    at: str


class BuildPage(Page):
    """A form: its `fields`, and the files that may be named in it. `plans`: whether there is a dry run."""

    dataset: str
    kind: str
    title: str
    does: str
    plans: bool
    tabs: list[FormTab]
    fields: list[FormField]
    uploads: list[UploadLine]
    known: list[Known]
    at: str
    to: str
    versions: int
    most: int


class RecipePage(Page):
    """What there is to say about a recipe; `problems`: a line each, none where it holds."""

    asked: bool
    problems: list[str]
    stages: list[str]


@pages.page("/new", Permission.CONTRIBUTE, "build.html")
def new(ask: Ask, kind: str = "curate") -> BuildPage:
    """Build a dataset from files."""
    return _form(ask, "", kind)


@pages.page("/d/{name}/build", Permission.CONTRIBUTE, "build.html")
def build(ask: Ask, name: str, kind: str = "curate") -> BuildPage:
    """Build the next version of a dataset."""
    return _form(ask, ask.registry.version(name).manifest.dataset, kind)


@pages.page("/recipe", Permission.READ, "recipe.html")
def recipe(ask: Ask, yaml: str = "") -> RecipePage:
    """Whether a recipe holds: every problem of it at once."""
    if not yaml.strip():
        return RecipePage(asked=False, problems=[], stages=[])
    try:
        stages = check_recipe(yaml.replace("\r\n", "\n")[:200_000])
    except AssayError as error:
        said = [line.strip() for line in error.message.splitlines()]
        return RecipePage(asked=True, problems=said[1:] or said, stages=[])
    return RecipePage(asked=True, problems=[], stages=stages)


def _form(ask: Ask, dataset: str, named: str) -> BuildPage:
    kind = BY_NAME.get(named)
    if kind is None or not kind.listed or not ask.identity.may(kind.permission):
        listed = ", ".join(one.name for one in KINDS if one.listed)
        raise NotFound(f"no form for {named[:40]!r}", f"there are: {listed}")
    at = f"/d/{dataset}/build" if dataset else "/new"
    mine = ask.desk_or_refuse().uploads.listed(ask.identity)
    takes = any(one.widget == "sources" for one in kind.asked)
    words = " ".join(
        ["assay", *kind.words, *([dataset or "NAME"] if kind.asked else []), *(["FILE"] if takes else [])]
    )
    return BuildPage(
        command=words,
        dataset=dataset,
        kind=kind.name,
        title=kind.title,
        does=kind.does,
        plans=kind.plans,
        tabs=[
            FormTab(name=one.name, title=one.title, at=f"{at}?kind={one.name}")
            for one in KINDS
            if one.listed and ask.identity.may(one.permission)
        ],
        fields=[_field(one, dataset) for one in kind.asked],
        uploads=[upload_line(one) for one in mine[:100] if one.complete],
        known=known_sources(ask.registry, dataset or None) if takes else [],
        at=at,
        to=f"/commands/{kind.at}",
        versions=len(ask.registry.store.versions().get(dataset, ())),
        most=ask.settings.limits.upload,
    )


def _field(one: Asked, dataset: str) -> FormField:
    choices = [*preset_names()] if one.widget == "recipe" else list(one.choices)
    own = dataset if one.name in ("name", "ref") and dataset else one.default
    own = "" if own is None else own
    return FormField(
        name=one.name, label=one.label, help=one.help, widget=one.widget, value=own, choices=choices,
        needed=one.needed, rare=one.rare,
    )  # fmt: skip


def _starts(kind: Kind) -> Any:
    """The act that starts a job of a kind, with a form of that kind."""

    def act(ask: Ask, form: BaseModel) -> Done:
        made = start(ask, kind, form)
        return Done(
            said=f"{kind.title} is queued",
            see=f"/jobs/{made.id}",
            answer={"job": made.id, "state": made.state},
        )

    act.__name__ = f"start_{kind.name.replace('-', '_')}"
    act.__doc__ = f"{kind.does} It runs as a job: `/jobs/ID` says how far it is, and what it came to."
    act.__annotations__ = {"ask": Ask, "form": kind.model, "return": Done}
    return act


for _kind in KINDS:
    pages.act(f"/commands/{_kind.at}", _kind.permission)(_starts(_kind))
