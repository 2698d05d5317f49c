"""A page of a diff, read from the change object or from the diff itself: the same rows, each once."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import assay
from assay.registry.history import diff_page
from assay.registry.history.diff_net import net
from assay.registry.history.diff_page import KINDS, diff_rows
from assay.store.diff import diff


def pages(registry: assay.Registry, a: str, b: str) -> dict[str, list[str]]:
    """Kind → the ids of all pages of three rows."""
    old, new = registry.version(a), registry.version(b)
    out: dict[str, list[str]] = {}
    for kind in KINDS:
        after, ids = "", list[str]()
        while True:
            found = diff_rows(registry, old, new, kind, after, 3)
            ids += [row["id"] for row in found.rows]
            if found.more is None:
                break
            after = found.more
        assert len(ids) == found.counts[kind]
        out[kind] = ids
    return out


def test_all_ways_give_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(name: str, numbers: range, word: str = "answer") -> str:
        rows = [{"instruction": f"question {k} 退款", "input": "", "output": f"{word} {k}"} for k in numbers]
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        return str(tmp_path / name)

    registry = assay.init(tmp_path / "r", actor="ann")
    registry.import_("d", [write("a.jsonl", range(20))])
    registry.import_("d", [write("b.jsonl", range(5, 12), "other"), write("c.jsonl", range(12, 30))])
    some = [e.name for _, e in zip(range(4), registry.version("d"), strict=False)]
    registry.keeping.disable("d", some, "odd")
    steps = [("d@v1", "d@v2"), ("d@v2", "d@v3"), ("d@v3", "d@v2"), ("d@v1", "d@v3")]
    quick = [pages(registry, a, b) for a, b in steps]
    monkeypatch.setattr(diff_page, "_one_step", lambda *given: None)
    assert quick == [pages(registry, a, b) for a, b in steps]
    monkeypatch.setattr(diff_page, "_steps", lambda *given: None)
    assert quick == [pages(registry, a, b) for a, b in steps]
    assert len(quick[1]["disabled"]) == 4
    assert quick[0]["edited"]
    for (a, b), found in zip(steps, quick, strict=True):
        whole = diff(registry.store.objects, registry.version(a).manifest, registry.version(b).manifest)
        for kind in ("added", "edited", "moved"):
            assert found[kind] == [change.id.hex() for change in getattr(whole, kind)]


@settings(deadline=None, max_examples=15)
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), max_size=9), min_size=2, max_size=5)
)
def test_several_steps_come_to_what_the_diff_says(steps: list[list[tuple[int, int]]]) -> None:
    """Rows leave, come back, and are edited to and fro: a question keeps its key, its answer changes."""
    with TemporaryDirectory() as folder:
        registry = assay.init(Path(folder) / "r", actor="ann")
        for number, chosen in enumerate(steps):
            rows = [
                {"id": f"k{q}", "instruction": f"q {q}", "output": f"a {a}"} for q, a in dict(chosen).items()
            ]
            path = Path(folder) / "rows.jsonl"
            path.write_text(
                "".join(json.dumps(row) + "\n" for row in [{"instruction": "all", "output": "x"}, *rows])
            )
            registry.import_("d", [str(path)], message=str(number))
        old, new = registry.version("d@v1"), registry.version("d")
        if old.manifest.is_same(new.manifest):
            return
        found = net(registry.store.objects, old.manifest, new.manifest)
        whole = diff(registry.store.objects, old.manifest, new.manifest)
        assert found is not None
        for kind in ("added", "removed", "edited", "moved"):
            assert tuple(found.changes(found.rows(kind).tolist())) == getattr(whole, kind)
