"""The licensed corpora as lists of records, for tests that measure."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest


def text(path: Path) -> str:
    """The text of a file under zstd; the test is skipped where the file or the program is absent."""
    if not path.is_file() or shutil.which("zstd") is None:
        pytest.skip(f"{path.name} or the program zstd is not here")
    return subprocess.run(["zstd", "-dc", str(path)], capture_output=True, check=True).stdout.decode(
        "utf-8-sig"
    )


def alpaca(shared_data: Path) -> list[dict[str, Any]]:
    """52,002 English records: instruction, input, output."""
    return list(json.loads(text(shared_data / "sft_en_alpaca" / "alpaca_data.json.zst")))


def alpaca_zh(shared_data: Path) -> list[dict[str, Any]]:
    """18,000-odd Chinese records of the same form; one of the seven files is not JSON and left out."""
    found: list[dict[str, Any]] = []
    for path in sorted((shared_data / "sft_zh").glob("hikariming*.zst")):
        try:
            found += json.loads(text(path))
        except json.JSONDecodeError:
            continue
    return found


def cold_dev(shared_data: Path) -> tuple[list[str], list[int]]:
    """6,431 Chinese comments and their labels, 1 for offensive."""
    rows = list(csv.DictReader(text(shared_data / "safety_zh" / "cold_dev.csv.zst").splitlines()))
    return [row["TEXT"] for row in rows], [int(row["label"]) for row in rows]


def as_payload(record: dict[str, Any]) -> dict[str, Any]:
    """A record of Alpaca's form as assay reads it: one turn of each side."""
    given = record.get("input")
    asked = f"{record['instruction']}\n{given}" if given else record["instruction"]
    turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": record["output"]}]
    return {"messages": turns}
