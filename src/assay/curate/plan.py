"""From a recipe to the stages that run: names looked up, parameters checked, every problem told at once."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from assay.curate.stage import RowStage, Selector, SetStage, Stage
from assay.errors import InvalidRecipe, UsageError
from assay.model.recipe import Recipe, SplitSpec, StageSpec

GROUP = "assay.stages"
Document = TypeVar("Document", bound=BaseModel)


@dataclass(frozen=True)
class Plan:
    """The stages in recipe order, and the recipe with every default spelled out."""

    stages: tuple[Stage, ...]
    split: SplitSpec | None
    recipe: Recipe

    @property
    def row_stages(self) -> list[tuple[int, RowStage]]:
        """Position in the recipe, and stage."""
        return [(k, stage) for k, stage in enumerate(self.stages) if isinstance(stage, RowStage)]

    @property
    def set_stages(self) -> list[tuple[int, SetStage]]:
        return [(k, stage) for k, stage in enumerate(self.stages) if isinstance(stage, SetStage)]

    @property
    def selectors(self) -> list[tuple[int, Selector]]:
        return [(k, stage) for k, stage in enumerate(self.stages) if isinstance(stage, Selector)]

    @property
    def keyed_stages(self) -> list[tuple[int, SetStage | Selector]]:
        """Stages that leave keys of every row for later."""
        return [(k, stage) for k, stage in enumerate(self.stages) if isinstance(stage, (SetStage, Selector))]

    def has(self, kind: str) -> bool:
        return any(stage.kind == kind for stage in self.stages)


def make_plan(recipe: Recipe) -> Plan:
    """The plan of a recipe. Raises InvalidRecipe with one line for each problem."""
    problems: list[str] = []
    stages: list[Stage] = []
    known = {point.name: point for point in entry_points(group=GROUP)}
    for position, spec in enumerate(recipe.stages):
        point = known.get(spec.kind)
        where = f"stages[{position}].{spec.kind}"
        if point is None:
            near = difflib.get_close_matches(spec.kind, known, n=1)
            meant = f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(known))}"
            problems.append(f"{where}: no such stage; {meant}")
            continue
        stage_class: type[Stage] = point.load()
        try:
            stages.append(stage_class.model_validate(_lists_to_tuples(spec.params)))
        except ValidationError as error:
            problems += describe_problems(error, where, stage_class)
    kinds = [stage.kind for stage in stages]
    problems += [
        f"{kind}: named twice; a stage runs once" for kind in sorted(set(kinds)) if kinds.count(kind) > 1
    ]
    if problems:
        raise refusal(problems)
    spelled = tuple(
        StageSpec(kind=stage.kind, params=stage.model_dump(mode="json", exclude_none=True))
        for stage in stages
    )
    return Plan(tuple(stages), recipe.split, Recipe(stages=spelled, split=recipe.split))


def parse_recipe(value: Any) -> Recipe:
    """A recipe from plain data. Raises InvalidRecipe with one line for each problem."""
    if not isinstance(value, Mapping):
        raise refusal(["a recipe is a map with the keys stages and split"])
    try:
        return Recipe.model_validate(value)
    except ValidationError as error:
        raise refusal(describe_problems(error, "", Recipe)) from None


def refusal(problems: list[str]) -> InvalidRecipe:
    listed = "\n".join(f"  {problem}" for problem in problems)
    return InvalidRecipe(
        f"the recipe does not hold:\n{listed}", "docs/stages.md lists every stage and parameter"
    )


def document(model: type[Document], value: Any, kind: str, where: str, page: str) -> Document:
    """What a YAML or JSON value says, as a `model`; `kind`: what such a document is called, `page`: where it is
    described. Raises UsageError with every problem at once."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        problems = "\n  ".join(describe_problems(error, kind, model))
        raise UsageError(
            f"{where} does not hold:\n  {problems}", f"{page} shows a {kind} and all of its fields"
        ) from None


def describe_problems(error: ValidationError, where: str, model: type[Any]) -> list[str]:
    """One line for each thing that pydantic found: path, complaint, and the nearest name for an unknown key."""
    lines = []
    for problem in error.errors():
        path = ".".join([where, *map(str, problem["loc"])]).strip(".")
        if problem["type"] == "extra_forbidden":
            fields = _model_at(model, problem["loc"]).model_fields
            names = [field.alias or name for name, field in fields.items() if name != "action" or where]
            near = difflib.get_close_matches(str(problem["loc"][-1]), names, n=1)
            known = f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(names))}"
            lines.append(f"{path}: unknown; {known}")
        else:
            message = problem["msg"].removeprefix("Value error, ")
            lines.append(f"{path or 'recipe'}: {message[:1].lower()}{message[1:]}")
    return lines


def _model_at(model: type[Any], path: Sequence[str | int]) -> type[Any]:
    """The model that a path leads into, from the outermost; keys of maps and places in lists are passed over."""
    for name in path[:-1]:
        if name in model.model_fields:
            model = _model_in(model.model_fields[str(name)].annotation) or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part)) is not None), None)


def _lists_to_tuples(params: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in params.items()}
