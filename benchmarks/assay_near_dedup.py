"""assay's side of near_dedup.py: exact and near duplicates of one corpus.

    python benchmarks/assay_near_dedup.py CORPUS.jsonl OUT

Curates the file into a new registry, OUT/registry, with a recipe of exact_dedup and near_dedup: the kept rows, every
rejected row and the evidence for it are on disk when it ends.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

NAME = "bench"
STAGES = ["exact_dedup", {"near_dedup": {"threshold": 0.8}}]


def curate(corpus: str, out: Path) -> None:
    import assay

    registry = assay.init(out / "registry")
    result = registry.curate(NAME, [corpus], recipe=assay.Recipe(stages=STAGES))
    print(json.dumps({"rows": result.read, "kept": result.kept}))


def removed(out: Path) -> Path:
    """A file of {"row", "twin"}, both 0-based, of what the registry's ledger says; not part of the time."""
    ready = out / "removed.jsonl"
    if ready.is_file():
        return ready
    import assay

    assay.open(out / "registry").export(NAME, str(out / "ledger"), format="ledger")
    with (out / "ledger" / "ledger.jsonl").open(encoding="utf-8") as lines, ready.open("w") as found:
        for line in lines:
            entry = json.loads(line)
            if entry["outcome"] == "rejected":
                twin = entry["twin"]
                pair = {"row": entry["record"] - 1, "twin": twin["record"] - 1 if twin else None}
                found.write(json.dumps(pair) + "\n")
    return ready


if __name__ == "__main__":
    curate(sys.argv[1], Path(sys.argv[2]))
