"""Branches, tags, notes, sets of ids, and the log as of a moment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import Damaged, NotFound, UsageError
from assay.kernels.ids import as_ids, id_list
from assay.model.operation import Operation
from assay.store.commit import Draft, commit
from assay.store.heads import line_of
from assay.store.idsets import INLINE, ids_body, ids_in
from assay.store.log_view import LogView
from assay.store.memory import MemoryStorage
from assay.store.notes import read_note, write_note
from assay.store.objects import Objects, object_key
from assay.store.refs import refs
from assay.store.verify import verify
from tests.store.drafts import TIME, Registry, id_of


def _entry(action: str, dataset: str | None = "d", **body: object) -> Operation:
    return Operation(1, None, TIME, "ann", action, dataset, body)


def test_a_branch_moves_on_its_own_and_numbers_are_shared() -> None:
    registry = Registry(MemoryStorage())
    v1 = registry.commit("d", None, {"train": ["a", "b"]})
    registry.log.append(
        lambda seq, prev: Operation(seq, prev, TIME, "ann", "branch", "d", {"name": "try", "version": 1})
    )
    splits = {"train": as_ids(sorted([id_of("a"), id_of("c")]))}
    draft = Draft("d", v1, splits, registry.segments(["c"]), branch="try")
    v2 = commit(registry.objects, registry.log, draft, actor="ann", time=TIME)
    v3 = registry.commit("d", v1, {"train": ["a", "b", "x"]})
    assert (v2.number, v2.parents, v3.number, v3.parents) == (2, (v1.name,), 3, (v1.name,))
    line = line_of(registry.log.entries(), "d")
    assert [[c.number for c in line.on(b)] for b in ("main", "try")] == [[1, 3], [1, 2]]
    assert not verify(registry.storage).damage


def test_a_branch_that_was_never_made_takes_no_commit() -> None:
    registry = Registry(MemoryStorage())
    v1 = registry.commit("d", None, {"train": ["a"]})
    with pytest.raises(NotFound, match="no branch 'try'") as caught:
        commit(registry.objects, registry.log, Draft("d", v1, {}, branch="try"), actor="ann", time=TIME)
    assert "main" in caught.value.hint


def test_a_check_is_asked_at_every_attempt_and_may_refuse() -> None:
    registry = Registry(MemoryStorage())
    seen: list[int] = []

    def check(entries: object) -> None:
        seen.append(len(list(entries)))  # type: ignore[call-overload]
        raise UsageError("not you")

    with pytest.raises(UsageError, match="not you"):
        commit(registry.objects, registry.log, Draft("d", None, {}, check=check), actor="ann", time=TIME)
    assert seen == [0] and registry.log.entries() == []


def test_tags_move_and_names_with_a_meaning_are_not_given_away() -> None:
    found = refs(
        [
            _entry("tag", name="good", version=1),
            _entry("tag", name="good", version=2),
            _entry("tag", name="prod", version=1),
            _entry("branch", name="good", version=1),
            _entry("branch", name="try", version=1),
            _entry("tag", name="try", version=2),
            _entry("tag", "other", name="good", version=7),
        ],
        "d",
    )
    assert {name: tag.version for name, tag in found.tags.items()} == {"good": 2}
    assert {name: branch.version for name, branch in found.branches.items()} == {"try": 1}


@given(st.sets(st.binary(min_size=32, max_size=32), max_size=INLINE + 20))
def test_ids_survive_an_operation(ids: set[bytes]) -> None:
    objects = Objects(MemoryStorage())
    body = ids_body(objects, as_ids(sorted(ids)))
    assert ("ids" in body) == (len(ids) <= INLINE)
    assert set(id_list(ids_in(objects, body))) == ids
    with pytest.raises(Damaged):
        ids_in(objects, body | {"count": len(ids) + 1})


def test_a_note_can_be_erased_and_its_name_tells_nothing() -> None:
    objects = Objects(MemoryStorage())
    one, two = (write_note(objects, "no", bytes([k]) * 16) for k in range(2))
    assert one != two and read_note(objects, one) == "no"
    objects.storage.delete(object_key(one))
    assert read_note(Objects(objects.storage), one) is None
    with pytest.raises(ValueError, match="salt"):
        write_note(objects, "no", b"short")
    with pytest.raises(Damaged, match="not a note"):
        read_note(objects, objects.put_json({"a": 1}))


def test_the_log_as_of_a_moment_is_a_prefix_and_takes_nothing() -> None:
    registry = Registry(MemoryStorage())
    for day in ("2026-11-01", "2026-11-03", "2026-11-02", "2026-11-04"):
        registry.log.append(
            lambda seq, prev, day=day: Operation(seq, prev, f"{day}T10:00:00Z", "ann", "tag", "d", {})  # type: ignore[misc]
        )
    everything = registry.log.entries()
    for until, shown in (("2026-10-31~", 0), ("2026-11-01~", 1), ("2026-11-02~", 3), ("2026-11-09~", 4)):
        view = LogView(registry.storage, until)
        assert view.entries() == everything[:shown] and view.since(1) == everything[1:shown]
        after = everything[shown].prev if shown < 4 else registry.log.head()[1]
        assert view.head() == (shown, after)
        with pytest.raises(UsageError, match="the past"):
            view.append(lambda seq, prev: everything[0])
