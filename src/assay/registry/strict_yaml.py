"""YAML as people write recipes and policies: safe, and a key that is written twice is an error."""

from __future__ import annotations

from typing import Any, Final

import yaml

_MOST: Final = 100_000
"""Values of a document, once every alias stands for what it repeats: a few hundred bytes can spell billions."""
_DEEPEST: Final = 100


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


def _check_size(data: bytes) -> None:
    """Raises ValueError for a document that unfolds to more than anybody writes. Reads events: nothing is built."""
    total, sizes = 0, dict[str, int]()
    began: list[tuple[str | None, int]] = []
    for event in yaml.parse(data, Loader=_StrictLoader):
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:
                raise ValueError(f"*{str(event.anchor)[:40]} repeats what it stands in, or nothing")
            total += sizes[event.anchor]
        elif isinstance(event, yaml.CollectionStartEvent):
            began.append((event.anchor, total))
            total += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = began.pop()
            if anchor is not None:
                sizes[anchor] = total - before
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
            if event.anchor is not None:
                sizes[event.anchor] = 1
        if total > _MOST or len(began) > _DEEPEST:
            raise ValueError(f"it has more than {_MOST:,} values, or is nested more than {_DEEPEST} deep")


def read_yaml(data: bytes) -> Any:
    """The value that a YAML document spells. Raises ValueError, saying on one line what is wrong."""
    try:
        _check_size(data)
        # The loader is SafeLoader with one check more.
        return yaml.load(data, Loader=_StrictLoader)  # noqa: S506
    except (yaml.YAMLError, RecursionError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(" ".join(str(error).split())) from None
