"""The parts of a registry that have classes of their own: each a field of work, imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.registry.facade import Facade

if TYPE_CHECKING:
    from assay.registry.exploring.looking import Looking
    from assay.registry.generation.generating import Generating
    from assay.registry.governing.auditing import Audit
    from assay.registry.governing.papers import Papers
    from assay.registry.governing.policies import Policies
    from assay.registry.governing.releases import Releases
    from assay.registry.history.refs import Refs
    from assay.registry.judgement.judges import Judges
    from assay.registry.keeping.keeping import Keeping
    from assay.registry.mapping.maps import Maps
    from assay.registry.monitor.collapsing import Collapsing
    from assay.registry.monitor.quality import Quality
    from assay.registry.review.reviewing import Reviewing
    from assay.registry.training.effects import Effects
    from assay.registry.training.openlineage import Lineages
    from assay.registry.training.results import Results
    from assay.registry.training.running import Runs


class Parts:
    """What `Registry` is made of beside its own methods; `registry.policies` is `Policies(registry)`."""

    refs: Facade[Refs] = Facade("history.refs", "Refs")
    """Branches, tags, merges, rollbacks, blame."""
    policies: Facade[Policies] = Facade("governing.policies", "Policies")
    """Policies: which is in force, what it says of a version, and waivers."""
    releases: Facade[Releases] = Facade("governing.releases", "Releases")
    """Approving, releasing and revoking versions."""
    papers: Facade[Papers] = Facade("governing.papers", "Papers")
    """What is written about versions for people: cards, Croissant, summaries."""
    runs: Facade[Runs] = Facade("training.running", "Runs")
    """Which models learned from which version."""
    results: Facade[Results] = Facade("training.results", "Results")
    """What evaluations said of the runs."""
    effects: Facade[Effects] = Facade("training.effects", "Effects")
    """What a change of data did to models."""
    reviews: Facade[Reviewing] = Facade("review.reviewing", "Reviewing")
    """Queues, verdicts, and what follows from them."""
    judges: Facade[Judges] = Facade("judgement.judges", "Judges")
    """Language models as judges of examples."""
    keeping: Facade[Keeping] = Facade("keeping.keeping", "Keeping")
    """Disabling, enabling and forgetting examples; compacting and repair."""
    audit: Facade[Audit] = Facade("governing.auditing", "Audit")
    """The log for auditors: filters, proofs, checkpoints, and what they are held against."""
    generation: Facade[Generating] = Facade("generation.generating", "Generating")
    """Templates, and datasets that language models write to quotas."""
    collapse: Facade[Collapsing] = Facade("monitor.collapsing", "Collapsing")
    """`registry.collapse(ref)`: how synthetic depth and diversity move from version to version."""
    quality: Facade[Quality] = Facade("monitor.quality", "Quality")
    """Profiles of versions, drift between any two of them, and trends along a line."""
    looking: Facade[Looking] = Facade("exploring.looking", "Looking")
    """Examples and rejected records page by page, with facets; taking rejected ones back."""
    maps: Facade[Maps] = Facade("mapping.maps", "Maps")
    """Versions in the plane: points, clusters and what became of them."""
    lineage: Facade[Lineages] = Facade("training.openlineage", "Lineages")
    """What a version was made of and which runs learned from it, for catalogues that speak OpenLineage."""
