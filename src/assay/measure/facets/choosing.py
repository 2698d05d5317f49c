"""Which rows a query chooses, and how many rows each value of each facet would choose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

import numpy as np

from assay.errors import UsageError
from assay.measure.facets.columns import Column, Facet, Mask
from assay.measure.facets.query import Query


@dataclass(frozen=True)
class Chosen:
    """`base`: the rows that all but the conditions on fields leave (None: all of them); `by_field`: those that the
    conditions on each field leave, and its values that were picked."""

    rows: int
    base: Mask | None
    by_field: Mapping[str, Mask]
    picked: Mapping[str, Mask] = field(default_factory=dict)

    @property
    def all(self) -> Mask | None:
        """bool[rows] of what is left by everything; None: all rows."""
        return self.but("")

    def but(self, name: str) -> Mask | None:
        """What is left by everything but the conditions on one field."""
        left = self.base
        for other, mask in self.by_field.items():
            if other != name:
                left = mask if left is None else left & mask
        return left

    def facets(self, columns: Mapping[str, Column], names: Iterable[str]) -> tuple[Facet, ...]:
        """The facets of some columns. A facet's own conditions do not narrow its counts."""
        whole = self.all
        found = []
        for name in names:
            column = columns[name]
            rows = self.but(name) if name in self.by_field else whole
            found.append(column.facet(name, rows, self.picked.get(name, column.none)))
        return tuple(found)


def choose(columns: Mapping[str, Column], query: Query, rows: int, base: Mask | None) -> Chosen:
    """What a query's conditions leave of `base`; its fields are names of columns. Raises UsageError."""
    masks, picked = {}, {}
    for name in query.fields:
        column, said = columns[name], query.of(name)
        picks = [column.picks(one) for one in said.picked if not one.out]
        allowed = np.logical_or.reduce(picks) if picks else None
        for bad in (column.picks(one) for one in said.picked if one.out):
            allowed = ~bad if allowed is None else allowed & ~bad
        for one in said.compared:
            good = column.compares(one)
            good = ~good if one.out else good
            allowed = good if allowed is None else allowed & good
        assert allowed is not None, "a field is named by a condition"
        masks[name] = allowed[column.codes]
        if picks or said.compared:
            picked[name] = allowed
    return Chosen(rows, base, masks, picked)


def resolved(query: Query, names: Mapping[str, str]) -> Query:
    """The query with every field called by its own name; `names` has what each may be called.

    Raises UsageError, saying where, for a field that there is not.
    """

    def own(one: str, at: int) -> str:
        found = names.get(one) or names.get(one.lower())
        if found is None:
            near = get_close_matches(one, names, 1)
            place = f" (character {at} of the query)" if at else ""
            raise UsageError(
                f"no field {one[:40]!r}{place}",
                (f"did you mean {near[0]}? " if near else "")
                + f"fields: {', '.join(dict.fromkeys(names.values()))}; to find the text itself, quote it",
            )
        return found

    return replace(
        query,
        picked=tuple(replace(one, field=own(one.field, one.at)) for one in query.picked),
        compared=tuple(replace(one, field=own(one.field, one.at)) for one in query.compared),
    )
