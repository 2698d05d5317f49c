"""A minimal way to make versions: the one that the conformance suites have."""

from assay.testing.drafts import TIME, Registry, id_of, table_of

__all__ = ["TIME", "Registry", "id_of", "table_of"]
