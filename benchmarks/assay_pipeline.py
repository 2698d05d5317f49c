"""assay's side of pipeline.py: the whole pipeline over one corpus.

    python benchmarks/assay_pipeline.py [--export] CORPUS.jsonl OUT

Curates the file into a new registry, OUT/registry, with the bounds of peers/job.py. The registry holds what the peers
write as files (the rows kept, the rows rejected, why, and the counts); --export also writes the kept rows and the
ledger as JSON lines within the time measured.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

NAME = "bench"
# assay counts words and single Chinese characters, and bounds input and output each by itself.
STAGES: list[str | dict[str, Any]] = [
    "exact_dedup",
    {"near_dedup": {"threshold": 0.8}},
    {"length": {"min_input": 1, "max_input": 2000, "min_output": 1, "max_output": 2000}},
    {"repetition": {"max_ratio": 0.15, "min_units": 2}},
    "pii",
    {"language": {"allow": ["en", "zh"]}},
]


def main() -> None:
    import assay

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus")
    parser.add_argument("out", type=Path)
    parser.add_argument("--export", action="store_true")
    given = parser.parse_args()
    registry = assay.init(given.out / "registry")
    recipe = assay.Recipe(stages=STAGES)
    result = registry.curate(NAME, [given.corpus], recipe=recipe, workers=os.cpu_count() or 1)
    if given.export:
        registry.export(NAME, str(given.out / "curated"), format="input_output")
        registry.export(NAME, str(given.out / "ledger"), format="ledger")
    rejected = {code: count for stage in result.as_json()["stages"] for code, count in stage["codes"].items()}
    print(json.dumps({"rows": result.read, "kept": result.kept, "rejected": rejected}))


if __name__ == "__main__":
    main()
