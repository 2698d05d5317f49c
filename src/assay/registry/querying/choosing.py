"""Which examples a command is about: by id, by a file of ids, or by what holds for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from assay.errors import BadInput, NotFound, UsageError
from assay.kernels.ids import IdArray, as_ids, concat, contains, id_list, order, sorted_ids
from assay.registry.querying.querying import matching

if TYPE_CHECKING:
    from assay.registry import Registry

LARGEST_FILE: Final = 256 << 20
"""Bytes of a file of ids: four million of them."""

_DIGITS: Final = frozenset("0123456789abcdef")
_LEAST: Final = 6
_SHOWN: Final = 5


def chosen(
    registry: Registry,
    ref: str,
    *,
    ids: Sequence[str] = (),
    where: str | None = None,
    file: str | None = None,
) -> IdArray:
    """The sorted ids of the examples of a version that are meant.

    `ids`: hexadecimal, whole or beginnings of at least 6 digits that one example has. `file`: the same, one a
    line. Both may be given, and add up. `where`: an expression, by itself. Raises UsageError when none is given or
    nothing can be meant by it, and NotFound, naming some, when ids are not in the version.
    """
    if where is not None and (ids or file):
        raise UsageError("ids and --where were both given", "name the examples one way")
    if where is not None:
        return matching(registry, ref, where)
    if not ids and file is None:
        raise UsageError("no examples were named", "use --id ID, --ids FILE or --where EXPR")
    named = [(one, f"{one!r}") for one in ids]
    if file is not None:
        named += _read(file)
    return sorted_ids(id_list(aligned(members(registry, ref), named, ref)))


def members(registry: Registry, ref: str) -> IdArray:
    """The sorted ids of a version, or of a split of it."""
    version = registry.version(ref)
    found = concat(
        [registry.store.split_ids(version.manifest, split).view("V32") for split in version.counts]
    )
    return found[order(found)]


def aligned(known: IdArray, named: Sequence[tuple[str, str]], ref: str) -> IdArray:
    """The ids among `known` (sorted) that are `named`, in that order: (digits, what to call them in an error)."""
    found, lost = list[bytes](), list[str]()
    for digits, place in named:
        spelled = digits.strip().lower()
        if not _LEAST <= len(spelled) <= 64 or not _DIGITS.issuperset(spelled):
            raise UsageError(f"{place[:200]} is not an example id", "give 6 to 64 hexadecimal digits")
        if len(spelled) == 64:
            found.append(bytes.fromhex(spelled))
            continue
        begin = _beginning_with(known, spelled)
        if len(begin) > 1:
            shown = ", ".join(one.hex()[:16] for one in begin[:_SHOWN])
            raise UsageError(f"several examples begin with {spelled}", f"give more digits: {shown}")
        found += begin
        lost += [] if begin else [spelled]
    ids = as_ids(found)
    lost += [bytes(one).hex() for one in ids[~contains(known, ids)]]
    if lost:
        shown = ", ".join(one[:16] for one in lost[:_SHOWN]) + (", …" if len(lost) > _SHOWN else "")
        raise NotFound(
            f"{len(lost):,} of the {len(named):,} ids are not in {ref}: {shown}",
            "`assay trace ID` tells where they are",
        )
    return ids


def _beginning_with(known: IdArray, digits: str) -> list[bytes]:
    """The first few of the ids that begin with some hexadecimal digits."""
    low, high = (bytes.fromhex(digits.ljust(64, fill)) for fill in "0f")
    keys = np.ascontiguousarray(known).view("S32")
    start = int(np.searchsorted(keys, np.bytes_(low)))
    return [one for one in id_list(known[start : start + _SHOWN + 1]) if low <= one <= high]


def _read(file: str) -> list[tuple[str, str]]:
    """The ids in a file, each with its line; blank lines and lines that begin with # say nothing."""
    path = Path(file)
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BadInput(
                f"{file} has more than {LARGEST_FILE >> 20} MiB", "a file of ids has one id a line"
            )
        lines = path.read_bytes().decode("utf-8-sig").splitlines()
    except FileNotFoundError:
        raise NotFound(f"no file {file}", "name a file with one id a line") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} cannot be read as text: {error}", "a file of ids has one id a line") from None
    named = [
        (line.strip(), f"{file}, line {number}: {line.strip()[:20]!r}")
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not named:
        raise BadInput(f"{file} holds no ids", "a file of ids has one id a line")
    return named
