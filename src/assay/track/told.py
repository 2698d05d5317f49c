"""What trackers are told of a receipt, and what becomes of their failures. No text of an example is in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from assay.errors import AssayError, TrackingFailed
from assay.track.receipt import Receipt

FIELDS: Final = (
    "run", "version", "fingerprint", "split", "rows", "transform", "chat_template", "seed", "checkpoint",
    "started", "state", "ended",
)  # fmt: skip
"""The fields of a receipt that trackers get. A command line and the environment may hold secrets: they stay."""
_CREDENTIALS: Final = re.compile(r"//[^/@\s]*@")
_LONGEST: Final = 300
_HINT: Final = (
    "the receipt is in the registry all the same; mend the tracker, or record the run there by hand"
)


def told(receipt: Receipt) -> dict[str, Any]:
    """Of `FIELDS`, those that say something."""
    said = receipt.as_json()
    return {name: said[name] for name in FIELDS if name in said}


def id_at(receipt: Receipt, tracker: str) -> str | None:
    """The run's id at a tracker, which the receipt may have under its name alone or with its place (`mlflow=…`)."""
    for name, id in receipt.trackers.items():
        if name.partition("=")[0] == tracker:
            return id
    return None


@contextmanager
def failures_of(tracker: str, hint: str = _HINT, fate: str = "was not told") -> Iterator[None]:
    """Whatever goes wrong inside comes out as an AssayError: TrackingFailed, with the first line of what was said,
    without credentials of an address."""
    try:
        yield
    except AssayError:
        raise
    except Exception as error:
        line = next(iter(str(error).strip().splitlines()), "")[:_LONGEST]
        said = _CREDENTIALS.sub("//…@", line)
        kind = type(error).__name__
        raise TrackingFailed(f"{tracker} {fate}: {kind}" + (f": {said}" if said else ""), hint) from error
