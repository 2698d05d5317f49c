"""assay import NAME FOLDER keeps the folder's splits."""

import json
from pathlib import Path
from typing import Any

import pytest

CHAT = (
    '{{"messages": [{{"role": "user", "content": "问 {0}"}}, {{"role": "assistant", "content": "a {0}"}}]}}\n'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "train.jsonl").write_text("".join(map(CHAT.format, range(5))), "utf-8")
    (tmp_path / "in" / "test.jsonl").write_text(CHAT.format(9) + "{broken\n", "utf-8")
    return tmp_path / "in"


def test_a_folder_and_its_export_are_the_same_version(
    assay_run: Any, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assay_run("init")
    dry = json.loads(assay_run("import", "desk", str(folder), "--dry-run", "--json").out)
    made = json.loads(assay_run("import", "desk", str(folder), "--json").out)
    assert made["splits"] == {"test": 1, "train": 5} and made["malformed"] == 1
    assert dry["fingerprint"] == made["fingerprint"] and dry["version"] is None
    why = json.loads(assay_run("why", "desk", f"{folder / 'test.jsonl'}:2", "--json").out)
    assert (why["outcome"], why["code"]) == ("malformed", "invalid_json")
    assert assay_run("export", "desk", str(tmp_path / "out"), "--format", "hf").code == 0
    again = json.loads(assay_run("import", "copy", str(tmp_path / "out"), "--json").out)
    assert again["fingerprint"] == made["fingerprint"] and again["read"] == again["kept"] == 6
    assert not list((tmp_path / ".assay" / "tmp").iterdir())


def test_a_folder_without_data_and_an_unknown_name_are_bad_usage(
    assay_run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assay_run("init")
    (tmp_path / "empty").mkdir()
    call = assay_run("import", "desk", str(tmp_path / "empty"))
    assert call.code == 2 and "holds no data" in call.err
