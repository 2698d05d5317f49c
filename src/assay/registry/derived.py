"""What a registry keeps beside itself and can make again: emptied when an example is forgotten, as any of it may hold
the text. A part that keeps something in `cache/` adds a line here."""

from __future__ import annotations

from shutil import rmtree
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.registry import Registry


def drop_derived(registry: Registry) -> None:
    """Empty every cache. Whoever asks next makes what is missing anew; answers of language models are paid for anew."""
    from assay.registry.curating import kept_sweeps, registering
    from assay.registry.exploring import segment_columns
    from assay.registry.export import as_datasets, kept_folder
    from assay.registry.judgement import answers
    from assay.registry.mapping import store as map_store
    from assay.registry.monitor import kept_quality, kept_statistics, profiles

    for kept in (registry.values, profiles.cache(registry), segment_columns.facet_files(registry)):
        if kept is not None:
            kept.trim(0)
    kept_statistics.answers(registry).drop()
    kept_sweeps.answers(registry).drop()
    registering.kept_fields(registry).drop()
    kept_quality.answers(registry).drop()
    map_store.drop_maps(registry)
    answers.empty(registry)
    kept_folder.drop_kept(registry)
    as_datasets.drop_loaded(registry)
    if registry.root is not None:  # what exports of the server wrote for people to fetch
        for folder in (registry.root / "server" / "jobs").glob("*/out"):
            rmtree(folder, ignore_errors=True)
