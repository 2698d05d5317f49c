"""What differs between two versions, example by example."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One example that differs, by id (32 bytes). Which fields are set says what happened:

    added: `split`. removed: `old_split`. moved: both splits. edited: `old_id` and both splits, where `id`
    is the example now and `old_id` the one it replaced.
    """

    id: bytes
    split: str | None = None
    old_split: str | None = None
    old_id: bytes | None = None


@dataclass(frozen=True, slots=True)
class Diff:
    """What leads from one version to another; each list is sorted by id, and none shares an example.

    An example that was edited is in `edited` only, not in `added` or `removed` as well.
    """

    added: tuple[Change, ...] = ()
    removed: tuple[Change, ...] = ()
    edited: tuple[Change, ...] = ()
    moved: tuple[Change, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.edited or self.moved)

    @property
    def counts(self) -> dict[str, int]:
        return {
            "added": len(self.added),
            "removed": len(self.removed),
            "edited": len(self.edited),
            "moved": len(self.moved),
        }

    def inverse(self) -> Diff:
        """What leads back."""
        return Diff(
            added=tuple(Change(c.id, split=c.old_split) for c in self.removed),
            removed=tuple(Change(c.id, old_split=c.split) for c in self.added),
            edited=tuple(
                sorted(
                    Change(c.old_id, c.old_split, c.split, c.id) for c in self.edited if c.old_id is not None
                )
            ),
            moved=tuple(Change(c.id, c.old_split, c.split) for c in self.moved),
        )

    def states(self) -> dict[bytes, tuple[str | None, str | None]]:
        """Every id that differs, with its split before and after (None: not in the version)."""
        out: dict[bytes, tuple[str | None, str | None]] = {c.id: (c.old_split, c.split) for c in self.moved}
        out |= {c.id: (None, c.split) for c in self.added} | {c.id: (c.old_split, None) for c in self.removed}
        for c in self.edited:
            assert c.old_id is not None
            out[c.id] = (None, c.split)
            out[c.old_id] = (c.old_split, None)
        return out


def make_diff(
    states: Iterable[tuple[bytes, str | None, str | None]], edits: Iterable[tuple[bytes, bytes]]
) -> Diff:
    """The diff of (id, split before, split after) and of links (old id, new id).

    A link counts when the old id left and the new one came; an id takes part in one link at most, the
    smallest pair first. An id with the same split before and after is left out.
    """
    came: dict[bytes, str] = {}
    left: dict[bytes, str] = {}
    moved: list[Change] = []
    for id_, before, after in states:
        if before == after:
            continue
        if before is None:
            assert after is not None
            came[id_] = after
        elif after is None:
            left[id_] = before
        else:
            moved.append(Change(id_, after, before))
    edited: list[Change] = []
    for old, new in sorted(edits):
        if old in left and new in came:
            edited.append(Change(new, came.pop(new), left.pop(old), old))
    return Diff(
        added=tuple(Change(i, split=s) for i, s in sorted(came.items())),
        removed=tuple(Change(i, old_split=s) for i, s in sorted(left.items())),
        edited=tuple(sorted(edited)),
        moved=tuple(sorted(moved)),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """What pairing needs of an example: its id, its record's key and source, and a digest of its input text.

    An empty or unknown key or input is None and pairs with nothing.
    """

    id: bytes
    key: tuple[str, str] | None
    input: bytes | None


def pair_edits(removed: Sequence[Row], added: Sequence[Row]) -> dict[bytes, bytes]:
    """Which removed example became which added one: old id → new id.

    By equal key first, then by equal input; only where the key or the input stands once on either side, so
    that no pair is a guess.
    """
    pairs: dict[bytes, bytes] = {}
    for by in ("key", "input"):
        taken = set(pairs.values())
        old = _unique((r, getattr(r, by)) for r in removed if r.id not in pairs)
        new = _unique((r, getattr(r, by)) for r in added if r.id not in taken)
        pairs |= {old[value]: new[value] for value in old.keys() & new.keys()}
    return pairs


def _unique(rows: Iterable[tuple[Row, object]]) -> dict[object, bytes]:
    known = [(value, row.id) for row, value in rows if value is not None]
    times = Counter(value for value, _ in known)
    return {value: id_ for value, id_ in known if times[value] == 1}
