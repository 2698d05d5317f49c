"""The picture of `stats REF --styles`: each generator, what sets it apart, and whose outputs lie next to its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from assay.cli.render.frame import labelled, spaced, title
from assay.cli.render.text import clip, plural
from assay.measure.report.drift_page import chance
from assay.measure.shares import percent

if TYPE_CHECKING:
    from assay.measure.map.habits import Habits
    from assay.measure.map.styles import Style
    from assay.registry.mapping.styles import GeneratorStyles


def page(found: GeneratorStyles) -> RenderableType:
    """Everything that `stats REF --styles` says."""
    head = title(found.version, f"styles of {plural(found.generators, 'generator')}")
    if not found.styles:
        return spaced(head, Text("  No generator has 20 outputs or more: nothing to compare.", "dim"))
    known = {one.generator: one for one in found.habits}
    left = found.generators - len(found.styles)
    note = "  each against all others together; p corrected for all tests (Bonferroni)"
    parts: list[RenderableType | None] = [Group(head, Text(note, "dim"))]
    parts += [_style(one, known.get(one.generator)) for one in found.styles]
    if left:
        parts.append(Text(f"  {plural(left, 'generator')} with few outputs left out", "dim"))
    return spaced(*parts)


def _style(one: Style, habits: Habits | None) -> RenderableType:
    others = [(share, name) for name, share in one.near.items() if name != one.generator]
    share, name = max(others, default=(0.0, ""))
    pairs = [("own neighbours", f"{percent(one.own)}, by chance {percent(one.chance)}")]
    if name:
        pairs.append(("most next to", f"{clip(name, 30)} {percent(share)}"))
    if habits is not None:
        pairs += _habits(habits)
    head = Text(clip(one.generator, 50), "bold").append(
        f"  {plural(one.rows, 'output')}, {one.compared} compared", "not bold dim"
    )
    return Group(head, labelled(pairs))


def _habits(found: Habits) -> list[tuple[str, str]]:
    out = []
    if found.length_told:
        said = f"median {found.length:,g} units, others {found.length_others:,g}; p {chance(found.length_p)}"
        out.append(("length", said))
    out += [
        (one.form, f"{percent(one.own)}, others {percent(one.others)}; p {chance(one.p)}")
        for one in found.forms
        if one.told
    ]
    if found.openings:
        said = "; ".join(f"{clip(o.text, 20)} {percent(o.own)}" for o in found.openings)
        out.append(("begins with", said))
    if found.terms:
        out.append(("words", ", ".join(clip(term, 20) for term in found.terms)))
    return out or [("apart", "by nothing that is looked at")]
