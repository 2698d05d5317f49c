"""Merge against a plain model: dicts of example → split, and who edited what into what."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.model.diff import Diff, make_diff
from assay.store.merge import Merge, three_way

IDS = [bytes([n]) * 32 for n in range(10)]
SPLITS = ("train", "test")
Held = dict[bytes, str]


@dataclass(frozen=True)
class Side:
    held: Held
    edits: dict[bytes, bytes]


@st.composite
def sides(draw: st.DrawFn) -> tuple[Held, Side, Side]:
    base = draw(st.dictionaries(st.sampled_from(IDS[:7]), st.sampled_from(SPLITS)))
    return base, _side(draw, base), _side(draw, base)


def _side(draw: st.DrawFn, base: Held) -> Side:
    """The base after some removals, moves, additions and edits, no example in two of them."""
    held, edits = dict(base), {}
    for id_ in draw(st.lists(st.sampled_from(IDS), unique=True, max_size=6)):
        if id_ not in base:
            if id_ not in held:
                held[id_] = draw(st.sampled_from(SPLITS))
            continue
        act = draw(st.sampled_from(["remove", "move", "edit"]))
        new = draw(st.sampled_from(IDS))
        if act == "move":
            held[id_] = "test" if held[id_] == "train" else "train"
        else:
            split = held.pop(id_, "train")
            if act == "edit" and new not in held and new not in base:
                held[new], edits[id_] = split, new
    return Side(held, edits)


def _diff(base: Held, side: Side) -> Diff:
    every = base.keys() | side.held.keys()
    return make_diff(((i, base.get(i), side.held.get(i)) for i in every), side.edits.items())


def _groups(a: Side, b: Side) -> list[set[bytes]]:
    """All ids, those that edits tie together in one set: by merging sets until none touch."""
    groups = [{i} for i in IDS]
    for pair in [*a.edits.items(), *b.edits.items()]:
        touched = [g for g in groups if g & set(pair)]
        groups = [g for g in groups if not g & set(pair)] + [set().union(*touched)]
    return groups


def _contradict(group: set[bytes], base: Held, a: Side, b: Side) -> bool:
    for i in group:
        was, one, other = base.get(i), a.held.get(i), b.held.get(i)
        if was != one != other != was:
            return True
        for x, y in ((a, b), (b, a)):
            new = x.edits.get(i)
            if new is None or i in y.held:
                continue  # not edited; or the other one left it alone, or moved it: seen above
            if (y.edits[i] != new) if i in y.edits else y.held.get(new) != x.held.get(new):
                return True
    return False


def _applied(base: Held, ours: Side, merge: Merge, take: str) -> Held:
    changes, _ = merge.onto_ours({clash.id: take for clash in merge.clashes})  # type: ignore[misc]
    held = {i: s for i, s in ours.held.items() if i not in changes}
    return held | {i: s for i, s in changes.items() if s is not None}


@given(sides())
@settings(deadline=None, max_examples=400)
def test_merge_is_what_the_model_says(given: tuple[Held, Side, Side]) -> None:
    base, ours, theirs = given
    # What the diffs take for an edit is an edit: an id takes part in one link at most.
    diffs = _diff(base, ours), _diff(base, theirs)
    ours, theirs = (
        Side(side.held, {c.old_id: c.id for c in diff.edited if c.old_id})
        for side, diff in zip((ours, theirs), diffs, strict=True)
    )
    merge = three_way(*diffs)
    clashing = [g for g in _groups(ours, theirs) if _contradict(g, base, ours, theirs)]
    assert sorted(map(sorted, (c.ids for c in merge.clashes))) == sorted(map(sorted, clashing))
    for take, side in (("ours", ours), ("theirs", theirs)):
        expected: Held = {}
        for i in IDS:
            was, one, other = base.get(i), ours.held.get(i), theirs.held.get(i)
            if any(i in g for g in clashing):
                now = side.held.get(i)
            else:
                now = other if one == was else one
            if now is not None:
                expected[i] = now
        assert _applied(base, ours, merge, take) == expected


@given(sides())
@settings(deadline=None, max_examples=150)
def test_sides_can_be_swapped_and_one_alone_is_taken(given: tuple[Held, Side, Side]) -> None:
    base, ours, theirs = given
    mine, other = _diff(base, ours), _diff(base, theirs)
    here, there = three_way(mine, other), three_way(other, mine)
    assert [c.id for c in here.clashes] == [c.id for c in there.clashes]
    assert [(c.ours, c.theirs) for c in here.clashes] == [(c.theirs, c.ours) for c in there.clashes]
    assert _applied(base, ours, here, "ours") == _applied(base, theirs, there, "theirs")
    nothing = three_way(Diff(), other)
    assert not nothing.clashes
    assert _applied(base, Side(base, {}), nothing, "ours") == theirs.held
    assert not three_way(mine, mine).clashes


def test_contradictions_are_named() -> None:
    a, b, c, x, y = IDS[:5]
    base = {a: "train", b: "train", c: "train"}

    def found(ours: Side, theirs: Side) -> list[tuple[bytes, str]]:
        merge = three_way(_diff(base, ours), _diff(base, theirs))
        return [(clash.id, clash.what) for clash in merge.clashes]

    rest = {b: "train", c: "train"}
    edited = Side({**rest, x: "train"}, {a: x})
    assert found(edited, Side({**rest, y: "train"}, {a: y})) == [(a, "edited_both")]
    assert found(edited, Side(rest, {})) == [(a, "edited_removed")]
    assert found(edited, Side({**rest, a: "test"}, {})) == [(a, "edited_moved")]
    assert found(Side(rest, {}), Side({**rest, a: "test"}, {})) == [(a, "moved_removed")]
    assert found(Side({**base, x: "train"}, {}), Side({**base, x: "test"}, {})) == [(x, "splits")]
    assert found(edited, Side({**rest, x: "test"}, {a: x})) == [(a, "splits")]
    both = Side({c: "train", x: "train", y: "train"}, {a: x, b: y})
    crossed = Side({c: "train", x: "train", y: "test"}, {a: y, b: x})
    assert found(both, crossed) == [(a, "entangled")]
    assert found(edited, edited) == found(edited, Side(base, {})) == []
