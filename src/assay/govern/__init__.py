"""Governance: proofs about the log, and what is folded from it. Knows the store, and no use case."""
