"""The verifier's command line: a registry's folder or an evidence pack, and what to hold it against."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from assay.govern.proofs.evidence_check import check_evidence
from assay.govern.proofs.files import FolderFiles, ZipFiles
from assay.govern.proofs.note import Key, parse_key
from assay.govern.proofs.registry_check import check_registry
from assay.govern.proofs.report import Report

ABOUT = """Checks an assay evidence pack (folder or zip) or a registry's log, offline, with Python alone.
Exit 0: nothing found. Exit 1: findings. Exit 2: cannot be checked as asked."""


def main(words: Sequence[str], home: Path) -> int:
    """Check what `words` ask for, or the folder `home`; print the answer; the exit code."""
    parser = argparse.ArgumentParser(prog="verify.py", description=ABOUT)
    parser.add_argument("place", nargs="?", help="folder or zip (default: the folder that this file is in)")
    parser.add_argument("--key", action="append", default=[], metavar="FILE", help="public key of who signed")
    parser.add_argument(
        "--checkpoint",
        action="append",
        default=[],
        metavar="FILE",
        help="a checkpoint that you kept yourself",
    )
    parser.add_argument("--json", action="store_true", help="answer with one JSON document")
    asked = parser.parse_args(words)
    place = Path(asked.place) if asked.place else home
    try:
        keys = [_key(name) for name in asked.key]
        given = [(str(name), Path(name).read_bytes()) for name in asked.checkpoint]
        files = FolderFiles(place) if place.is_dir() else ZipFiles(place)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"error: {_plain(str(error))}\n")
        return 2
    registry = (
        "registry.json" in files.names()
        if isinstance(files, ZipFiles)
        else (place / "registry.json").exists()
    )
    report = check_registry(files, keys, given) if registry else check_evidence(files, keys, given)
    text = json.dumps(report.as_json(), indent=2) if asked.json else as_text(report)
    sys.stdout.write(text + "\n")
    return 0 if report.ok else 1


def as_text(report: Report) -> str:
    """The report for people, in ASCII."""
    lines = [f"log         {_plain(report.origin) or 'unknown'}"]
    kind = "the whole log" if report.whole else f"an extract of a log of {report.size}"
    lines.append(f"entries     {report.entries}, {kind}")
    lines.append(f"root        {report.root.hex() or 'unknown'} of {report.size} entries")
    for one in report.checkpoints:
        by = ", ".join(f"{_plain(key.name)}+{key.id.hex()}" for key in one.signed) or "no signature checked"
        lines.append(f"checkpoint  {_plain(one.file)}: {one.state}, {one.checkpoint.size} entries, {by}")
    if report.listed:
        lines.append(f"files       {report.listed} in the manifest")
    for found in report.ordered():
        entry = "" if found.seq is None else f" entry {found.seq}"
        lines.append(f"DAMAGE      {found.kind}{entry}, {_plain(found.file)}: {_plain(found.message)}")
    lines.append("RESULT      nothing found" if report.ok else f"RESULT      {len(report.findings)} findings")
    if report.ok:
        lines += ["", "This proves:", *(f"  - {_plain(said)}" for said in report.proves())]
        lines += ["", "It does not prove:", *(f"  - {_plain(said)}" for said in report.leaves_open())]
    return "\n".join(lines)


def _key(name: str) -> Key:
    return parse_key(Path(name).read_text("utf-8"))


def _plain(text: str) -> str:
    """ASCII without control characters: what is checked may be hostile."""
    return ascii(text)[1:-1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parent))
