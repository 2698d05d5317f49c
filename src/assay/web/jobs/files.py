"""JSON files that are whole or not there: written beside, synchronised, and moved into place."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from uuid import uuid4


def keep(path: Path, value: Any, *, durable: bool = True) -> None:
    """Write a JSON value; whoever reads sees the old one or the new one. `durable`: it survives a power cut when this
    returns."""
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        with part.open("wb") as file:
            file.write(json.dumps(value).encode("ascii"))
            if durable:
                file.flush()
                os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    if durable:
        settle_folder(path.parent)


def settle_folder(folder: Path) -> None:
    """Make what a folder names durable, where folders can be synchronised."""
    if os.name == "nt":
        return
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def load(path: Path) -> Any:
    """The value of a JSON file; None where there is none or it cannot be read."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def tail(path: Path, most: int) -> str:
    """The last `most` bytes of a text file, from a line's beginning; "" where there is none."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - most))
            data = file.read(most)
    except OSError:
        return ""
    if size > most:
        data = data.partition(b"\n")[2]
    return data.decode("utf-8", "replace")
