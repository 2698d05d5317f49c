"""A writer in a process of its own: changes a registry in an object store, and says what it did.

`s3_worker.py append|curate ENDPOINT FOLDER FIRST LAST WHO`
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import assay
from assay.errors import Conflict, StorageFailure
from assay.model.operation import Operation
from assay.store.log import Log
from assay.store.nearby import NearbyStorage
from assay.store.object_store_address import connect

ADDRESS = "s3://bucket/race"


def append(options: dict[str, str], folder: Path, number: int, who: str) -> None:
    """One operation; every other one is the same to the byte in all writers."""
    storage = NearbyStorage(connect(ADDRESS, options, timeout=2, proofs=folder), folder)
    body = {"number": number} | ({"who": who} if number % 2 else {})

    def build(seq: int, prev: str | None) -> Operation:
        return Operation(seq, prev, "2026-11-21T00:00:00Z", "mira", "note", None, body)

    Log(storage).append(build)


def curate(options: dict[str, str], folder: Path, number: int, who: str) -> None:
    """One version with one example more."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / f"{number}.jsonl"
    source.write_text(
        json.dumps({"input": f"What is {who}{number}?", "output": f"{who} {number * 7919}."}) + "\n"
    )
    while True:
        registry = assay.open(ADDRESS, actor=who, options=options, cache=folder)
        try:
            registry.import_("desk", [str(source)], add=True)
        except Conflict:
            continue
        return


def main(act: Callable[[dict[str, str], Path, int, str], None], *words: str) -> None:
    endpoint, folder, first, last, who = words
    options = {"endpoint": endpoint, "region": "us-east-1", "access_key_id": "k", "secret_access_key": "s"}
    for number in range(int(first), int(last)):
        print("begins", number, flush=True)
        try:
            act(options, Path(folder), number, who)
        except StorageFailure as error:
            print("unknown", number, error.message, flush=True)
        else:
            print("done", number, flush=True)


if __name__ == "__main__":
    main({"append": append, "curate": curate}[sys.argv[1]], *sys.argv[2:])
