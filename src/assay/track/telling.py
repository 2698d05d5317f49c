"""What trackers are told of a receipt, and what becomes of their failures. No text of an example is in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from assay.errors import AssayError, TrackerFailed
from assay.track.receipt import Receipt

FIELDS: Final = (
    "run", "version", "fingerprint", "split", "rows", "transform", "chat_template", "seed", "checkpoint",
    "started", "state", "ended",
)  # fmt: skip
"""The fields of a receipt that trackers get. A command line (`program`) and the environment may hold secrets, and stay."""
_CREDENTIALS: Final = re.compile(r"//[^/@\s]*@")
_LONGEST: Final = 300


def told(receipt: Receipt) -> dict[str, Any]:
    """Of `FIELDS`, those that say something."""
    said = receipt.as_json()
    return {name: said[name] for name in FIELDS if name in said}


@contextmanager
def failures_of(tracker: str) -> Iterator[None]:
    """Whatever goes wrong inside comes out as an AssayError: TrackerFailed, with the first line of what was said and
    without credentials of an address."""
    try:
        yield
    except AssayError:
        raise
    except Exception as error:
        line = next(iter(str(error).strip().splitlines()), "")[:_LONGEST]
        said = _CREDENTIALS.sub("//…@", line)
        raise TrackerFailed(
            f"{tracker} was not told of the run: {type(error).__name__}" + (f": {said}" if said else ""),
            "the receipt is in the registry all the same; mend the tracker and record it there by hand",
        ) from error
