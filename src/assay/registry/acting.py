"""One act that makes no version: one entry of the log, refused when a rule says so at that very moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assay.model.operation import Operation
from assay.registry.timing import spell_time
from assay.store.notes import SALT_BYTES, write_note

if TYPE_CHECKING:
    from assay.registry import Registry

Check = Callable[[Sequence[Operation]], None]


def act(
    registry: Registry,
    action: str,
    dataset: str | None,
    body: Mapping[str, Any],
    check: Check | None = None,
) -> Operation:
    """Append the operation. `check` is called with the entries it will follow, at every attempt, and may raise.

    Raises what `check` raises; nothing is in the log then.
    """
    registry.check_writable()
    log, time = registry.store.log, spell_time(registry.clock())

    def build(seq: int, prev: str | None) -> Operation:
        if check is not None:
            check(log.entries())
        return Operation(seq, prev, time, registry.actor, action, dataset, body)

    return log.append(build)


def noted(registry: Registry, text: str) -> dict[str, str]:
    """The field of an operation that names a person's words, written as a note; none for no words."""
    if not text:
        return {}
    registry.check_writable()
    return {"note": write_note(registry.store.objects, text, registry.entropy(SALT_BYTES))}
