"""Rollback: an older version's examples, as a new version."""

from __future__ import annotations

from collections.abc import Mapping

from assay.kernels.ids import IdArray
from assay.model.version import Manifest
from assay.store.commit import Draft


def rollback(head: Manifest, to: Manifest, splits: Mapping[str, IdArray], message: str) -> Draft:
    """The draft that brings back the membership of `to`; `splits` are that version's ids."""
    segments = tuple({p.segment: None for parts in to.splits.values() for p in parts})
    return Draft(
        to.dataset, head, splits, segments, message,
        curation=to.curation, action="rollback", body={"to": to.number},
    )  # fmt: skip
