"""The menu of versions beside a dataset's name: the same page of another version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from assay.registry import Registry
from assay.web.naming import Name, by_version, names_of

MOST: Final = 12
"""Versions in the menu, the newest; the dataset's page has all of them."""


@dataclass(frozen=True, slots=True)
class Other:
    """A version in the menu. `here`: it is the one that is looked at."""

    name: str
    see: str
    rows: int
    day: str
    names: list[Name]
    here: bool


def others(registry: Registry, dataset: str, ref: str, path: str) -> list[Other]:
    """The newest versions of a dataset. `path`: of the page; where it is one of a version, each leads to the same page
    of itself, else to its card."""
    line = registry.store.lines().get(dataset)
    if line is None:
        return []
    named = by_version(names_of(registry, dataset))
    shown = line.versions[-MOST:][::-1]
    here = next((one for one in line.versions if f"{dataset}@v{one.number}" == ref), None)
    if here is not None and here not in shown:
        shown = [*shown, here]
    out = []
    for one in shown:
        manifest = registry.store.objects.manifest(one.manifest)
        out.append(
            Other(
                name=f"v{one.number}", see=_same(path, dataset, manifest.ref), rows=sum(manifest.counts.values()),
                day=one.operation.time[:10], names=named.get(one.number, []), here=manifest.ref == ref,
            )
        )  # fmt: skip
    return out


def _same(path: str, dataset: str, ref: str) -> str:
    parts = path.split("/")
    of_version = (
        len(parts) > 2 and parts[1] == "d" and parts[2].partition("@")[0] == dataset and "@" in parts[2]
    )
    # An example or a picture below a version is not there in every version.
    tail = parts[3:4] if of_version and len(parts) == 4 else []
    return "/".join(["/d", quote(ref, safe="@"), *(quote(one) for one in tail)])
