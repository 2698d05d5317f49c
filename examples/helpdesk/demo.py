"""The help desk's story, told by the command line: what `make demo` runs.

    python examples/helpdesk/demo.py FOLDER

Everything it writes goes to FOLDER, which is emptied first.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from generate import generate


def say(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def assay(folder: Path, *words: str) -> None:
    """Run one command, showing it first as a person would type it."""
    registry = folder / "registry"
    say(f"$ assay {shlex.join(words)}")
    command = [sys.executable, "-m", "assay.cli.main", "--registry", str(registry), *words]
    if subprocess.run(command, check=False).returncode:
        raise SystemExit(f"the demo stopped: {' '.join(words)} failed")


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo")
    if folder.exists() and not (folder / "truth.jsonl").exists() and any(folder.iterdir()):
        raise SystemExit(f"{folder} holds something else; name another folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    say("Five thousand raw tickets of two years, English and Chinese, and the truth about them")
    files, truth = generate(5_000, 7)
    for name, data in {**files, "truth.jsonl": truth}.items():
        (folder / name).write_bytes(data)
        print(f"  {folder / name}  {len(data) / 1e6:.1f} MB")
    first, second = (str(folder / name) for name in sorted(files))
    assay(folder, "init")
    assay(folder, "curate", "helpdesk", first, "-m", "year one")
    assay(folder, "curate", "helpdesk", second, "--add", "-m", "year two")
    assay(folder, "diff", "helpdesk@v1", "helpdesk@v2")
    planted = [entry for entry in map(json.loads, truth.splitlines()) if entry["label"] == "near_duplicate"]
    shown = next(entry for entry in planted if entry["file"] == Path(second).name)
    assay(folder, "why", "helpdesk", f"{second}:{shown['line']}")
    assay(folder, "list")
    say("Your turn")
    registry = folder / "registry"
    for words, why in (
        ("log", "who did what, when"),
        ("head helpdesk:test", "the first examples of the test split"),
        ("search 打印机", "exact search, Chinese as well"),
        (f"export helpdesk {folder / 'out'} --format messages", "files to train on"),
        (f"export helpdesk {folder / 'ledger'} --format ledger", "the fate of every record"),
        ("verify", "every byte against its name"),
    ):
        print(f"  assay --registry {registry} {words:<44}  {why}")


if __name__ == "__main__":
    main()
