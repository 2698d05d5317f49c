"""query and where: SQL over versions, and the examples for which an expression holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa

from assay.kernels.ids import IdArray, ids_from_hex, order
from assay.registry.querying.tables import Scope
from assay.registry.version import Version
from assay.store.sql.database import Limits, answer
from assay.store.sql.database import matching as sql_matching

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from assay.registry import Registry

ArrowTable: TypeAlias = pa.Table


def query(registry: Registry, sql: str, ref: str | None, limits: Limits | None = None) -> ArrowTable:
    """What a SELECT statement gives, over a version or over the newest one of every dataset.

    Raises UsageError, saying what is wrong with the statement and which columns there are.
    """
    return answer(sql, Scope(registry, scope(registry, ref)).tables(), limits or Limits())


def matching(registry: Registry, ref: str, where: str, beside: Collection[str] = ()) -> IdArray:
    """The sorted ids of the examples of a version for which the expression `where` holds.

    Facts that other datasets, `beside`, have may be named as well. Raises UsageError for what is not one expression on
    the columns of `examples`.
    """
    found = sql_matching(where, Scope(registry, [registry.version(ref)], beside).examples(), Limits())
    ids = ids_from_hex(found.column("id"))
    return ids[order(ids)]


def scope(registry: Registry, ref: str | None) -> Sequence[Version]:
    """The version that a ref names; without one, the newest of every dataset."""
    if ref is not None:
        return [registry.version(ref)]
    return [registry.version(name) for name in sorted(registry.store.versions())]
