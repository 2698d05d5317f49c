"""What a program is told that trains under `assay run`: names of environment variables, and of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assay.track.receipt import Receipt

if TYPE_CHECKING:
    from assay.registry import Registry


def fresh_name(registry: Registry) -> str:
    """A name for a run that nobody named: the time in UTC, and two random bytes."""
    return f"run-{registry.clock():%Y%m%d-%H%M%S}-{registry.entropy(2).hex()}"


def variables(registry: Registry, receipt: Receipt, place: str, data: str | None = None) -> dict[str, str]:
    """Name → value of what the program finds in its environment. `place`: where the registry was opened."""
    found = {
        "ASSAY_DATASET": receipt.ref,
        "ASSAY_FINGERPRINT": receipt.fingerprint,
        "ASSAY_RUN": receipt.run,
        "ASSAY_REGISTRY": str(registry.root.absolute()) if registry.root is not None else place,
    }
    if receipt.seed is not None:
        found["ASSAY_SEED"] = str(receipt.seed)
    if data is not None:
        found["ASSAY_DATA"] = str(Path(data).absolute())
    return found
