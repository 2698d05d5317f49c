"""Receipts on their way into the log: what a run was given is taken down when it begins, and what came of it at its
end."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import TYPE_CHECKING, Any, Final

from assay.errors import Damaged, UsageError
from assay.govern.proofs.tree import Tree
from assay.model.ref import check_name
from assay.registry.timing import spell_time
from assay.registry.training.admitting import admit
from assay.track.digests import Transform, chat_template_digest, transform_digest
from assay.track.receipt import STATES, Receipt
from assay.track.telling import Failed, tell_begin, tell_end, warn
from assay.track.tracker import Tracker

if TYPE_CHECKING:
    from assay.registry import Registry

MOST_METRICS: Final = 200
MOST_FACTS: Final = 64
_LONGEST: Final = 200


@dataclass(frozen=True)
class Given:
    """What may be said of a run as it begins; the registry knows the rest. `rows` None: all of the version or
    split."""

    rows: int | None = None
    transform: Transform | None = None
    chat_template: str | Mapping[str, str] | None = None
    seed: int | None = None
    environment: Mapping[str, str] | None = None
    program: str | None = None
    trackers: Sequence[str | Tracker] = ()
    force: bool = False
    reason: str = ""


def begin(registry: Registry, ref: str, run: str, given: Given, failed: Failed | None = None) -> Receipt:
    """See `Runs.begin`."""
    registry.check_writable()
    check_name(run, "run")
    version = admit(registry, ref, given.force, given.reason, gate=True)
    said: dict[str, Any] = {
        "transform": None if given.transform is None else transform_digest(given.transform),
        "chat_template": chat_template_digest(given.chat_template),
        "seed": given.seed,
        "program": None if given.program is None else given.program[:_LONGEST],
        "environment": _texts(given.environment or {}),
    }
    before = under_way(registry, version.name, run)
    if before is not None and before.fingerprint == version.fingerprint:
        kept = {name: value for name, value in said.items() if value not in (None, {})}
        rows = before.rows if given.rows is None else given.rows
        receipt = replace(before, **kept, rows=rows)
    else:
        split = version.name.partition(":")[2] or None
        rows = len(version) if given.rows is None else given.rows
        receipt = Receipt(
            run, version.manifest.ref, version.fingerprint, rows, spell_time(registry.clock()), split,
            checkpoint=checkpoint(registry), **said,
        )  # fmt: skip
    told = tell_begin(given.trackers, receipt, failed or warn)
    receipt = replace(receipt, trackers=dict(receipt.trackers) | told)
    registry.runs.record(receipt)
    return receipt


def end(
    registry: Registry,
    receipt: Receipt,
    state: str,
    metrics: Mapping[str, Any],
    trackers: Sequence[str | Tracker],
    failed: Failed | None,
) -> Receipt:
    """See `Runs.end`."""
    if state not in STATES[1:]:
        raise UsageError(f"a run does not end as {state!r}", f"one of: {', '.join(STATES[1:])}")
    newest = newest_receipt(registry, receipt.ref, receipt.run) or receipt
    numbers = finite(metrics)
    receipt = replace(
        newest,
        state=state,
        ended=spell_time(registry.clock()),
        metrics=dict(list((dict(newest.metrics) | numbers).items())[:MOST_METRICS]),
    )
    registry.runs.record(receipt)
    tell_end(trackers, receipt, failed or warn)
    return receipt


def under_way(registry: Registry, ref: str, run: str) -> Receipt | None:
    """The receipt of a run that began and has not ended, for the version or split named just so."""
    found = newest_receipt(registry, ref, run)
    return found if found is not None and found.state == "started" else None


def newest_receipt(registry: Registry, ref: str, run: str) -> Receipt | None:
    """What was last taken down of a run and a version, or a split of it."""
    for linked in reversed(registry.runs.list()):
        if linked.name == run and linked.ref == ref:
            return registry.runs.receipt(linked)
    return None


def checkpoint(registry: Registry) -> str:
    """The log's checkpoint now, `SIZE:ROOT`: how many entries, and their Merkle root (RFC 6962) in hexadecimal."""
    entries = registry.store.log.entries()
    return f"{len(entries)}:{Tree(one.as_bytes() for one in entries).root().hex()}"


def checkpoint_holds(registry: Registry, spelled: str) -> bool:
    """Whether the log still begins as it did when the checkpoint was taken. Raises Damaged for what is none."""
    size, colon, root = spelled.partition(":")
    if not colon or not (size.isascii() and size.isdigit() and len(size) <= 18) or len(root) != 64:
        raise Damaged("the checkpoint of a receipt is not SIZE:ROOT", "run `assay audit verify`")
    entries = registry.store.log.entries()
    if int(size) > len(entries):
        return False
    return Tree(one.as_bytes() for one in entries[: int(size)]).root().hex() == root


def finite(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The metrics that are numbers a log can hold, by name: not NaN, not infinite, no more than `MOST_METRICS`."""
    found: dict[str, float] = {}
    for name, value in metrics.items():
        if isinstance(value, bool) or not isinstance(value, Real) or len(found) == MOST_METRICS:
            continue
        try:
            number = float(value)
        except OverflowError:
            continue
        if math.isfinite(number):
            found[str(name)[:_LONGEST]] = number
    return found


def _texts(facts: Mapping[str, str]) -> dict[str, str]:
    return {str(name)[:_LONGEST]: str(value)[:_LONGEST] for name, value in list(facts.items())[:MOST_FACTS]}
