"""Phrases that reach the templates as values, and so stand in no template: what the interface says of them in Chinese
is looked up like every other phrase. Titles, reasons and advice of health checks are in `measure/health.py`."""

from __future__ import annotations

from typing import Final

from assay.web.facet_links import SAYS

SAID: Final = (
    *("Versions", "Card", "Explore", "Map", "Rejected", "Diff", "Sweep", "Lineage", "Effect"),
    # actions of the log that make a version
    *("commit", "disable", "enable", "apply", "merge", "rollback"),
    # kinds, roles and parts of examples
    *("messages", "preference", "completion", "text"),
    *("system", "user", "assistant", "tool", "label", "chosen", "rejected"),
    # verdicts of gates, reviews and ledgers
    *("passed", "warned", "failed", "waived", "accept", "reject", "edit", "skip", "malformed"),
    # scripts, as `measure/language.py` names them
    *("Latin", "Chinese", "Japanese", "Korean", "Cyrillic", "Arabic", "mixed", "no letters"),
    # columns of provenance and their values
    *(
        "source",
        "record",
        "key",
        "origin",
        "generator",
        "generation params",
        "prompt template",
        "prompt digest",
    ),
    *("created", "depth", "licence", "human", "synthetic", "log", "web"),
    # chapters of a trace
    *("Facts", "Reviews", "Runs that learned from it", "What judges said", "The call that made it"),
    *SAYS,
    # why a rejected record does not stand beside a twin
    *("no twin decided this", "both are the same, character for character", "a text is not there any more"),
    "no version is released",
)
"""English phrases."""
