"""The names that versions have, as pages show them: aliases that move, tags, branches."""

from __future__ import annotations

from collections import defaultdict
from typing import Literal

from pydantic import BaseModel, ConfigDict

from assay.registry import Registry


class Name(BaseModel):
    """A name of a version: `alias` (it moves by itself or by a release), `tag`. `time`, `actor`: of who gave it."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["alias", "tag"]
    name: str
    version: int
    time: str = ""
    actor: str = ""


def names_of(registry: Registry, dataset: str) -> list[Name]:
    """prod, approved and latest, where there are such; then the tags by name."""
    line = registry.store.lines()[dataset]
    given = registry.releases.of(dataset)
    out = []
    for alias, number, by in (("prod", given.released, "released"), ("approved", given.approved, "approved")):
        if number is not None and (said := getattr(given.versions[number], by)) is not None:
            out.append(Name(kind="alias", name=alias, version=number, time=said.time, actor=said.actor))
    if (head := line.head()) is not None:
        out.append(Name(kind="alias", name="latest", version=head.number, time=head.operation.time, actor=""))
    tags = registry.refs.tags(dataset)
    out += [Name(kind="tag", name=t.name, version=t.version, time=t.time, actor=t.actor) for t in tags]
    return out


def by_version(names: list[Name]) -> dict[int, list[Name]]:
    """Number → its names."""
    out = defaultdict[int, list[Name]](list)
    for one in names:
        out[one.version].append(one)
    return out
