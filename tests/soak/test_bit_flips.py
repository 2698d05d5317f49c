"""A flipped bit in any file of a registry is found by `verify`, or harmless; no read gives another row in silence."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter

import pytest

import assay
from assay.errors import AssayError

from ..registry.conftest import ticket

FROM_INDEX = ("search", "trace")


def build(tmp_path):
    """Two versions with rejected and malformed records, and an index with words."""
    root = tmp_path / "registry"
    registry = assay.init(root)
    rows = [ticket(n, id=f"T{n}") for n in range(120)]
    for name, some in (("a", rows[:100]), ("b", rows[30:])):
        lines = [json.dumps(row) for row in [*some, some[0], {"input": "x", "output": ""}]]
        (tmp_path / f"{name}.jsonl").write_text("\n".join([*lines, "{broken"]))
        registry.curate("helpdesk", [str(tmp_path / f"{name}.jsonl")])
    registry.search("printer")
    registry.index().close()
    return root


def answers(root, tmp_path):
    """Everything a reader could ask: rows, decisions, differences, a search, traces."""
    registry = assay.open(root)
    out = {}
    for ref in ("helpdesk@v1", "helpdesk@v2"):
        version = registry.version(ref)
        out[ref] = (version.fingerprint, [(e.id, e.split, e.payload, e.provenance) for e in version])
    out["diff"] = registry.diff("helpdesk@v1", "helpdesk@v2")
    for name, ref, last in (("a", "helpdesk@v1", 103), ("b", "helpdesk@v2", 93)):
        source = str(tmp_path / f"{name}.jsonl")
        out[name] = [registry.why(ref, source, n).as_json() for n in (1, 2, last - 2, last - 1, last)]
    out["search"] = {hit.id for hit in registry.search("printer", limit=200)}
    out["trace"] = registry.trace(out["helpdesk@v1"][1][0][0].hex()).as_json()
    registry.index().close()
    return out


def files_of(root):
    """Every file that stays when nobody has the registry open, and how likely it is to be hit."""
    files = [p for p in sorted(root.rglob("*")) if p.is_file() and not p.name.endswith(("-shm", "-wal"))]
    return files, [max(p.stat().st_size, 200) for p in files]


def flip(tmp_path, flips, seed):
    chance = random.Random(seed)
    root = build(tmp_path)
    truth = answers(root, tmp_path)
    files, weights = files_of(root)
    fate = Counter()
    for _ in range(flips):
        path = chance.choices(files, weights)[0]
        whole = path.read_bytes()
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        name = path.relative_to(root).as_posix()
        try:
            named = any(f.file == name for f in assay.open(root).verify().damage)
        except AssayError as error:
            # registry.json itself: the registry does not open, and says which file it is.
            assert name in error.message
            named = True
        try:
            found = answers(root, tmp_path)
            if name.startswith("index/") and found != truth:
                # SQLite has no checksums: a search may miss a hit. Rows and decisions never pass through it.
                fate["the index answered otherwise"] += 1
                found |= {key: truth[key] for key in FROM_INDEX}
            fate["read the same" if found == truth else "READ ANOTHER"] += 1
            assert found == truth, name
        except AssayError:
            fate["refused"] += 1
        if name.startswith("cache/"):
            # Measured values carry a digest each; what is damaged is measured again, and nothing else read from it.
            fate["in remembered values, which are derived"] += 1
            path.write_bytes(whole)
        elif name.startswith("index/"):
            fate["in the index, which is derived"] += 1
            shutil.rmtree(root / "index")
            answers(root, tmp_path)
            files, weights = files_of(root)
        else:
            assert named, name
            fate["named by verify"] += 1
            path.write_bytes(whole)
    return fate


def test_some_flips(tmp_path):
    fate = flip(tmp_path, 40, 1)
    assert fate["named by verify"] > 5 and not fate["READ ANOTHER"]


@pytest.mark.soak
def test_a_thousand_flips(tmp_path):
    fate = flip(tmp_path, 1_000, 2)
    print("\n1,000 flips:", dict(fate))
    assert not fate["READ ANOTHER"]
