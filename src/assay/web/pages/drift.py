"""/d/NAME/drift/A..B: how the rows of one version are spread otherwise than another's, and what made it so."""

from __future__ import annotations

import shlex
from typing import Final
from urllib.parse import quote

from pydantic import BaseModel

from assay.errors import Revoked, UsageError
from assay.registry import Registry
from assay.registry.history.naming import spelled
from assay.registry.version import Version
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.facet_links import address
from assay.web.measuring import State, drift
from assay.web.pages.drift_values import Feature, features
from assay.web.routing import Page, Pages

pages = Pages()
MAPPED: Final = 200_000
"""Rows of a version up to which its map's clusters are counted while somebody waits."""
TOPICS: Final = 10
"""Topics that are shown, those whose share changed most."""


class Side(BaseModel):
    """One of the two versions. `label`: without the dataset."""

    ref: str
    label: str
    fingerprint: str
    rows: int


class Topic(BaseModel):
    """A cluster of the maps of both versions: what became of it, and its rows and shares before and after. `see`: its
    rows on the map, "" of one that vanished."""

    name: str
    kind: str
    before: int
    after: int
    share_before: float
    share_after: float
    see: str


class DriftPage(Page):
    """All that the page shows. `measured` says whether the comparison is known, is being made, or failed; without it
    there are no features. `topics`: clusters, where maps of both were made; `maps`: where they
    are compared."""

    name: str
    newest: str
    a: Side
    b: Side
    pair: str
    measured: State
    came: int
    went: int
    stayed: int
    features: list[Feature]
    topics: list[Topic]
    maps: str

    @property
    def moved(self) -> list[Feature]:
        """The features that drifted."""
        return [one for one in self.features if one.verdict == "drifted"]


@pages.page("/d/{name}/drift/{pair}", Permission.READ, "drift.html")
def drift_page(ask: Ask, name: str, pair: str) -> DriftPage:
    """What drifted from A to B (`v1..v2`): every feature, the rows that made it so, and who brought them."""
    registry = ask.registry
    old, new = both(registry, name, pair)
    measured, told = drift(registry, old, new, wanted=True)
    found = told or {"came": 0, "went": 0, "stayed": 0}
    dataset = new.manifest.dataset
    return DriftPage(
        command=shlex.join(["assay", "drift", old.name, new.name]),
        name=dataset, newest=new.manifest.ref, a=_side(old), b=_side(new),
        pair=f"{_label(old)}..{_label(new)}", measured=measured, came=found["came"], went=found["went"],
        stayed=found["stayed"], features=features(told, old, new) if told else [],
        topics=_topics(registry, old, new) if told else [],
        maps=f"/d/{new.manifest.ref}/map?like={old.manifest.ref}",
    )  # fmt: skip


def _topics(registry: Registry, old: Version, new: Version) -> list[Topic]:
    """Of versions that a map is made of while somebody waits; of larger ones, and of those that were revoked, none."""
    if max(len(old), len(new)) > MAPPED or old.name == new.name:
        return []
    try:
        found = registry.maps.topics(old.name, new.name)[:TOPICS]
    except Revoked:
        return []
    at = f"/d/{quote(new.name, safe='@:')}/map"
    return [
        Topic(
            name=one.name, kind=one.kind, before=one.rows[0], after=one.rows[1], share_before=one.shares[0],
            share_after=one.shares[1],
            see="" if one.cluster is None else address(at, like=old.name, cluster=one.cluster),
        )
        for one in found
    ]  # fmt: skip


def both(registry: Registry, name: str, pair: str) -> tuple[Version, Version]:
    """The two versions that `v1..v2` names. Raises UsageError, NotFound."""
    first, dots, second = pair.partition("..")
    if not (first and dots and second):
        raise UsageError(f"{pair[:80]!r} names no two versions", "write v1..v2")
    return registry.version(spelled(name, first)), registry.version(spelled(name, second))


def _side(version: Version) -> Side:
    return Side(
        ref=version.manifest.ref, label=_label(version), fingerprint=version.manifest.fingerprint, rows=len(version)
    )  # fmt: skip


def _label(version: Version) -> str:
    return version.name.partition("@")[2]
