"""How one example was generated, for its trace: template, variables, parameters, parents, which candidate it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from assay.errors import NotFound
from assay.formats.shapes.candidates import MARK
from assay.registry.curating.spooled_records import depth_of
from assay.registry.results import Section

if TYPE_CHECKING:
    from assay.registry import Registry

_COLUMNS: Final = ["extra", "generator", "generation_params", "prompt_template", "derived_from"]
_MOST: Final = 50
"""Variables, and parents, that are told."""
_BEGINNING: Final = 200


def chapter(registry: Registry, example: bytes) -> Section | None:
    """All that decided what was asked; None for an example that `generate` did not make. Raises Damaged."""
    import orjson

    from assay.registry.warm import warm_of

    index, name = registry.index(), example.hex()
    found = index.locate(name) or index.locate(name, rejected=True)
    if found is None:
        return None
    (row,) = warm_of(registry).glimpse.rows([(found.segment, found.ordinal)], _COLUMNS).to_pylist()
    if not row["extra"] or not row["prompt_template"]:
        return None
    extra = orjson.loads(row["extra"])
    mark, variables = extra.get(MARK), extra.get("variables")
    if not isinstance(mark, dict) or not isinstance(variables, dict):
        return None
    rows: list[Mapping[str, Any]] = [
        {"template": row["prompt_template"], "digest": extra.get("template_digest")},
        {"model": row["generator"], **orjson.loads(row["generation_params"] or "{}")},
        *({"variable": name, "is": value} for name, value in list(variables.items())[:_MOST]),
        *_parents(registry, orjson.loads(row["derived_from"] or "[]")),
        _candidate(mark),
    ]
    return Section("generation", "How it was generated", tuple(rows))


def _parents(registry: Registry, ids: list[str]) -> Iterator[dict[str, Any]]:
    for id_ in ids[:_MOST]:
        try:
            parent = registry.example(id_)
        except NotFound:
            yield {"parent": id_, "input": None}
            continue
        yield {"parent": id_, "depth": depth_of(parent.provenance), "input": parent.input[:_BEGINNING]}


def _candidate(mark: Mapping[str, Any]) -> dict[str, Any]:
    cell = mark.get("cell")
    told = {name: mark.get(name) for name in ("number", "round", "seed")}
    if isinstance(cell, dict) and cell:
        told["cell"] = ", ".join(f"{name}={value}" for name, value in cell.items())
    return {"candidate": told.pop("number"), **told}
