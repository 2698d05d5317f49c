"""Which numbers of a recipe can be swept, and over which range it makes sense to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.curate.plan import make_plan, parse_recipe

if TYPE_CHECKING:
    from assay.model.version import Manifest
    from assay.registry import Registry


@dataclass(frozen=True, slots=True)
class Dial:
    """A parameter of a stage: the value that the version was made with, and a range around it in steps."""

    stage: str
    parameter: str
    value: float
    low: float
    high: float
    step: float


def dials(registry: Registry, manifest: Manifest) -> list[Dial]:
    """The numbers of the recipe that made a version, in its order; none where no curation did."""
    made = registry.store.curation(manifest)
    if made is None:
        return []
    plan = make_plan(parse_recipe(made["recipe"]))
    out = []
    for stage, spec in zip(plan.stages, plan.recipe.stages, strict=True):
        fields: Any = type(stage).model_fields
        for name in fields:
            value = getattr(stage, name)
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                out.append(_dial(spec.kind, name, value, fields[name].metadata))
    return out


def _dial(stage: str, name: str, value: float, metadata: list[Any]) -> Dial:
    least = next(
        (b for one in metadata if (b := getattr(one, "ge", getattr(one, "gt", None))) is not None), 0
    )
    most = next(
        (b for one in metadata if (b := getattr(one, "le", getattr(one, "lt", None))) is not None), None
    )
    if isinstance(value, int):
        top = max(value * 4, 10)
        high = top if most is None else min(most, top)
        return Dial(stage, name, value, least, high, max(1, round((high - least) / 100)))
    high = most if most is not None else max(1.0, 2 * value)
    return Dial(stage, name, value, least, high, 0.01 if high <= 5 else 0.1)
