"""Every tampering with a log is found, and named with the first bad entry."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.govern.proofs.chain import log_name
from assay.govern.proofs.note import Checkpoint
from assay.govern.proofs.registry_check import check_registry, stored_name
from assay.govern.proofs.tree import Tree
from assay.model.operation import digest
from tests.govern.logs import ORIGIN, Memory, chained, entry

COUNT = 12
LOG = chained(COUNT)
FORK = {at: chained(COUNT - at, LOG[:at], "forged") for at in range(COUNT)}
places = st.integers(1, COUNT)


def checkpoint(entries, size=None, origin=ORIGIN):
    size = len(entries) if size is None else size
    return Checkpoint.of(origin, size, Tree(entries).root(size)).note.as_bytes()


def first(entries, *given, files=None):
    """(kind, entry) of the first finding."""
    report = check_registry(files or Memory.of(entries), (), [("kept", data) for data in given])
    assert not report.ok and not report.proves()
    found = report.ordered()[0]
    return found.kind, found.seq


@pytest.mark.parametrize("count", [0, 1, 2, 7, COUNT])
def test_a_log_in_order_holds_against_all_its_past(count):
    given = [(f"kept{size}", checkpoint(LOG, size)) for size in range(count + 1)]
    report = check_registry(Memory.of(LOG[:count]), (), given)
    assert report.ok, report.findings
    assert (report.entries, report.size, report.root) == (count, count, Tree(LOG).root(count))
    assert {one.state for one in report.checkpoints} == {"holds"}


@settings(max_examples=150)
@given(places, st.data())
def test_a_flipped_bit(place, data):
    at, bit = data.draw(st.integers(0, len(LOG[place - 1]) - 1)), data.draw(st.integers(0, 7))
    bent = bytearray(LOG[place - 1])
    bent[at] ^= 1 << bit
    assert first([*LOG[: place - 1], bytes(bent), *LOG[place:]]) == ("bit_flip", place)


@settings(max_examples=60)
@given(st.sets(st.integers(1, COUNT - 1), min_size=1, max_size=5), st.booleans())
def test_deleted_entries(gone, renumbered):
    kept = {n: data for n, data in enumerate(LOG, 1) if n not in gone}
    files = Memory.of(list(kept.values())) if renumbered else Memory.of(LOG)
    if not renumbered:
        for n in gone:
            del files.files[log_name(n)]
    assert first(LOG, files=files) == ("deletion", min(gone))


@settings(max_examples=80)
@given(places, st.sampled_from(["junk", "forged", "sealed", "copy", "later"]), st.integers(1, 3), st.data())
def test_inserted_entries(place, kind, count, data):
    prev = digest(LOG[place - 2]) if place > 1 else None
    made = {
        "junk": [b"junk"] * count,
        "forged": [entry(99, "ab" * 32)] * count,
        "sealed": chained(count, LOG[: place - 1], "forged")[place - 1 :],
        "copy": [LOG[data.draw(st.integers(0, max(0, place - 2)))]] * count,
        "later": [LOG[data.draw(st.integers(place - 1, COUNT - 1))]] * count,
    }[kind]
    if kind == "sealed":
        assert made[0] == entry(place, prev, "forged")
    spoilt = [*LOG[: place - 1], *made, *LOG[place - 1 :]]
    # A copy of the very entry that stands there is not the bad one: the next file is.
    bad = next((n for n, (a, b) in enumerate(zip(spoilt, LOG, strict=False), 1) if a != b), COUNT + 1)
    assert first(spoilt) == ("insertion", bad)


@settings(max_examples=100)
@given(st.permutations(range(COUNT)).filter(lambda order: list(order) != sorted(order)))
def test_reordered_entries(order):
    wrong = next(n for n, k in enumerate(order) if n != k)
    assert first([LOG[k] for k in order]) == ("reordering", wrong + 1)


@given(st.integers(1, COUNT - 1))
def test_an_entry_rewritten_and_sealed_anew(place):
    prev = digest(LOG[place - 2]) if place > 1 else None
    forged = [*LOG[: place - 1], entry(place, prev, "forged"), *LOG[place:]]
    assert first(forged) == ("rewrite", place)
    # A checkpoint from before stands; one from after says the same again and no more.
    report = check_registry(
        Memory.of(forged), (), [("old", checkpoint(LOG, place - 1)), ("new", checkpoint(LOG))]
    )
    assert [one.state for one in report.checkpoints] == ["holds", "unreached"]
    assert len(report.findings) == 1


@settings(max_examples=60)
@given(st.integers(0, COUNT - 1), st.data())
def test_a_fork_is_told_by_a_checkpoint_alone(at, data):
    forged = FORK[at]
    assert check_registry(Memory.of(forged)).ok
    after = data.draw(st.integers(at + 1, COUNT))
    before = data.draw(st.integers(0, at))
    assert first(forged, checkpoint(LOG, before), checkpoint(LOG, after)) == ("fork", before + 1)
    assert check_registry(Memory.of(forged), (), [("old", checkpoint(LOG, before))]).ok


@settings(max_examples=60)
@given(st.integers(0, COUNT - 1), st.data())
def test_entries_cut_off_and_a_copy_put_back(size, data):
    assert check_registry(Memory.of(LOG[:size])).ok  # nothing here can tell
    known = checkpoint(LOG, data.draw(st.integers(size + 1, COUNT)))
    assert first(LOG[:size], known) == ("restored_copy", size + 1)
    cut = Memory.of(LOG[:size])
    cut.files[stored_name(COUNT, known)] = known
    assert first(LOG, files=cut) == ("truncation", size + 1)
    report = check_registry(Memory.of(LOG[:size]), (), [("kept", known)], lambda: "2 objects lie here")
    assert [(one.kind, one.seq) for one in report.findings] == [("truncation", size + 1)]
    assert "2 objects" in report.findings[0].message


def test_an_old_copy_that_went_on_is_a_fork():
    went_on = chained(6, LOG[:8], "other")
    assert first(went_on, checkpoint(LOG, 6), checkpoint(LOG)) == ("fork", 7)


def test_damage_hides_no_second_damage():
    report = check_registry(
        Memory.of([*FORK[3][:8], b"junk", *FORK[3][9:]]), (), [("kept", checkpoint(LOG, 5))]
    )
    assert [(one.kind, one.seq) for one in report.ordered()] == [("fork", 1), ("bit_flip", 9)]


def test_two_checkpoints_that_contradict_one_another():
    both = [checkpoint(LOG), checkpoint(FORK[4])]
    assert first(LOG[:4], *both)[0] in ("fork", "restored_copy")
    report = check_registry(Memory.of(LOG[:4]), (), [("a", both[0]), ("b", both[1])])
    assert {one.kind for one in report.findings} == {"fork", "restored_copy"}


def test_a_checkpoint_of_another_log_or_none_at_all():
    assert first(LOG, checkpoint(LOG, origin="assay/registry/other")) == ("origin", None)
    assert first(LOG, b"nonsense") == ("checkpoint", None)
    files = Memory.of(LOG)
    good = checkpoint(LOG)
    files.files[stored_name(COUNT, good)] = good.replace(b"\n12\n", b"\n11\n")
    assert first(LOG, files=files) == ("checkpoint", None)


def test_a_registry_that_does_not_say_which_it_is():
    files = Memory.of(LOG)
    for bad in (b"", b"[]", b'{"id":"a\\nb"}', b'{"id":7}'):
        files.files["registry.json"] = bad
        assert first(LOG, files=files) == ("registry", None)
