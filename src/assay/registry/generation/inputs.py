"""What a generation is made from: assignments of a file, examples of a version, and the recipe that judges it."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from assay.curate.plan import Plan, make_plan
from assay.curate.stage import SetStage
from assay.errors import BadInput
from assay.formats.label_files import read_labels
from assay.generate.drawing import Draws
from assay.generate.planning import Row, Seed
from assay.generate.template import LONGEST_VALUE, Template
from assay.model.canonical import canonical_json
from assay.model.recipe import Recipe, StageSpec
from assay.registry.curating.spooled_records import depth_of
from assay.registry.generation.candidates import PRECEDENCE, TAKEN

if TYPE_CHECKING:
    from assay.registry import Registry

LONGEST_SEED: Final = 20_000
"""Characters of an example that is shown."""
MOST_SEEDS: Final = 10_000
"""Examples of a version to draw from."""
_NEAR: Final = "near_dedup"
_NEAR_PARAMS: Final = {"threshold": 0.7}
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Seeds:
    """Examples to be shown, by id. `version`: of which; `of`: how many it has; `long`: how many are too long."""

    version: str
    found: tuple[Seed, ...]
    of: int
    long: int


def read_rows(file: str, template: Template) -> list[Row]:
    """The assignments of a file (JSON Lines, JSON, CSV, TSV): columns that are variables, and others, which are kept.

    Raises NotFound; BadInput, naming the first rows that do not fit and why.
    """
    labels = read_labels(file, "assignments")
    free = [name for name in template.variables if name not in template.seed_variables]
    problems = [f"row {number}: {code}" for number, code in labels.unread]
    named = [name for name in free if name in labels.rows[0]]
    if not named:
        raise BadInput(
            f"{file} has no column of a variable of {template.id}",
            f"its variables: {', '.join(free) or 'none'}",
        )
    if taken := sorted(TAKEN & labels.rows[0].keys() - set(named)):
        raise BadInput(f"{file}: the column {taken[0]!r} is one that records have themselves", "rename it")
    rows = []
    for number, fields in enumerate(labels.rows, 1):
        problem = _problem(template, named, fields)
        if problem is not None:
            problems.append(f"row {number}: {problem}")
            continue
        values = {name: str(fields[name]) for name in named}
        rows.append(Row(values, {name: value for name, value in fields.items() if name not in values}))
    if problems:
        more = f"; and {len(problems) - _SHOWN:,} more" if len(problems) > _SHOWN else ""
        raise BadInput(
            f"{Path(file).name} does not fit {template.id}: {'; '.join(problems[:_SHOWN])}{more}",
            "each row gives every variable that the first one gives",
        )
    return rows


def _problem(template: Template, named: Sequence[str], fields: Mapping[str, Any]) -> str | None:
    """What keeps a row from being an assignment."""
    for name in named:
        value = fields.get(name)
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            return f"{name!r} is no text"
        allowed = template.variables[name].values
        if allowed and str(value) not in allowed:
            return f"{name!r} is none of its values"
        if len(str(value)) > LONGEST_VALUE:
            return f"{name!r} has more than {LONGEST_VALUE:,} characters"
    if taken := sorted(TAKEN & fields.keys()):
        return f"the column {taken[0]!r} is one that records have themselves"
    try:
        canonical_json(dict(fields))
    except ValueError:
        return "a value that JSON cannot carry"
    return None


def read_seeds(registry: Registry, ref: str, seed: int) -> Seeds:
    """Examples of a version, or of a split of it: at most 10,000, drawn by the seed from those that are not too long.

    Raises NotFound, Revoked; BadInput for a version without any.
    """
    version = registry.version(ref)
    version.admit()
    draws = Draws(seed, "seeds of", version.fingerprint)
    read = long = 0

    def fitting() -> Any:
        nonlocal read, long
        for example in version:
            read += 1
            if len(example.input) + len(example.output) > LONGEST_SEED:
                long += 1
                continue
            yield (
                draws.number(example.name),
                Seed(example.name, example.input, example.output, depth_of(example.provenance)),
            )

    drawn = heapq.nsmallest(MOST_SEEDS, fitting(), key=lambda one: one[0])
    if not drawn:
        raise BadInput(
            f"{version.name} has no example of at most {LONGEST_SEED:,} characters", "name another version"
        )
    found = tuple(sorted((one for _, one in drawn), key=lambda one: one.id))
    return Seeds(version.name, found, read, long)


def novel_plan(registry: Registry, plan: Plan, against: Sequence[str]) -> Plan:
    """The recipe as it judges candidates: near-duplicates of the versions `against` go too, and of rows that are the
    same the one of the earliest round stays, unless the recipe itself says which.

    Raises NotFound for a version that is not there; InvalidRecipe.
    """
    versions = [registry.version(ref).name for ref in against]
    stages = list(plan.recipe.stages)
    if versions and not plan.has(_NEAR):
        stages.append(StageSpec(kind=_NEAR, params=dict(_NEAR_PARAMS)))
    deduplicators = {stage.kind: stage for stage in make_plan(Recipe(stages=tuple(stages))).stages}
    told = []
    for spec in stages:
        params = dict(spec.params)
        made = deduplicators[spec.kind]
        if isinstance(made, SetStage) and made.score is None:
            params["score"] = PRECEDENCE
        if spec.kind == _NEAR and versions:
            params["against"] = list(dict.fromkeys([*params.get("against", ()), *versions]))
        told.append(StageSpec(kind=spec.kind, params=params))
    return make_plan(Recipe(stages=tuple(told), split=plan.recipe.split))
