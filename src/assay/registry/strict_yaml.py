"""YAML as people write recipes and policies: safe, and a key that is written twice is an error."""

from __future__ import annotations

from typing import Any

import yaml


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


def read_yaml(data: bytes) -> Any:
    """The value that a YAML document spells. Raises ValueError, saying on one line what is wrong."""
    try:
        # The loader is SafeLoader with one check more.
        return yaml.load(data, Loader=_StrictLoader)  # noqa: S506
    except (yaml.YAMLError, RecursionError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(" ".join(str(error).split())) from None
