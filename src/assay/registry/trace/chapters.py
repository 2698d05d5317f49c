"""What `trace` tells beyond versions and records: a chapter for each part of the registry that knows of examples."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Final

from assay.registry.results import Section

if TYPE_CHECKING:
    from assay.registry import Registry

CHAPTERS: Final[tuple[str, ...]] = (
    "assay.registry.trace.known_generation:chapter",
    "assay.registry.trace.known_calls:chapter",
    "assay.registry.trace.known_facts:chapter",
    "assay.registry.trace.known_judgements:chapter",
    "assay.registry.trace.known_reviews:chapter",
    "assay.registry.training.running:chapter",
)
"""Where each chapter is written, in the order shown: "module:function", looked up when a trace is asked for. The
function takes the registry and the example's id (32 bytes) and gives a `Section`, or None where it knows nothing."""


def sections(registry: Registry, example: bytes) -> Iterator[Section]:
    """The chapters that have something to say of an example."""
    for place in CHAPTERS:
        module, _, function = place.partition(":")
        found: Section | None = getattr(import_module(module), function)(registry, example)
        if found is not None and found.rows:
            yield found
