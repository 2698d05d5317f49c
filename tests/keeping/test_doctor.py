"""Doctor: what can be repaired is, and the rest is named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.errors import NotFound, UsageError
from assay.registry import Registry
from tests.registry.conftest import ticket

Write = Callable[[str, list[dict[str, Any]]], str]


@pytest.fixture
def made(registry: Registry, write: Write) -> Path:
    """A registry with two versions and an index."""
    registry.curate("d", [write("a.jsonl", [ticket(n) for n in range(20)])])
    registry.curate("d", [write("b.jsonl", [ticket(n) for n in range(20, 30)])], add=True)
    assert registry.search("refund") and registry.root is not None
    registry.index().close()
    return registry.root


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_a_well_registry_is_told_so(made: Path) -> None:
    found = assay.open(made).keeping.doctor()
    assert found.well and found.ailments == ()


@pytest.mark.parametrize("harm", ["missing", "flipped"])
def test_every_object_and_entry_comes_back_from_a_copy(made: Path, tmp_path: Path, harm: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(made, copy)
    files = sorted(p for p in (*made.glob("objects/*/*"), *made.glob("log/*")))
    last = max(p for p in files if p.parent.name == "log")
    for path in files:
        if harm == "missing":
            if path == last:
                continue  # nothing tells a log that was cut short from one that ends there
            path.unlink()
        else:
            _flip(path)
    assert not assay.open(made).keeping.doctor(dry_run=True).well
    plain = assay.open(made).keeping.doctor()
    assert not plain.well and {one.state for one in plain.ailments} == {"beyond"}
    found = assay.open(made).keeping.doctor(str(copy))
    assert found.well, [one for one in found.ailments if one.state == "beyond"]
    again = assay.open(made)
    assert again.verify().findings == [] and len(again.version("d")) == 30
    assert {p.relative_to(made): p.read_bytes() for p in files if p != last} == {
        p.relative_to(made): (copy / p.relative_to(made)).read_bytes() for p in files if p != last
    }


def test_a_copy_that_is_damaged_or_another_helps_nobody(made: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(made, copy)
    victim = next(made.glob("objects/*/*.parquet"))
    _flip(copy / victim.relative_to(made))
    victim.unlink()
    found = assay.open(made).keeping.doctor(str(copy))
    assert not found.well and [one.state for one in found.ailments] == ["beyond"]
    assay.init(tmp_path / "other")
    with pytest.raises(UsageError, match="another registry"):
        assay.open(made).keeping.doctor(str(tmp_path / "other"))
    with pytest.raises(NotFound, match="no registry at"):
        assay.open(made).keeping.doctor(str(tmp_path / "nowhere"))


def test_what_was_forgotten_is_not_fetched_again(made: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(made, copy)
    registry = assay.open(made)
    gone = registry.version("d").head(1)[0]
    registry.keeping.forget([gone.name], "asked for erasure")
    old = {p.relative_to(copy) for p in copy.glob("objects/*/*")} - {
        p.relative_to(made) for p in made.glob("objects/*/*")
    }
    assert old
    assert assay.open(made).keeping.doctor(str(copy)).ailments == ()
    for name in old:  # somebody restores a backup over the folder
        shutil.copy(copy / name, made / name)
    assert "forgotten" in {f.code for f in assay.open(made).verify().damage}
    assert assay.open(made).keeping.doctor().well
    assert not any((made / name).exists() for name in old)


def test_leftovers_and_the_index(made: Path) -> None:
    left, young = made / "tmp" / "curate-x" / "rows.arrow", made / "tmp" / "young"
    left.parent.mkdir(parents=True)
    for path in (left, young):
        path.write_bytes(b"half")
    os.utime(left, (1, 1))
    index = made / "index" / "index.sqlite"
    with index.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 20_000)
    dry = assay.open(made).keeping.doctor(dry_run=True)
    assert {one.code: one.state for one in dry.ailments} == {"leftover": "possible", "index": "possible"}
    assert left.exists()
    found = assay.open(made).keeping.doctor()
    assert found.well and {one.code for one in found.ailments} == {"leftover", "index"}
    assert not left.exists() and young.exists()
    assert assay.open(made).search("refund")
    assert assay.open(made).keeping.doctor().ailments == ()


def test_gc_leaves_what_a_curation_at_work_has_written(made: Path, write: Write) -> None:
    registry, other = assay.open(made), assay.open(made)
    seen: list[int] = []

    def tell(progress: Any) -> None:
        seen.append(len(other.gc(dry_run=False).orphans))

    registry.curate("d", [write("c.jsonl", [ticket(n) for n in range(40, 60)])], add=True, progress=tell)
    assert len(seen) >= 3 and set(seen) == {0}
    assert registry.verify().findings == [] and len(registry.version("d")) == 50
