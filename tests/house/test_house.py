"""The house rules that no linter knows."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import assay
from assay import errors

REPO = Path(__file__).resolve().parents[2]
SOURCES = sorted((REPO / "src" / "assay").rglob("*.py"))


def test_importing_assay_costs_next_to_nothing():
    heavy = ["pyarrow", "duckdb", "numpy", "pydantic", "click", "rich", "orjson", "yaml"]
    code = f"import sys, assay; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(REPO)))
def test_a_file_has_one_subject(path):
    assert len(path.read_text("utf-8").splitlines()) <= 400
    assert path.stem not in {"utils", "util", "helpers", "common", "manager", "misc"}


def test_every_stage_is_plugged_in_through_the_same_door():
    from assay.curate.stage import RowStage, Selector, SetStage

    points = {point.name: point.load() for point in entry_points(group="assay.stages")}
    assert points
    for name, stage in points.items():
        assert stage.kind == name and stage.codes and stage.__doc__
    built_in = {
        cls
        for base in (RowStage, SetStage, Selector)
        for cls in base.__subclasses__()
        if cls.__module__.startswith("assay.stages")
    }
    assert built_in == set(points.values())


def test_public_names_are_real():
    assert set(assay.__all__) - {"__version__"} == set(assay._HOME)
    assert len(assay.__all__) <= 30
    for name in assay.__all__:
        assert getattr(assay, name) is not None


def all_errors(root=errors.AssayError):
    return [root, *(found for child in root.__subclasses__() for found in all_errors(child))]


@pytest.mark.parametrize("error", all_errors(), ids=lambda e: e.__name__)
def test_errors_cross_processes_whole(error):
    made = pickle.loads(pickle.dumps(error("what", "do this")))
    assert (type(made), made.message, made.hint, str(made)) == (error, "what", "do this", "what")
    assert made.exit_code in (1, 2, 3) and made.code
    assert error.__name__ in (errors.__doc__ or "")


def test_nothing_names_a_machine():
    listed = subprocess.run(["git", "ls-files"], cwd=REPO, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    pattern = re.compile("/" + "(work|root|tmp)/[a-z]")
    for name in listed.stdout.splitlines():
        text = (REPO / name).read_text("utf-8", "replace") if (REPO / name).is_file() else ""
        assert not pattern.search(text), name
