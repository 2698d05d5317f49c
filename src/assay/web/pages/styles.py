"""/d/NAME@VERSION/styles: how each generator of a version writes, and what sets it apart from the others."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from pydantic import BaseModel

from assay.measure.drift.features import ALPHA
from assay.measure.facets.query import Picked, Query
from assay.measure.report.drift_page import chance
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.facet_links import address
from assay.web.measuring import State, styles
from assay.web.routing import Page, Pages

pages = Pages()
FORMS: Final = {
    "list": "lists",
    "code": "code",
    "json": "JSON",
    "heading": "headings",
    "markdown": "other Markdown",
}


class Pair(BaseModel):
    """A share of the generator's outputs, and of the others'; `told`: chance does not make such a difference."""

    name: str
    own: float
    others: float
    p: str
    told: bool


class Style(BaseModel):
    """How a generator writes. `see`: its rows. `own`: the share of its outputs' nearest neighbours that are its own,
    of which `chance` makes some; `next_to` (name, share): whose outputs lie next to its own most. `length` None: there
    is no other generator."""

    generator: str
    rows: int
    see: str
    compared: int
    own: float
    chance: float
    next_to: tuple[str, float] | None
    length: float | None
    length_others: float
    length_p: str
    length_told: bool
    forms: list[Pair]
    openings: list[Pair]
    terms: list[str]

    @property
    def apart(self) -> bool:
        """Whether anything sets it apart."""
        return bool(self.length_told or self.openings or self.terms or any(one.told for one in self.forms))


class StylesPage(Page):
    """All that the page shows; `left`: generators that are not compared."""

    ref: str
    dataset: str
    measured: State
    generators: list[Style]
    left: int


@pages.page("/d/{ref}/styles", Permission.READ, "styles.html")
def styles_page(ask: Ask, ref: str) -> StylesPage:
    """The generators of a version: length, forms, openings and words of their outputs, and who writes like whom."""
    version = ask.registry.version(ref)
    measured, told = styles(ask.registry, version, wanted=True)
    found = [_style(one, version.name) for one in told["styles"]] if told else []
    return StylesPage(
        command=shlex.join(["assay", "stats", version.name, "--styles"]),
        ref=version.name, dataset=version.manifest.dataset, measured=measured, generators=found,
        left=told["generators"] - len(found) if told else 0,
    )  # fmt: skip


def _style(one: Mapping[str, Any], ref: str) -> Style:
    name = one["generator"]
    others = [(share, other) for other, share in one["near"].items() if other != name]
    nearest = max(others, default=None)
    query = Query(picked=(Picked("generator", name),))
    p = one.get("length_p")
    return Style(
        generator=name, rows=one["rows"], see=address(f"/d/{quote(ref, safe='@:')}/examples", q=query.text),
        compared=one["compared"], own=one["own"], chance=one["chance"],
        next_to=None if nearest is None else (nearest[1], nearest[0]), length=one.get("length"),
        length_others=one.get("length_others", 0.0), length_p=chance(p), length_told=p is not None and p < ALPHA,
        forms=[
            Pair(name=FORMS[f["form"]], own=f["own"], others=f["others"], p=chance(f["p"]), told=f["p"] < ALPHA)
            for f in one.get("forms", ())
        ],
        openings=[
            Pair(name=o["text"], own=o["own"], others=o["others"], p="", told=True) for o in one.get("openings", ())
        ],
        terms=one.get("terms", []),
    )  # fmt: skip
