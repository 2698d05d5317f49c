"""What `evidence` says that it packed."""

from __future__ import annotations

import shlex

from rich.console import RenderableType
from rich.text import Text

from assay.cli.render.cards import size
from assay.cli.render.frame import labelled, spaced, title, try_next
from assay.cli.render.text import plural, safe_text
from assay.registry.governing.evidence import EvidenceResult


def packed(made: EvidenceResult, dry_run: bool, keyed: bool) -> RenderableType:
    """File, what is in it, who signed; then how to check it."""
    unsigned = "not signed in a dry run" if dry_run and keyed else "nobody: there is no --key"
    unpacked = sum(made.files.values())
    said = [
        ("file", f"{made.file}, {plural(len(made.files), 'file')}, {size(unpacked)} unpacked"),
        ("log", f"{made.entries:,} of {made.size:,} entries, each with its proof"),
        ("signed by", made.signed_by or unsigned),
        ("open", f"{plural(len(made.open), 'question')} of the card left to a person" if made.open else ""),
        ("left out", "\n".join(made.left_out)),
    ]
    head = title(made.version, "would be packed" if dry_run else "packed")
    check = None
    if not dry_run:
        file = shlex.quote(made.file)
        check = try_next(
            [(f"unzip -p {file} verify.py > verify.py", ""), (f"python -I verify.py {file}", "")]
        )
    lines = [(name, Text(safe_text(text), overflow="fold")) for name, text in said if text]
    return spaced(head, labelled(lines), check)
