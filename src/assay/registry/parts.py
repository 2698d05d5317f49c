"""The parts of a registry that have classes of their own: each a field of work, imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.registry.facade import Facade

if TYPE_CHECKING:
    from assay.registry.auditing import Audit
    from assay.registry.collapsing import Collapsing
    from assay.registry.generating import Generating
    from assay.registry.judges import Judges
    from assay.registry.keeping import Keeping
    from assay.registry.papers import Papers
    from assay.registry.policies import Policies
    from assay.registry.refs import Refs
    from assay.registry.releases import Releases
    from assay.registry.reviewing import Reviewing
    from assay.registry.running import Runs


class Parts:
    """What `Registry` is made of beside its own methods; `registry.policies` is `Policies(registry)`."""

    refs: Facade[Refs] = Facade("refs", "Refs")
    """Branches, tags, merges, rollbacks, blame."""
    policies: Facade[Policies] = Facade("policies", "Policies")
    """Policies: which is in force, what it says of a version, and waivers."""
    releases: Facade[Releases] = Facade("releases", "Releases")
    """Approving, releasing and revoking versions."""
    papers: Facade[Papers] = Facade("papers", "Papers")
    """What is written about versions for people: cards, Croissant, summaries."""
    runs: Facade[Runs] = Facade("running", "Runs")
    """Which models learned from which version."""
    reviews: Facade[Reviewing] = Facade("reviewing", "Reviewing")
    """Queues, verdicts, and what follows from them."""
    judges: Facade[Judges] = Facade("judges", "Judges")
    """Language models as judges of examples."""
    keeping: Facade[Keeping] = Facade("keeping", "Keeping")
    """Disabling, enabling and forgetting examples; compacting and repair."""
    audit: Facade[Audit] = Facade("auditing", "Audit")
    """The log for auditors: filters, proofs, checkpoints, and what they are held against."""
    generation: Facade[Generating] = Facade("generating", "Generating")
    """Templates, and datasets that language models write to quotas."""
    collapse: Facade[Collapsing] = Facade("collapsing", "Collapsing")
    """`registry.collapse(ref)`: how synthetic depth and diversity move from version to version."""
