"""A part of `Registry` that has a class of its own, imported when it is first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from assay.registry import Registry

T = TypeVar("T")


class Facade(Generic[T]):
    """`policies: Facade[Policies] = Facade("policies", "Policies")`: `registry.policies` is `Policies(registry)`, of
    `assay.registry.governing.policies`."""

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def __get__(self, registry: Registry, owner: Any = None) -> T:
        made: T = getattr(import_module(f"assay.registry.{self._module}"), self._name)(registry)
        return made
