"""A writer in a process of its own: appends operations to the log of a registry in an object store, and says which."""

from __future__ import annotations

import sys
from pathlib import Path

from assay.errors import StorageFailure
from assay.model.operation import Operation
from assay.store.log import Log
from assay.store.nearby import NearbyStorage
from assay.store.object_store_address import connect


def main(endpoint: str, folder: str, first: str, last: str, who: str) -> None:
    options = {"endpoint": endpoint, "region": "us-east-1", "access_key_id": "k", "secret_access_key": "s"}
    far = connect("s3://bucket/race", options, timeout=2, proofs=Path(folder))
    storage = NearbyStorage(far, Path(folder))
    for number in range(int(first), int(last)):
        print("begins", number, flush=True)
        # Every other operation is the same to the byte in both writers.
        body = {"number": number} | ({"who": who} if number % 2 else {})
        try:
            Log(storage).append(
                lambda seq, prev, body=body: Operation(
                    seq, prev, "2026-11-21T00:00:00Z", "mira", "note", None, body
                )
            )
        except StorageFailure as error:
            print("unknown", number, error.message, flush=True)
        else:
            print("done", number, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
