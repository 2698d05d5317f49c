"""Merge: what two lines of versions made of one, example by example, and where they contradict each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from assay.model.diff import Diff

Take = Literal["ours", "theirs"]
States = Mapping[bytes, tuple[str | None, str | None]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one side made of an example: the split it stands in now, itself or as the example it was edited into.

    `split` None: it left.
    """

    split: str | None
    edited_to: bytes | None = None

    def as_json(self) -> dict[str, Any]:
        return {"split": self.split, "edited_to": self.edited_to.hex() if self.edited_to else None}


@dataclass(frozen=True, slots=True)
class Clash:
    """One contradiction: an example that both sides changed, each otherwise.

    `what`: edited_both | edited_removed | edited_moved | moved_removed | splits | entangled. `base` is the split in
    the common ancestor, None for an example that both brought in. `ids` are all examples that edits tie to it:
    they are taken from one side together.
    """

    id: bytes
    what: str
    base: str | None
    ours: Outcome
    theirs: Outcome
    ids: frozenset[bytes]

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id.hex(),
            "what": self.what,
            "base": self.base,
            "ours": self.ours.as_json(),
            "theirs": self.theirs.as_json(),
        }


@dataclass(frozen=True)
class Merge:
    """Two diffs from one ancestor, put together. `states` leads from the ancestor to each side."""

    ours: States
    theirs: States
    links: tuple[dict[bytes, bytes], dict[bytes, bytes]]
    """Old id → new id of our edits, and of theirs."""
    clashes: tuple[Clash, ...]
    """By id."""

    def onto_ours(self, takes: Mapping[bytes, Take]) -> tuple[dict[bytes, str | None], dict[bytes, bytes]]:
        """What to change of our side: id → split (None: out), and edits (old id → new id).

        `takes` says for the id of every clash whose side is taken. Raises KeyError where it does not.
        """
        kept = {id_ for clash in self.clashes if takes[clash.id] == "ours" for id_ in clash.ids}
        taken = {id_ for clash in self.clashes if takes[clash.id] == "theirs" for id_ in clash.ids}
        to = {id_: after for id_, (_, after) in self.theirs.items() if id_ not in kept}
        to |= {id_: self.ours[id_][0] for id_ in taken if id_ not in self.theirs}
        ours, theirs = self.links
        edits = {old: new for old, new in theirs.items() if old not in kept}
        # Where both edited one example, theirs now stands in place of ours.
        edits |= {ours[old]: new for old, new in theirs.items() if old in taken and ours.get(old, new) != new}
        now = {id_: after for id_, (_, after) in self.ours.items()}
        changes = {id_: split for id_, split in to.items() if now.get(id_, _before(self, id_)) != split}
        return changes, edits


def three_way(ours: Diff, theirs: Diff) -> Merge:
    """Put two diffs from the same ancestor together.

    What one side alone changed is taken, what both changed alike is agreed upon. A clash is an example that ended
    in different splits, that one side removed or moved and the other edited or moved, or that both edited
    differently. Cost: what changed.
    """
    mine, other = ours.states(), theirs.states()
    links = (_links(ours), _links(theirs))
    found = {id_ for id_ in mine.keys() & other.keys() if mine[id_][1] != other[id_][1]}
    for a, b, own, beyond in ((*links, mine, other), (*links[::-1], other, mine)):
        for old, new in a.items():
            gone = old in beyond and beyond[old][1] is None
            apart = b[old] != new if old in b else beyond.get(new, (None, None))[1] != own[new][1]
            if gone and apart:
                found.add(old)
    merge = Merge(mine, other, links, ())
    clashes = [_clash(merge, ids) for ids in _tied(found, links)]
    return Merge(mine, other, links, tuple(sorted(clashes, key=lambda clash: clash.id)))


def _links(diff: Diff) -> dict[bytes, bytes]:
    return {c.old_id: c.id for c in diff.edited if c.old_id is not None}


def _tied(found: set[bytes], links: Iterable[Mapping[bytes, bytes]]) -> list[frozenset[bytes]]:
    """The groups of examples that edits tie together, of those that hold a contradiction."""
    near: dict[bytes, set[bytes]] = defaultdict(set)
    for side in links:
        for old, new in side.items():
            near[old].add(new)
            near[new].add(old)
    groups, seen = [], set[bytes]()
    for start in sorted(found):
        if start in seen:
            continue
        group, waiting = {start}, [start]
        while waiting:
            more = near.get(waiting.pop(), set()) - group
            group |= more
            waiting += more
        seen |= group
        groups.append(frozenset(group))
    return groups


def _before(merge: Merge, id: bytes) -> str | None:
    state = merge.ours.get(id) or merge.theirs.get(id)
    return state[0] if state else None


def _clash(merge: Merge, ids: frozenset[bytes]) -> Clash:
    """What is said of a group: by the example both sides started from, or else the one both brought in."""
    old = sorted(id_ for id_ in ids if _before(merge, id_) is not None)
    id_ = old[0] if old else min(ids)
    base = _before(merge, id_)
    ours = _outcome(merge.ours, merge.links[0], id_, base)
    theirs = _outcome(merge.theirs, merge.links[1], id_, base)
    return Clash(id_, _what(ours, theirs, len(old)), base, ours, theirs, ids)


def _outcome(states: States, links: Mapping[bytes, bytes], id: bytes, base: str | None) -> Outcome:
    new = links.get(id)
    return Outcome(states.get(id if new is None else new, (base, base))[1], new)


def _what(ours: Outcome, theirs: Outcome, started_from: int) -> str:
    if started_from > 1:
        return "entangled"
    edited = [side.edited_to is not None for side in (ours, theirs)]
    if all(edited):
        return "edited_both" if ours.edited_to != theirs.edited_to else "splits"
    other = theirs if edited[0] else ours
    if any(edited):
        return "edited_removed" if other.split is None else "edited_moved"
    return "moved_removed" if None in (ours.split, theirs.split) else "splits"
