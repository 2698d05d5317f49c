"""Which examples a queue gets: drawn at random, by strata, nearest to a threshold, or where two scores differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import orjson

from assay.curate.split_group import point_of
from assay.errors import NotFound, UsageError
from assay.govern.facts import Facts, facts
from assay.govern.review_share import reviewed_by
from assay.govern.review_values import ACCEPT, GOLD
from assay.govern.reviews import Reviews
from assay.kernels.ids import IdArray, contains, find, id_list, ids_of, sorted_ids
from assay.measure.distribution import field_value
from assay.measure.profile import TOPICS
from assay.model.label import label_of
from assay.model.provenance import COLUMNS
from assay.registry.querying.choosing import chosen, members
from assay.registry.version import Version

if TYPE_CHECKING:
    from assay.registry import Registry

SAMPLES: Final = ("all", "random", "stratified", "edge", "disagreement")
_STORED: Final = ("source", "kind", *COLUMNS)


@dataclass(frozen=True, slots=True)
class Drawing:
    """How examples are drawn from a version.

    From all of it, or from those that `ids`, `file` or `where` name (`assay.registry.querying.choosing`), or that
    `reviewed_by` judged. `sample`: one of `SAMPLES`; `n`: at most so many, None for all (then nothing is drawn).
    `by`: the field of the strata, a fact, a field of the records, a provenance column or `split`. `stage`: whose
    threshold `edge` is near. `between`: the two scores of `disagreement`.
    """

    sample: str = "all"
    n: int | None = None
    seed: int = 0
    by: str | None = None
    stage: str | None = None
    between: tuple[str, str] | None = None
    ids: tuple[str, ...] = ()
    file: str | None = None
    where: str | None = None
    reviewed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """The sorted ids that were drawn, and the stratum of each where there are strata (`by`: their field)."""

    ids: IdArray
    by: str | None = None
    strata: Mapping[bytes, str] = field(default_factory=dict)


def draw(registry: Registry, version: Version, drawing: Drawing) -> Drawn:
    """The examples for a queue. The same version, facts and drawing give the same. Raises UsageError, NotFound."""
    if drawing.sample not in SAMPLES:
        raise UsageError(f"no sample {drawing.sample!r}", f"one of: {', '.join(SAMPLES)}")
    if drawing.n is not None and drawing.n < 1:
        raise UsageError(f"{drawing.n} examples cannot be reviewed", "draw at least 1")
    if drawing.sample == "edge":
        from assay.registry.review.edges import nearest

        return nearest(registry, version, drawing)
    pool = _pool(registry, version, drawing)
    if drawing.sample == "disagreement":
        return _disagreement(registry, version, pool, drawing)
    strata = _strata(registry, version, pool, drawing)
    n = len(pool) if drawing.n is None or drawing.sample == "all" else min(drawing.n, len(pool))
    if drawing.sample == "stratified" and strata is not None:
        ids = _stratified(pool, strata.strata, n, drawing.seed)
    else:
        ids = pool if n == len(pool) else sorted_ids(shuffled(id_list(pool), drawing.seed)[:n])
    if strata is None:
        return Drawn(ids)
    return Drawn(ids, strata.by, {id_: strata.strata[id_] for id_ in id_list(ids)})


def shuffled(ids: list[bytes], seed: int) -> list[bytes]:
    """The ids in an order that only the seed decides."""
    return sorted(ids, key=lambda id_: (point_of(seed, b"review\n" + id_), id_))


def known_answers(
    found: Reviews, dataset: str, n: int, seed: int, source: str | None, without: IdArray
) -> dict[bytes, str]:
    """`n` examples on which people decided in an earlier gold queue, with the decision: half of them fit, if there are.

    `source`: the queue; None: every gold queue of the dataset. Those among `without` are left out. Raises NotFound,
    saying how many there are.
    """
    queues = [found.named(source)] if source is not None else list(found.of(dataset))
    pools: dict[bool, dict[bytes, str]] = {True: {}, False: {}}
    for judged in queues:
        if judged.queue.purpose != GOLD and source is None:
            continue
        for id_ in judged.cases:
            decision = judged.decision(id_)
            if decision is not None and not contains(without, np.frombuffer(id_, "V32"))[0]:
                pools[decision.verdict == ACCEPT][id_] = decision.verdict
    have = len(pools[True]) + len(pools[False])
    if have < n:
        where = f"the queue {source}" if source is not None else f"the gold queues of {dataset}"
        raise NotFound(
            f"{have:,} answers are known from {where}, and {n:,} were asked for",
            "`assay gold NAME --from REF` makes a gold queue; take fewer with --gold N",
        )
    fits, not_fits = (shuffled(list(pools[kind]), seed) for kind in (True, False))
    misfits = min(len(not_fits), max(n // 2, n - len(fits)))
    taken = [*not_fits[:misfits], *fits[: n - misfits]]
    return {id_: pools[True].get(id_) or pools[False][id_] for id_ in taken}


def labels(registry: Registry, version: Version, ids: IdArray, by: str) -> dict[bytes, str]:
    """What each of `ids` (sorted) has under a fact, a field, a provenance column, or `split`; "" for nothing."""
    known = _facts(registry, version)
    if by in known.keys:
        stated, words = known.said(by, numeric=False)
        said = dict(zip(id_list(stated), words.to_pylist(), strict=True))
        return {id_: label_of(said.get(id_)) for id_ in id_list(ids)}
    out = dict.fromkeys(id_list(ids), "")
    stored = [by] if by in _STORED else []
    for split, table in registry.store.live_tables(version.manifest, ["id", "payload", "extra", *stored]):
        found = ids_of(table["id"])
        rows = np.flatnonzero(find(ids, found) >= 0)
        for row in table.take(rows).select(["id", *(stored or ["payload", "extra"])]).to_pylist():
            if by == "split":
                value: str | None = split
            elif stored:
                value = row[by]
            else:
                extra = orjson.loads(row["extra"]) if row["extra"] else {}
                value = field_value(
                    by, extra if isinstance(extra, dict) else {}, orjson.loads(row["payload"])
                )
            out[bytes(row["id"])] = label_of(value)
    return out


def _pool(registry: Registry, version: Version, drawing: Drawing) -> IdArray:
    if drawing.ids or drawing.file or drawing.where is not None:
        pool = chosen(registry, version.name, ids=drawing.ids, where=drawing.where, file=drawing.file)
    else:
        pool = members(registry, version.name)
    if drawing.reviewed_by is not None:
        judged = reviewed_by(registry.store.objects, registry.store.log.entries())
        if drawing.reviewed_by not in judged:
            known = ", ".join(judged) or "nobody yet"
            raise NotFound(f"{drawing.reviewed_by!r} reviewed nothing", f"reviewers: {known}")
        pool = pool[contains(judged[drawing.reviewed_by], pool)]
    if not len(pool):
        raise NotFound(f"no example of {version.name} is meant", "name others")
    return pool


def _facts(registry: Registry, version: Version) -> Facts:
    return facts(registry.store.objects, registry.store.log.entries(), version.manifest.dataset)


def _strata(registry: Registry, version: Version, pool: IdArray, drawing: Drawing) -> Drawn | None:
    """The strata of the pool, by the field that was named; a stratified sample without one has that of `_topic`."""
    if drawing.by is None and drawing.sample != "stratified":
        return None
    by = drawing.by if drawing.by is not None else _topic(registry, version)
    found = labels(registry, version, pool, by)
    if drawing.by is not None and not any(found.values()):
        raise UsageError(f"no example states its {by}", "name a field of the records, a fact, or split")
    return Drawn(pool, by, found)


def _topic(registry: Registry, version: Version) -> str:
    """The first of `TOPICS` that is a fact, or that one of the first row group's rows states; else the source."""
    for _, table in registry.store.live_tables(version.manifest, ["payload", "extra"]):
        keys = _facts(registry, version).keys
        rows = [
            (orjson.loads(row["extra"]) if row["extra"] else {}, orjson.loads(row["payload"]))
            for row in table.to_pylist()
        ]
        for name in TOPICS:
            stated = (
                isinstance(extra, dict) and field_value(name, extra, payload) for extra, payload in rows
            )
            if name in keys or any(stated):
                return name
        break
    return "source"


def _stratified(pool: IdArray, strata: Mapping[bytes, str], n: int, seed: int) -> IdArray:
    """As many of each stratum as its share, and one at least where there is room for that."""
    sizes = Counter(strata[id_] for id_ in id_list(pool))
    quota = quotas(sizes, n)
    drawn: list[bytes] = []
    for id_ in shuffled(id_list(pool), seed):
        if quota[strata[id_]]:
            quota[strata[id_]] -= 1
            drawn.append(id_)
    return sorted_ids(drawn)


def quotas(sizes: Mapping[str, int], n: int) -> dict[str, int]:
    """How many of each stratum to draw, `n` in all (at most what there is): one each where there is room, the largest
    strata first, the rest by share and largest remainder. A stratum's quota is never more than it has."""
    total = sum(sizes.values())
    n = min(n, total)
    ordered = sorted(sizes, key=lambda name: (-sizes[name], name))
    ideal = {name: n * sizes[name] / total for name in ordered} if total else {}
    quota = {name: min(sizes[name], max(1, int(ideal[name]))) for name in ordered}
    spare = n - sum(quota.values())
    while spare > 0:
        name = max(ordered, key=lambda s: (quota[s] < sizes[s], ideal[s] - quota[s], s))
        quota[name] += 1
        spare -= 1
    while spare < 0:
        above = [s for s in ordered if quota[s] > 1]
        name = (
            max(above, key=lambda s: quota[s] - ideal[s]) if above else [s for s in ordered if quota[s]][-1]
        )
        quota[name] -= 1
        spare += 1
    return quota


def _disagreement(registry: Registry, version: Version, pool: IdArray, drawing: Drawing) -> Drawn:
    """Those with the two scores furthest apart."""
    if drawing.between is None:
        raise UsageError("disagreement is between two scores", "name them: --between score_a score_b")
    known = _facts(registry, version)
    for key in drawing.between:
        if key not in known.keys:
            told = ", ".join(known.keys) or "none yet; `assay fact` states them"
            raise NotFound(f"no example of {version.manifest.dataset} has the fact {key!r}", f"facts: {told}")
    a, b = (_scores(known, key, pool) for key in drawing.between)
    apart = np.abs(a - b)
    order = np.argsort(-apart, kind="stable")
    differing = order[(apart[order] > 0)]
    if not len(differing):
        raise NotFound(
            f"no example has a different {drawing.between[0]} and {drawing.between[1]}", "nothing to review"
        )
    at = differing[: drawing.n if drawing.n is not None else None]
    return Drawn(sorted_ids(id_list(pool[at])))


def _scores(known: Facts, key: str, ids: IdArray) -> npt.NDArray[np.float64]:
    """float64[n]: what holds under `key` of each of `ids`; NaN where nothing does, or a text."""
    stated, numbers = known.said(key, numeric=True)
    values = np.append(numbers.to_numpy(zero_copy_only=False).astype(np.float64), np.nan)
    scores: npt.NDArray[np.float64] = values[find(stated, ids)]
    return scores
