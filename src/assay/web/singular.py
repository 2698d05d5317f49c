"""English phrases that are said otherwise where `n` is one."""

from __future__ import annotations

from typing import Final

ONE: Final = {
    "A release takes {n} approvals.": "A release takes one approval.",
    "Disable {n} examples": "Disable {n} example",
    "Enable {n} examples": "Enable {n} example",
    "Which models learned from which version: {n} links.": "Which models learned from which version: one link.",
    "{n} contradictions": "{n} contradiction",
    "{n} datasets, {v} versions, {r} rows in their newest versions.": "One dataset, {v} versions, {r} rows now.",
    "{n} different examples in {v} versions.": "One example in {v} versions.",
    "{n} examples": "{n} example",
    "{n} examples wait for your verdict": "one example waits for your verdict",
    "{n} generators": "one generator",
    "{n} of them come back to {ref}.": "One of them comes back to {ref}.",
    "{n} of them leave {ref}.": "One of them leaves {ref}.",
    "{n} of them were made from others of them.": "One of them was made from others of them.",
    "{n} operations": "one operation",
    "{n} queues on this page": "one queue on this page",
    "{n} records were rejected in its stead": "one record was rejected in its stead",
    "{n} rows": "{n} row",
    "{n} rows hold items of frozen eval sets": "one row holds items of frozen eval sets",
    "{n} runs": "{n} run",
    "{n} runs on this page": "one run on this page",
    "{n} sets, {m} items guarded": "one set, {m} items guarded",
    "{n} turns, {m} of them learned.": "One turn, {m} of them learned.",
    "{n} verdicts differ and wait for a third person": "one verdict differs and waits for a third person",
    "{n} versions": "one version",
    "{n} versions have taught a model; {m} have not.": "One version has taught a model; {m} have not.",
    "{n} versions, {b} branches.": "One version, {b} branches.",
    "the gate has {n} findings: {what}": "the gate has one finding: {what}",
}
"""Phrase → how it is said of one."""
