"""Limits of a version that follow from facts, each in a sentence."""

from __future__ import annotations

from assay.govern.card_facts import CardFacts

_SCREENS = {
    "pii": "Personal data was looked for by patterns and checksums; names and addresses in free prose are not found.",
    "toxicity": "Toxicity was screened by words; what is said without them is not found.",
    "language": "Languages were told by script and words; short texts are often undetermined.",
    "near_dedup": "Near-duplicates were found by shared characters; the same thing in other words is not found.",
    "decontaminate": "Eval items were looked for by overlapping words, which finds no rephrased or translated ones.",
}  # fmt: skip


def limits(facts: CardFacts) -> list[str]:
    """What a reader must not take for granted; never empty."""
    ran = set(facts.curated.stages) if facts.curated else set()
    found = [said for stage, said in _SCREENS.items() if stage in ran]
    missing = {"pii": "personal data", "toxicity": "toxicity", "near_dedup": "near-duplicates"}
    absent = [what for stage, what in missing.items() if stage not in ran]
    if absent:
        found.append(f"The curation of this version did not look for {', '.join(absent)}.")
    if not any(one.held for one in facts.guards):
        found.append("The curation of this version was held against no frozen eval set.")
    for column, what in (("origin", "who wrote them"), ("licence", "their licence")):
        tally = facts.tally(column)
        if tally.missing:
            found.append(f"{tally.missing:,} of {facts.rows:,} examples do not state {what}.")
    if facts.curated and facts.curated.added:
        found.append("Earlier examples were judged by the recipes of earlier versions.")
    undetermined = facts.languages.get("und", 0)
    if undetermined:
        found.append(
            f"{undetermined:,} examples are too short, or hold too little prose, to tell their language."
        )
    if any(column.name == "extra" for column in facts.columns):
        found.append(
            "The column extra holds fields of the source records as they were; no stage looked at them."
        )
    found.append(
        "Figures and checks describe form, not truth: whether answers are right is not known from them."
    )
    return found
