"""Phrases that reach the templates as values, and so stand in no template: what the interface says of them in Chinese
is looked up like every other phrase. Titles, reasons and advice of health checks are in `measure/health.py`."""

from __future__ import annotations

from typing import Final

from assay.web.facet_links import SAYS

SAID: Final = (
    *("Versions", "Card", "Explore", "Map", "Rejected", "Diff", "Sweep", "Lineage", "Policy", "Effect"),
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
    # what waits for somebody, states of queues and rules, marks of the lineage, ways to say who one is
    "a waiver ends soon: {what}",
    "all",
    "back to v{n}",
    "beyond",
    "blocks",
    "decided",
    "disagreement",
    "edge",
    "fork",
    "guarded by {n} eval sets",
    "in conflict",
    "it is approved and not released",
    "it waits for approval, and you made none of it",
    "local",
    "look",
    "merge of v{n}",
    "off",
    "open",
    "possible",
    "random",
    "refuse",
    "repaired",
    "reviewed",
    "session",
    "short",
    "stratified",
    "the gate has {n} findings: {what}",
    "token",
    "unreached",
    "waits",
    "warn",
    "{n} examples wait for your verdict",
    "{n} rows hold items of frozen eval sets",
    "{n} runs",
    "{n} verdicts differ and wait for a third person",
    "{what} was frozen after it was made: check it",
    # what points of a map are coloured by, and what became of a cluster
    "Generator",
    "Label",
    "appeared",
    "grew",
    "same",
    "shrank",
)
