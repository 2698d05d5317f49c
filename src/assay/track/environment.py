"""What a run ran on: Python, the platform, the versions of what trains, the accelerator."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from importlib import metadata
from typing import Final

PACKAGES: Final = {
    "assay": "assay-data", "torch": "torch", "transformers": "transformers", "trl": "trl", "datasets": "datasets",
    "tokenizers": "tokenizers", "accelerate": "accelerate", "peft": "peft",
}  # fmt: skip
"""Name in a receipt → name of the distribution."""


def environment(
    version_of: Callable[[str], str], *, python: str, system: str, accelerator: str | None = None
) -> dict[str, str]:
    """The environment of a receipt, by name. `version_of` gives a distribution's version and raises
    PackageNotFoundError for one that is not installed, which is left out."""
    found = {"python": python, "platform": system}
    for name, distribution in PACKAGES.items():
        try:
            found[name] = version_of(distribution)
        except metadata.PackageNotFoundError:
            continue
    return found if accelerator is None else found | {"accelerator": accelerator}


def environment_here(accelerator: str | None = None) -> dict[str, str]:
    """That of this process. No environment variable is read, and nothing heavy is imported."""
    return environment(
        metadata.version,
        python=platform.python_version(),
        system=f"{sys.platform} {platform.machine()}",
        accelerator=accelerator,
    )
