"""What the peers of pipeline.py have in common: the bounds of the job, and the parts that are plain Python.

1. rows of {"input", "output"}; what is judged is input + newline + output
2. exact duplicates: equal after NFKC, lower case and white-space folding
3. near duplicates: MinHash of 128 values, 16 bands of 8, character 5-grams, similarity 0.8
4. filters: 2 to 2,000 words, at most 0.15 of the word bigrams repeated, no e-mail, US social security, bank card or
   telephone number and no IP address, language English, Chinese or undecided
5. written: the rows kept, the rows rejected with a reason (and a twin where the tool knows it), and counts
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

LEAST_WORDS, MOST_WORDS, MOST_REPEATED = 2, 2000, 0.15
THRESHOLD, HASHES, BANDS, SHINGLE = 0.8, 128, 16, 5
LANGUAGES = {"en", "zh", "zh-Hant", "un"}

# Written for Rust's regular expressions, which both polars and Daft use: linear time, no look-around.
PII = {
    "email": r"[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}",
    "ssn": r"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b",
    "card": r"\b(?:[0-9]{4}[ -]?){3}[0-9]{4}\b",
    "phone": r"(?:\+[0-9]{1,3}[ .-]?)?(?:\([0-9]{3}\) ?|\b[0-9]{3}[.-])[0-9]{3}[.-][0-9]{4}\b",
    "ip": r"\b(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})\.){3}(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})\b",
}


def fold(text: str) -> str:
    """NFKC, lower case, white space folded."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def repeated(text: str) -> float:
    """Share of the pairs of neighbouring words that occurred before."""
    words = text.split()
    if len(words) < 2:
        return 0.0
    return 1 - len(set(pairwise(words))) / (len(words) - 1)


def language(text: str) -> str:
    """A language code by CLD2, `un` where it cannot tell or refuses the text."""
    import pycld2

    try:
        return str(pycld2.detect(text)[2][0][1])
    except pycld2.error:  # control characters and the like: once more without them
        try:
            return str(pycld2.detect("".join(filter(str.isprintable, text)))[2][0][1])
        except pycld2.error:
            return "un"


def report(out: Path, reasons: Iterable[str | None]) -> None:
    """Write and print the counts."""
    counts = Counter((reason or "kept").split(":")[0] for reason in reasons)
    kept = counts.pop("kept", 0)
    found = json.dumps({"rows": kept + counts.total(), "kept": kept, "rejected": dict(counts)})
    (out / "report.json").write_text(found, encoding="utf-8")
    print(found)
