"""An upload: what is known of a file that somebody sends."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

_ENDING: Final = re.compile(
    r"\.(?:(?:jsonl|ndjson|json|csv|tsv|parquet|pq|txt|text|md)(?:\.(?:gz|gzip|zst|zstd))?|yaml|yml)$",
    re.ASCII,
)
_STRANGE: Final = re.compile(r"[^\w.\- ]+")


class Upload(BaseModel):
    """`offset`: so many bytes are safe on disk. `length`: so many it will have, None where that is not known yet.
    `sha256`: of all of them, once it is complete. `name`: what its sender calls it; no path, and never used as one."""

    model_config = ConfigDict(frozen=True)

    id: str
    owner: str
    name: str
    created: float
    offset: int = 0
    length: int | None = None
    sha256: str | None = None

    @property
    def complete(self) -> bool:
        return self.sha256 is not None

    @property
    def called(self) -> str:
        """The name under which it stands in a ledger: it says that it was uploaded, and which upload it was."""
        return f"upload-{self.id[:8]}/{self.name}"


def clean_name(said: str) -> str:
    """A name without folders, controls, or what a shell or a page would read; at most 100 characters."""
    last = said.replace("\\", "/").rpartition("/")[2]
    name = _STRANGE.sub("_", last).strip(" .")[-100:].strip(" .")
    return name or "upload"


def ending_of(name: str) -> str:
    """The part of a name that tells what a file holds, if it is one that the readers know; else nothing."""
    found = _ENDING.search(name.lower())
    return found.group() if found else ""


def file_of(folder: Path, upload: Upload) -> Path:
    """Where its bytes lie: nothing of the path but the known ending is the sender's."""
    return folder / upload.id / f"data{ending_of(upload.name)}"
