"""What an export was asked for, and which options go together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assay.errors import UsageError
from assay.formats.shapes import shape_names
from assay.formats.tuning.rules import PROVIDERS

CONTAINERS: Final = ("jsonl", "parquet")
FORMATS: Final = (
    "source", "hf", "trl", "webdataset", "openai", "anthropic", "delta", "lance", "iceberg", "gx", "article",
    "ledger", "edits",
)  # fmt: skip
"""Formats beside the shapes."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of `export`. `where` None: every example; `as_type` None: the one that serves the version's kinds."""

    format: str = "source"
    container: str = "jsonl"
    where: str | None = None
    fill: str | None = None
    as_type: str | None = None
    skip_invalid: bool = False
    dry_run: bool = False
    force: bool = False
    reason: str = ""

    def check(self) -> None:
        """Raises UsageError when there is no such format, or when options do not go with it."""
        known = (*FORMATS, *shape_names())
        if self.format not in known:
            raise UsageError(f"no export format {self.format!r}", f"one of: {', '.join(known)}")
        if self.container not in CONTAINERS:
            raise UsageError(f"no container {self.container!r}", f"one of: {', '.join(CONTAINERS)}")
        if self.as_type is not None and self.format != "trl":
            raise UsageError("--as names a dataset type of TRL", "leave it out, or add --format trl")
        if self.format == "trl" and self.container != "jsonl":
            raise UsageError(
                "rows for trainers are JSON Lines: in Parquet calls of tools get each other's arguments",
                "leave --container out",
            )
        if self.skip_invalid and self.format not in PROVIDERS:
            raise UsageError(
                "--skip-invalid goes with a provider's rules",
                f"export with --format {' or '.join(PROVIDERS)}",
            )
        if self.fill is not None and self.format != "hf":
            raise UsageError("only --format hf writes a card that answers go into", "leave --fill out")
        if self.where is not None and self.format == "hf":
            raise UsageError(
                "--where chooses among examples; the card in this folder is about a whole version",
                "make a version of them first, or export in another format",
            )
        if self.where is not None and self.format == "ledger":
            raise UsageError(
                "--where chooses among examples; a ledger has records", "use `assay query` on decisions"
            )


def folder_of(directory: str) -> Path:
    """The folder to write into. Raises UsageError when it is a file."""
    folder = Path(directory)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{directory} is a file", "name a folder to write into")
    return folder
