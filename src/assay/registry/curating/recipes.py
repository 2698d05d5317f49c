"""Where a recipe comes from: a preset by name, or a YAML file."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from assay.curate.plan import Plan, make_plan, parse_recipe
from assay.errors import BadInput, InvalidRecipe, NotFound
from assay.model.recipe import Recipe
from assay.registry.strict_yaml import read_yaml

_MAX_BYTES = 1_000_000


def preset_names() -> list[str]:
    """The presets that users choose from, by name."""
    folder = resources.files("assay.curate") / "presets"
    names = (entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    return sorted(name for name in names if name != "import")


def load_plan(name: str | Recipe) -> Plan:
    """The plan of a recipe: a preset by name, a file by path, or the recipe itself.

    Raises NotFound when it is neither, InvalidRecipe with every problem when it does not hold.
    """
    if isinstance(name, Recipe):
        return make_plan(name)
    folder = resources.files("assay.curate") / "presets"
    preset = folder / f"{name}.yaml"
    if name.isidentifier() and preset.is_file():
        return make_plan(parse_recipe(_yaml(preset.read_bytes(), name)))
    path = Path(name)
    if not path.is_file():
        raise NotFound(
            f"no recipe {name!r}: neither a preset nor a file",
            f"presets: {', '.join(preset_names())}; or give the path of a YAML file",
        )
    if path.stat().st_size > _MAX_BYTES:
        raise BadInput(f"{name} is too large for a recipe", "a recipe is a page of YAML")
    return make_plan(parse_recipe(_yaml(path.read_bytes(), name)))


def recipe_of_yaml(data: bytes, name: str) -> Recipe:
    """The recipe that a YAML text is; its stages are not looked up yet. Raises InvalidRecipe with every problem."""
    return parse_recipe(_yaml(data, name))


def judging_models(recipe: str | Recipe) -> list[str]:
    """The models that a recipe's judges are, as PROVIDER/MODEL. Raises what `load_plan` raises."""
    return [model for stage in load_plan(recipe).stages for model in getattr(stage, "models", ())]


def _yaml(data: bytes, name: str) -> Any:
    try:
        return read_yaml(data)
    except ValueError as error:
        raise InvalidRecipe(f"{name} is not YAML that can be read: {error}", "see docs/stages.md") from None
