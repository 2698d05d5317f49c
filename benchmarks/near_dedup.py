"""Near-duplicate removal: assay next to Daft and rensa, each as a whole process.

    python benchmarks/near_dedup.py [--sizes 50000 200000 1000000] [--repetitions 5] [--envs .bench]
                                    [--corpus DIR …] [--tools assay daft-word …] [--json FILE]

Every tool reads {"input", "output"} lines and ends when it has written what it removed. The runs are interleaved. The
peers' scripts are in benchmarks/peers; docs/benchmarks.md says which of them does less. Without --corpus, the corpora
are those of benchmarks/corpus.py, kept in the folder of --envs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import assay_near_dedup
import contest
import environments
from process import Run
from score import score

HERE = Path(__file__).resolve().parent
# What is timed as "assay"; the corpus and the folder for results are appended.
ASSAY = (sys.executable, str(HERE / "assay_near_dedup.py"))
PEERS = {
    "daft-word": ("daft", "near_daft.py", ("--ngrams", "word")),
    "daft-char": ("daft", "near_daft.py", ("--ngrams", "char")),
    "rensa": ("rensa", "near_rensa.py", ()),
}


def tools(names: list[str], envs: Path) -> list[contest.Tool]:
    """The tools of these names; makes the environments that they need."""
    found = []
    for name in names:
        if name == "assay":
            found.append(contest.Tool(name, ASSAY, ours=True, removed=assay_near_dedup.removed))
            continue
        environment, script, options = PEERS[name]
        program = environments.python(environment, envs)
        found.append(contest.Tool(name, (str(program), str(HERE / "peers" / script), *options)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[50_000, 200_000, 1_000_000])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--envs", type=Path, default=HERE.parent / ".bench")
    parser.add_argument("--corpus", type=Path, nargs="+", default=[])
    parser.add_argument("--tools", nargs="+", choices=["assay", *PEERS], default=["assay", *PEERS])
    parser.add_argument("--json", type=Path, help="append every single run to this file")
    given = parser.parse_args()
    chosen = tools(given.tools, given.envs)
    for name in sorted({PEERS[tool][0] for tool in given.tools if tool in PEERS}):
        print(f"{name}: {environments.versions(environments.python(name, given.envs), name)}")
    for folder in contest.corpora(given.sizes, given.corpus, given.envs):

        def inspect(tool: contest.Tool, out: Path, run: Run, folder: Path = folder) -> dict[str, str]:
            found = score(folder, tool.removed(out))
            no_twin = found.proven is None
            return {
                "removed": f"{found.removed:,}",
                "recall at J ≥ 0.8": f"{found.recall:.4f}",
                "proven": "no twin named" if no_twin else f"{found.proven:.4f}",
                "twins removed": "–" if no_twin else f"{found.twins_removed:,}",
            }

        with tempfile.TemporaryDirectory() as scratch:
            results = contest.contest(chosen, folder, Path(scratch), given.repetitions, inspect)
        contest.report(results, folder)
        if given.json:
            contest.record(given.json, folder, results)


if __name__ == "__main__":
    main()
