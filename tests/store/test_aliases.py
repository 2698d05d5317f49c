"""approved and prod follow from the log."""

from __future__ import annotations

from assay.model.operation import Operation
from assay.store.aliases import alias_version
from tests.store.drafts import TIME


def _entries(*acts: tuple[str, int]) -> list[Operation]:
    return [
        Operation(n, None, TIME, "ann", action, "d", {"version": version})
        for n, (action, version) in enumerate(acts, 1)
    ]


def test_nothing_is_approved_at_first() -> None:
    assert alias_version([], "d", "approved") is None
    assert alias_version(_entries(("approve", 1)), "other", "approved") is None
    assert alias_version(_entries(("approve", 1)), "d", "prod") is None


def test_approved_is_the_newest_version_and_prod_the_last_release() -> None:
    entries = _entries(("approve", 2), ("approve", 1), ("release", 2), ("release", 1))
    assert alias_version(entries, "d", "approved") == 2
    assert alias_version(entries, "d", "prod") == 1


def test_a_revoked_version_has_neither_until_it_is_approved_again() -> None:
    entries = _entries(("approve", 1), ("approve", 2), ("release", 1), ("release", 2), ("revoke", 2))
    assert alias_version(entries, "d", "approved") == alias_version(entries, "d", "prod") == 1
    again = [*entries, Operation(6, None, TIME, "bo", "approve", "d", {"version": 2})]
    assert (alias_version(again, "d", "approved"), alias_version(again, "d", "prod")) == (2, 1)


def test_what_was_refused_does_not_count() -> None:
    entries = _entries(("approve", 1), ("approve", 2), ("revoke", 1))
    assert alias_version(entries, "d", "approved", {2, 3}) == 1
    assert alias_version(entries, "d", "approved", {2}) is None
    odd = [Operation(1, None, TIME, "ann", "approve", "d", {"version": "2"})]
    assert alias_version(odd, "d", "approved") is None
