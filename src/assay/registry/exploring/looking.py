"""Looking at what versions hold and at what curations rejected, page by page; and taking a rejected record back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.measure.facets.keyset import Page
from assay.measure.facets.query import Query, parse
from assay.store.heads import MAIN

if TYPE_CHECKING:
    from assay.kernels.ids import IdArray
    from assay.model.version import SegmentRef
    from assay.registry import Registry
    from assay.registry.curating.restoring import Restored
    from assay.registry.exploring.explored import Beside, Explored, Ledgered

FIRST = Page()


@dataclass(frozen=True)
class Looking:
    """`registry.looking`. Looks leave something in memory, so that the next one is quick: some 90 bytes an example of
    the two versions looked at last. Not for several threads at once; registries that `share` hold it once."""

    registry: Registry

    def share(self, other: Registry) -> None:
        """Find what another registry, open on the same folder, looked at, and leave there what is looked at here: for
        programs with a registry for each thread, all of which would else hold the same columns and objects."""
        from assay.registry.warm import share

        share(self.registry, other)

    def explore(
        self, ref: str, query: Query | str = "", page: Page = FIRST, *, fields: Sequence[str] = ()
    ) -> Explored:
        """A page of the examples that a query (docs/find.md) chooses from a version, with counts by facet.

        A facet's own conditions do not narrow its counts. `fields`: of the records, dotted ones too (`meta.topic`),
        that are to be facets beside the usual ones. The first look at a segment reads it and takes its columns down.
        Raises NotFound, Revoked; UsageError for what is no query, no field, no order or no key.
        """
        from assay.registry.exploring.pages import explore
        from assay.registry.warm import warm_of

        asked = parse(query) if isinstance(query, str) else query
        return explore(self.registry, warm_of(self.registry), ref, asked, page, fields)

    def ids(self, ref: str, query: Query | str) -> IdArray:
        """The ids (V32, sorted) of all examples that a query chooses from a version. Raises as `explore` does."""
        from assay.registry.exploring.pages import chosen_ids
        from assay.registry.warm import warm_of

        asked = parse(query) if isinstance(query, str) else query
        return chosen_ids(self.registry, warm_of(self.registry), ref, asked)

    def beside(self, ref: str, id: str, query: Query | str = "", sort: str = "") -> Beside | None:
        """Where an example (its whole id) stands among those that a query chooses, and its neighbours; None where it
        is not among them. Raises as `explore` does."""
        from assay.registry.exploring.pages import beside
        from assay.registry.warm import warm_of

        asked = parse(query) if isinstance(query, str) else query
        return beside(self.registry, warm_of(self.registry), ref, asked, sort, bytes.fromhex(id))

    def rejected(
        self,
        ref: str,
        *,
        stage: Sequence[str] = (),
        code: Sequence[str] = (),
        source: Sequence[str] = (),
        text: str = "",
        page: Page = FIRST,
        seed: int = 0,
    ) -> Ledgered:
        """A page of the records that the curation of a version did not keep, with counts by stage, code and source.

        `text`: words that all stand in the record, -word for one that does not. Sorted by `record`, `value`,
        `similarity`, or `sample`: an order that the seed scatters, whose first page is a sample. Raises NotFound,
        Revoked, UsageError.
        """
        from assay.registry.exploring.refusing import Which, rejected
        from assay.registry.warm import warm_of

        which = Which(tuple(stage), tuple(code), tuple(source), text, seed)
        return rejected(self.registry, warm_of(self.registry), ref, which, page)

    def ledger_segments(self, ref: str) -> list[SegmentRef]:
        """Where the texts lie that a search of the ledger of a version looks at. Raises NotFound, Revoked."""
        from assay.registry.exploring.refusing import segments_used
        from assay.registry.warm import warm_of

        self.registry.version(ref).admit()
        return segments_used(self.registry, warm_of(self.registry), ref)

    def restore(
        self,
        dataset: str,
        records: Sequence[tuple[str, int]],
        reason: str,
        *,
        split: str | None = None,
        branch: str = MAIN,
        dry_run: bool = False,
    ) -> Restored:
        """Take rejected records (source, number) into the next version, by a person's decision. All of them or none.

        `split`: where to; else beside its twin, or in the largest split. Raises NotFound, UsageError, GateFailed,
        Conflict.
        """
        from assay.registry.curating.restoring import restore

        return restore(self.registry, dataset, records, reason, split=split, branch=branch, dry_run=dry_run)
