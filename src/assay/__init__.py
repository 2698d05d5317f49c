"""assay: curate, version and govern the datasets that language models are fine-tuned on.

    >>> import assay
    >>> registry = assay.init("registry")
    >>> result = registry.curate("helpdesk", ["tickets.jsonl"])

The names below are the public ones; everything else may change. They are looked up when first used, so that
`import assay` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assay.errors import AssayError, BadInput, Conflict, Damaged, InvalidRecipe, NotFound
    from assay.model.decision import Decision
    from assay.model.diff import Diff
    from assay.model.example import Example
    from assay.model.operation import Operation
    from assay.model.recipe import Recipe
    from assay.registry import Registry
    from assay.registry.opening import init, open
    from assay.registry.results import CurationResult, Hit, Progress, Trace
    from assay.registry.version import Version

__version__ = "0.1.0"

_HOME = {
    "AssayError": "assay.errors",
    "BadInput": "assay.errors",
    "Conflict": "assay.errors",
    "CurationResult": "assay.registry.results",
    "Damaged": "assay.errors",
    "Decision": "assay.model.decision",
    "Diff": "assay.model.diff",
    "Example": "assay.model.example",
    "Hit": "assay.registry.results",
    "InvalidRecipe": "assay.errors",
    "NotFound": "assay.errors",
    "Operation": "assay.model.operation",
    "Progress": "assay.registry.results",
    "Recipe": "assay.model.recipe",
    "Registry": "assay.registry",
    "Trace": "assay.registry.results",
    "Version": "assay.registry.version",
    "init": "assay.registry.opening",
    "open": "assay.registry.opening",
}

__all__ = [
    "AssayError",
    "BadInput",
    "Conflict",
    "CurationResult",
    "Damaged",
    "Decision",
    "Diff",
    "Example",
    "Hit",
    "InvalidRecipe",
    "NotFound",
    "Operation",
    "Progress",
    "Recipe",
    "Registry",
    "Trace",
    "Version",
    "__version__",
    "init",
    "open",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'assay' has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return __all__
