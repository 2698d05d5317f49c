"""Where a recipe comes from: a preset by name, or a YAML file."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from assay.curate.plan import Plan, make_plan, parse_recipe
from assay.errors import BadInput, InvalidRecipe, NotFound
from assay.model.recipe import Recipe

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


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML in which a key that is written twice is an error, not a silent choice."""


def _no_twins(loader: _StrictLoader, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
    seen = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            line = key_node.start_mark.line + 1
            raise yaml.constructor.ConstructorError(None, None, f"line {line}: {key!r} is written twice")
        seen.add(key)
    return yaml.SafeLoader.construct_mapping(loader, node, deep=deep)


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _no_twins)


def _yaml(data: bytes, name: str) -> Any:
    try:
        # The loader is SafeLoader with one check more.
        return yaml.load(data, Loader=_StrictLoader)  # noqa: S506
    except (yaml.YAMLError, RecursionError, TypeError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise InvalidRecipe(f"{name} is not YAML that can be read: {reason}", "see docs/stages.md") from None
