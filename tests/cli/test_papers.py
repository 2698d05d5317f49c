"""card, export --format hf, evidence and init --governance from the command line."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

Run = Callable[..., Any]


@pytest.fixture
def place(assay_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a registry in which helpdesk@v1 was made."""
    monkeypatch.chdir(tmp_path)
    rows = []
    for n in range(30):
        words = [f"w{(n * 7919 + k * 104_729) % 9_973}x{k}" for k in range(24)]
        rows.append(
            {"instruction": f"Case {n}: {' '.join(words[:12])}?", "output": f"Do {' '.join(words[12:])}."}
        )
    Path("t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert assay_run("init", "--actor", "mira").code == 0
    assert assay_run("curate", "helpdesk", "t.jsonl", "--workers", "1", "--actor", "mira").code == 0
    return tmp_path


def narrow(text: str) -> None:
    for line in text.split("\n"):
        assert cell_len(line) <= 80 and line == line.rstrip(), line


def test_card_goes_to_standard_output_or_a_file(assay_run: Run, place: Path) -> None:
    shown = assay_run("card", "helpdesk")
    assert shown.code == 0 and shown.out.startswith("---\n") and "# helpdesk@v1" in shown.out
    written = assay_run("card", "helpdesk", "-o", "README.md")
    assert Path("README.md").read_text("utf-8") == shown.out
    narrow(written.out)
    assert "left to a person" in written.out
    told = assay_run("card", "helpdesk", "--format", "html", "-o", "c.html", "--json").json
    assert (told["version"], told["format"], told["file"]) == ("helpdesk@v1", "html", "c.html")
    assert told["bytes"] == Path("c.html").stat().st_size and "license" in told["open"]


FORMS = {"md": "facts", "json": "facts", "croissant": "recordSet", "dps": "parts", "eu-summary": "parts"}


@pytest.mark.parametrize(("form", "key"), FORMS.items())
def test_every_form_has_a_json_twin(assay_run: Run, place: Path, form: str, key: str) -> None:
    assert key in assay_run("card", "helpdesk", "--format", form, "--json").json


def test_answers_come_from_a_file(assay_run: Run, place: Path) -> None:
    Path("fill.yaml").write_text("license: CC0-1.0\n")
    assert "\nlicense: CC0-1.0\n" in assay_run("card", "helpdesk", "--fill", "fill.yaml").out
    Path("bad.yaml").write_text("licence: CC0-1.0\n")
    bad = assay_run("card", "helpdesk", "--fill", "bad.yaml")
    assert bad.code == 2 and "did you mean license?" in bad.err


def test_what_cannot_be_written_is_exit_2(assay_run: Run, place: Path) -> None:
    for words in (("card", "helpdesk", "-o", "."), ("card", "helpdesk", "-o", "none/x.md"), ("card", "nothing"),
                  ("evidence", "helpdesk", "--to", "t.jsonl"), ("export", "helpdesk", "o", "--fill", "x")):  # fmt: skip
        call = assay_run(*words)
        assert call.code == 2 and call.err.startswith("error: "), words


def test_export_for_datasets(assay_run: Run, place: Path) -> None:
    found = assay_run("export", "helpdesk", "out", "--format", "hf", "--json").json
    assert found["format"] == "hf" and sum(found["files"].values()) == 30
    assert {path.name for path in Path("out").iterdir()} == {"README.md", "croissant.json", "data"}


def test_evidence(assay_run: Run, place: Path) -> None:
    dry = assay_run("evidence", "helpdesk", "--to", "e.zip", "--dry-run")
    assert dry.code == 0 and not Path("e.zip").exists()
    call = assay_run("evidence", "helpdesk", "--to", "e.zip")
    narrow(call.out)
    assert "python -I verify.py e.zip" in call.out and "nobody" in call.out
    assert "verify.py" in zipfile.ZipFile("e.zip").namelist()
    again = assay_run("evidence", "helpdesk", "--to", "e.zip", "--json")
    assert again.code == 2 and again.json["error"]["code"] == "usage"


def test_init_governance(assay_run: Run, place: Path) -> None:
    dry = assay_run("init", "--governance", "--dry-run", "--json").json
    assert len(dry["files"]) == 4 and not dry["created"] and not Path("governance").exists()
    call = assay_run("init", "--governance")
    narrow(call.out)
    assert sorted(path.name for path in Path("governance").iterdir()) == sorted(
        Path(name).name for name in dry["files"]
    )
    assert assay_run("init", "--governance").code == 2
    assert assay_run("init", "--governance", "mine").code == 0
    fresh = assay_run("--registry", "new", "init", "--governance", "g", "--json")
    assert fresh.code == 0 and fresh.json["created"] and assay_run("--registry", "new", "list").code == 0
    taken = assay_run("--registry", "newer", "init", "--governance", "g")
    assert taken.code == 2 and not Path("newer").exists()
    assert assay_run("init", "elsewhere", "--dry-run").code == 2 and not Path("elsewhere").exists()
