"""Templates: a list of them, and one whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.cards import moment
from assay.cli.render.frame import columns, labelled, spaced, title
from assay.cli.render.text import block, clip, safe_text

if TYPE_CHECKING:
    from assay.generate.template import Template
    from assay.registry.generation.templates import SavedTemplate

_SHOWN = 8


def template_table(saved: Sequence[SavedTemplate]) -> RenderableType:
    """The templates, one a line."""
    if not saved:
        return Text("no templates; `assay template save FILE` saves one", "dim")
    table = columns("template", "saved", "by", grow="template")
    for one in saved:
        operation = one.operation
        table.add_row(Text(clip(one.name, 60)), moment(operation.time), Text(clip(operation.actor, 20)))
    return table


def template_card(template: Template) -> RenderableType:
    """What it asks, of what, and what example is made of it."""
    variables = [
        (name, ", ".join(one.values[:_SHOWN]) + (" …" if len(one.values) > _SHOWN else "") or "any text")
        for name, one in template.variables.items()
    ]
    asked = [("system", template.system), ("user", template.user)]
    return spaced(
        Group(
            title(template.name, template.description[:60]),
            labelled([("digest", template.digest.removeprefix("sha256:"))]),
        ),
        messages([{"role": role, "content": text} for role, text in asked if text]),
        _listed("Variables", variables),
        _listed("Answers with", list(template.fields.items())),
        _example([turn.model_dump() for turn in template.example]) if template.example else None,
    )


def messages(turns: Sequence[Mapping[str, str]], limit: int = 2_000) -> RenderableType:
    """Messages under their roles."""
    out: list[RenderableType] = []
    for turn in turns:
        out += [
            Text("  " + safe_text(turn["role"]), "bold cyan"),
            Padding(block(turn["content"], limit=limit), (0, 0, 0, 4)),
        ]
    return Group(*out)


def _listed(head: str, rows: Sequence[tuple[str, str]]) -> RenderableType | None:
    return Group(Text(head, "dim"), labelled(rows)) if rows else None


def _example(turns: Sequence[Mapping[str, str]]) -> RenderableType:
    return Group(Text("Example", "dim"), messages(turns))
