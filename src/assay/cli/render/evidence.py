"""What `evidence` says that it packed."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from assay.cli.render.frame import labelled, spaced, title, try_next
from assay.cli.render.text import plural, safe_text
from assay.registry.evidence import EvidenceResult


def packed(made: EvidenceResult, dry_run: bool, keyed: bool) -> RenderableType:
    """File, what is in it, who signed; then how to check it."""
    said = [
        (
            "file",
            f"{made.file}, {plural(len(made.files), 'file')}, {sum(made.files.values()):,} bytes unpacked",
        ),
        ("log", f"{made.entries:,} of {made.size:,} entries, each with its proof"),
        (
            "signed by",
            made.signed_by
            or ("not signed in a dry run" if dry_run and keyed else "nobody: there is no --key"),
        ),
        ("open", f"{plural(len(made.open), 'question')} of the card left to a person" if made.open else ""),
        ("left out", "\n".join(made.left_out)),
    ]
    head = title(made.version, "would be packed" if dry_run else "packed")
    check = None
    if not dry_run:
        check = try_next(
            [(f"unzip -p {made.file} verify.py > verify.py", ""), (f"python -I verify.py {made.file}", "")]
        )
    return spaced(
        head, labelled([(name, Text(safe_text(text), overflow="fold")) for name, text in said if text]), check
    )
