"""The whole pipeline: assay next to a hand-written polars + rensa + CLD2 script and to Daft.

    python benchmarks/pipeline.py [--sizes 50000 200000 1000000] [--repetitions 5] [--envs .bench]
                                  [--corpus DIR …] [--tools assay polars-rensa daft] [--peer-scripts DIR]
                                  [--export] [--json FILE]

Exact and near duplicates, length, repetition, personal data, language; rows kept and rows rejected are written. Each
tool is a whole process; the runs are interleaved. With --peer-scripts, the peers are DIR/hand_rensa.py and
DIR/peer_daft.py, whatever they are, called as `SCRIPT CORPUS OUT`, instead of those in benchmarks/peers.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import contest
import environments
from process import Run

HERE = Path(__file__).resolve().parent
# What is timed as "assay"; the corpus and the folder for results are appended.
ASSAY = (sys.executable, str(HERE / "assay_pipeline.py"))
# name: (environment, our script, the name of the script in --peer-scripts)
PEERS = {
    "polars-rensa": ("rensa", "polars_rensa.py", "hand_rensa.py"),
    "daft": ("daft", "pipeline_daft.py", "peer_daft.py"),
}


def tools(names: list[str], envs: Path, scripts: Path | None, export: bool) -> list[contest.Tool]:
    """The tools of these names; makes the environments that they need."""
    found = []
    for name in names:
        if name == "assay":
            command = (*ASSAY, "--export") if export else ASSAY
            found.append(contest.Tool("assay + export" if export else "assay", command, ours=True))
            continue
        environment, own, given = PEERS[name]
        script = scripts / given if scripts else HERE / "peers" / own
        program = environments.python(environment, envs)
        found.append(contest.Tool(f"{script.name}" if scripts else name, (str(program), str(script))))
    return found


def inspect(tool: contest.Tool, out: Path, run: Run) -> dict[str, str]:
    """The counts that the tool printed last."""
    said = json.loads(run.said)
    print(f"  {tool.name}: {run.said}", file=sys.stderr)
    return {"kept": f"{said['kept']:,}"}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[50_000, 200_000, 1_000_000])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--envs", type=Path, default=HERE.parent / ".bench")
    parser.add_argument("--corpus", type=Path, nargs="+", default=[])
    parser.add_argument("--tools", nargs="+", choices=["assay", *PEERS], default=["assay", *PEERS])
    parser.add_argument("--peer-scripts", type=Path)
    parser.add_argument("--export", action="store_true", help="assay also writes its rows as JSON lines")
    parser.add_argument("--json", type=Path, help="append every single run to this file")
    given = parser.parse_args()
    chosen = tools(given.tools, given.envs, given.peer_scripts, given.export)
    for name in sorted({PEERS[tool][0] for tool in given.tools if tool in PEERS}):
        print(f"{name}: {environments.versions(environments.python(name, given.envs), name)}")
    for folder in contest.corpora(given.sizes, given.corpus, given.envs):
        with tempfile.TemporaryDirectory() as scratch:
            results = contest.contest(chosen, folder, Path(scratch), given.repetitions, inspect)
        contest.report(results, folder)
        if given.json:
            contest.record(given.json, folder, results)


if __name__ == "__main__":
    main()
