"""Blast radius: every version and every run that something reached, and the commands that mend it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from assay.errors import NotFound, UsageError
from assay.govern.review_share import reviewed_by
from assay.govern.runs import Run, runs
from assay.kernels.ids import IdArray, as_ids, concat, contains, duplicates, find, order
from assay.model.version import Manifest, SegmentRef
from assay.store.segments import read_ids

if TYPE_CHECKING:
    from assay.registry import Registry

Mask = npt.NDArray[np.bool_]

COLUMNS = ("source", "generator", "prompt_template", "licence", "origin")
"""What is looked up in the rows' provenance."""
KINDS = ("id", *COLUMNS, "reviewer")


@dataclass(frozen=True, slots=True)
class Reached:
    """A version that holds some of it: how many examples in each split, and whether it is its branch's newest."""

    ref: str
    splits: Mapping[str, int]
    newest: bool

    @property
    def examples(self) -> int:
        return sum(self.splits.values())


@dataclass(frozen=True, slots=True)
class Radius:
    """What `kind` = `value` reached. `examples`: distinct ones in all versions, `derived` of them made from others
    among them; `fixes`: the words of commands, in the order to run them."""

    kind: str
    value: str
    examples: int
    derived: int
    versions: tuple[Reached, ...]
    runs: tuple[Run, ...]
    fixes: tuple[tuple[str, ...], ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "value": self.value,
            "examples": self.examples,
            "derived": self.derived,
            "versions": [
                {"version": v.ref, "examples": v.examples, "splits": dict(v.splits), "newest": v.newest}
                for v in self.versions
            ],
            "runs": [
                {"run": run.name, "version": run.ref, "actor": run.operation.actor} for run in self.runs
            ],
            "fixes": [list(words) for words in self.fixes],
        }


def radius(registry: Registry, kind: str, value: str) -> Radius:
    """Everything that an example (by its id), all with a source, generator, template, licence or origin, or all that
    somebody reviewed, reached.

    Examples that were made from reached ones (`derived_from`) are reached too. Raises NotFound, with what there
    is that reads alike; UsageError.
    """
    if kind not in KINDS:
        raise UsageError(f"a blast radius is not known of {kind!r}", f"one of: {', '.join(KINDS)}")
    manifests = list(registry.all_versions())
    segments = {
        part.segment: None for manifest in manifests for parts in manifest.splits.values() for part in parts
    }
    if kind == "id":
        wanted = registry.example(value).id
        value = wanted.hex()
        masks = {ref: _members(registry, ref, as_ids([wanted])) for ref in segments}
    elif kind == "reviewer":
        judged = _reviewed(registry, value)
        masks = {ref: _members(registry, ref, judged) for ref in segments}
    else:
        masks = _named(registry, segments, kind, value)
    first = sum(int(mask.sum()) for mask in masks.values())
    _derive(registry, masks)
    examples = _distinct(registry, masks)
    reached = _versions(registry, manifests, masks)
    touched = {one.ref for one in reached}
    learned = tuple(
        run for run in runs(registry.store.log.entries()) if f"{run.dataset}@v{run.version}" in touched
    )
    derived = sum(int(mask.sum()) for mask in masks.values()) - first
    return Radius(kind, value, examples, derived, reached, learned, _fixes(kind, value, reached, learned))


def _members(registry: Registry, ref: SegmentRef, wanted: IdArray) -> Mask:
    """Which rows of a segment have one of the ids (sorted)."""
    mask = np.zeros(ref.rows, np.bool_)
    if len(wanted) and bytes(wanted[0]).hex() <= ref.max_id and ref.min_id <= bytes(wanted[-1]).hex():
        at = find(read_ids(registry.store.objects, ref), wanted)
        mask[at[at >= 0]] = True
    return mask


def _reviewed(registry: Registry, reviewer: str) -> IdArray:
    """What somebody judged, and what their edits made. Raises NotFound."""
    judged = reviewed_by(registry.store.objects, registry.store.log.entries())
    if reviewer not in judged:
        near = get_close_matches(reviewer, judged, 3, 0.5) or list(judged)[:5]
        raise NotFound(
            f"{reviewer!r} reviewed nothing",
            f"reviewers: {', '.join(near)}" if near else "nobody reviewed anything",
        )
    return judged[reviewer]


def _named(
    registry: Registry, segments: Iterable[SegmentRef], column: str, value: str
) -> dict[SegmentRef, Mask]:
    """Segment → which of its rows have the value. Raises NotFound when none has."""
    masks: dict[SegmentRef, Mask] = {}
    known: set[str] = set()
    for ref in segments:
        words = registry.store.segment(ref, [column]).column(0)
        known |= set(pc.unique(words).to_pylist()[:1000])
        masks[ref] = pc.equal(words, pa.scalar(value)).fill_null(False).to_numpy(zero_copy_only=False)
    if not any(mask.any() for mask in masks.values()):
        names = sorted(str(name) for name in known if name is not None)
        near = get_close_matches(value, names, 3, 0.5) or names[:5]
        raise NotFound(
            f"no example of any version has the {column.replace('_', ' ')} {value!r}",
            f"there are: {', '.join(near)}" if near else f"no example states its {column.replace('_', ' ')}",
        )
    return masks


def _derive(registry: Registry, masks: dict[SegmentRef, Mask]) -> None:
    """Add, until nothing is added, the rows that say they were made from rows among `masks`."""
    made: list[tuple[SegmentRef, int, list[bytes]]] = []
    for ref in masks:
        column = registry.store.segment(ref, ["derived_from"]).column(0)
        if column.null_count == len(column):
            continue
        rows = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
        spelled = column.take(pa.array(rows)).to_pylist()
        made += [
            (ref, int(row), [bytes.fromhex(one) for one in orjson.loads(text)])
            for row, text in zip(rows, spelled, strict=True)
        ]
    if not made:
        return
    ids = {ref: read_ids(registry.store.objects, ref) for ref in masks}
    parents = as_ids(sorted({one for _, _, froms in made for one in froms}))
    hit = {
        bytes(one) for ref, mask in masks.items() for one in ids[ref][mask][contains(parents, ids[ref][mask])]
    }
    open_rows = made
    while open_rows:
        left = []
        for ref, row, froms in open_rows:
            if hit.isdisjoint(froms):
                left.append((ref, row, froms))
            else:
                masks[ref][row] = True
                hit.add(bytes(ids[ref][row]))
        if len(left) == len(open_rows):
            return
        open_rows = left


def _distinct(registry: Registry, masks: Mapping[SegmentRef, Mask]) -> int:
    """How many examples; one that lies in two segments counts once."""
    hit = [ref for ref, mask in masks.items() if mask.any()]
    if len(hit) == 1:
        return int(masks[hit[0]].sum())
    found = concat([read_ids(registry.store.objects, ref)[masks[ref]] for ref in hit])
    return len(found) - len(duplicates(found[order(found)]))


def _versions(
    registry: Registry, manifests: Iterable[Manifest], masks: Mapping[SegmentRef, Mask]
) -> tuple[Reached, ...]:
    heads = {
        f"{dataset}@v{number}"
        for dataset, line in registry.store.lines().items()
        for number in line.heads.values()
    }
    out = []
    for manifest in manifests:
        splits = {}
        for split, parts in manifest.splits.items():
            held = 0
            for part in parts:
                mask = masks[part.segment]
                held += int(mask.sum())
                if part.excluded and mask.any():
                    held -= int(mask[np.array(part.excluded.to_array(), np.int64)].sum())
            if held:
                splits[split] = held
        if splits:
            out.append(Reached(manifest.ref, splits, manifest.ref in heads))
    return tuple(out)


def _fixes(
    kind: str, value: str, reached: Iterable[Reached], learned: Iterable[Run]
) -> tuple[tuple[str, ...], ...]:
    """What takes it out of every newest version, then what stops the others from being used."""
    reason = f"{kind.replace('_', ' ')} {value if kind != 'id' else value[:12]} is not to be used"
    if kind == "reviewer":
        reason = f"what {value} reviewed is looked at again"
    chosen = ["--id", value] if kind == "id" else ["--where", f"{kind} = {_quoted(value)}"]
    datasets = dict.fromkeys(one.ref.partition("@")[0] for one in reached if one.newest)
    used = dict.fromkeys(f"{run.dataset}@v{run.version}" for run in learned)
    commands: list[list[str]] = [["disable", name, *chosen, "--reason", reason] for name in datasets]
    if kind == "reviewer":  # what one person let through, another looks at again
        commands = [
            ["review", "create", f"again-{name}", name, "--reviewed-by", value, "--note", reason]
            for name in datasets
        ]
    commands += [["revoke", ref, "--reason", reason] for ref in used]
    return tuple(map(tuple, commands))


def _quoted(value: str) -> str:
    doubled = value.replace("'", "''")
    return f"'{doubled}'"
