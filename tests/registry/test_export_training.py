"""export --format trl: files for trainers, beside settings that are pinned to the version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from assay.errors import NotExpressible, NotForTraining, Revoked, UsageError
from assay.registry import Registry
from tests.registry.conftest import ticket

SECRET = "绝密-only-in-rows"


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def desk(registry: Registry, write: Any) -> Registry:
    rows = [ticket(n) | {"output": f"{SECRET} {ticket(n)['output']}"} for n in range(40)]
    registry.curate("服务台", [write("tickets.jsonl", rows)])
    return registry


def test_a_version_becomes_a_folder_that_trainers_read(desk: Registry, tmp_path: Path) -> None:
    folder = tmp_path / "出"
    planned = desk.export("服务台", str(folder), format="trl", dry_run=True)
    assert not folder.exists()
    done = desk.export("服务台", str(folder), format="trl")
    version = desk.version("服务台")
    assert done.notes == () and planned.files.items() <= done.files.items()
    for split, count in version.counts.items():
        rows = read(folder / f"{split}.jsonl")
        assert len(rows) == count == len(read(folder / "llamafactory" / f"{split}.jsonl"))
        assert [row["messages"] for row in rows] == [e.payload["messages"] for e in version.split(split)]
    info = json.loads((folder / "llamafactory" / "dataset_info.json").read_text("utf-8"))
    assert info["服务台_v1_train"]["file_name"] == "train.jsonl"
    assert yaml.safe_load((folder / "llamafactory" / "train.yaml").read_text("utf-8"))["dataset"] in info
    pinned = [folder / "train_trl.py", folder / "axolotl.yaml", folder / "llamafactory" / "train.yaml"]
    for path in pinned:
        text = path.read_text("utf-8")
        assert version.fingerprint in text and "服务台@v1" in text and SECRET not in text
    assert {str(path) for path in folder.rglob("*") if path.is_file()} == done.files.keys()
    only = desk.export("服务台@v1:train", str(tmp_path / "one"), format="trl", as_type="prompt-completion")
    assert not (tmp_path / "one" / "test.jsonl").exists()
    assert read(tmp_path / "one" / "train.jsonl")[0].keys() == {"prompt", "completion"}
    assert only.notes == ("no axolotl.yaml: Axolotl reads no such rows as prompt-completion",)


def test_what_llama_factory_would_skip_is_left_out_and_told(
    registry: Registry, write: Any, tmp_path: Path
) -> None:
    turns = [{"role": role, "content": f"{role} {n}"} for n, role in enumerate(["user", "user", "assistant"])]
    registry.curate("chat", [write("a.jsonl", [{"messages": turns}])], recipe="import")
    done = registry.export("chat", str(tmp_path / "out"), format="trl")
    (note,) = done.notes
    assert note.startswith("no llamafactory/: example ") and "alternate" in note
    assert not (tmp_path / "out" / "llamafactory").exists()
    assert done.as_json()["notes"] == [note]


def test_the_example_that_cannot_be_written_is_named(registry: Registry, write: Any, tmp_path: Path) -> None:
    pairs = [{"prompt": f"q{n}", "chosen": "a", "rejected": "b"} for n in range(2)]
    turns = [{"role": "user", "content": "q9"}]
    plain = list(pairs)
    pairs.append({"prompt": turns, "chosen": [{"role": "assistant", "content": "a"}],
                  "rejected": [{"role": "assistant", "content": "b"}]})  # fmt: skip
    registry.curate("pairs", [write("p.jsonl", pairs)], recipe="import")
    with pytest.raises(
        NotExpressible, match=r"^example [0-9a-f]{16} is messages, and those before it are text"
    ):
        registry.export("pairs", str(tmp_path / "out"), format="trl")
    with pytest.raises(NotExpressible, match=r"^example [0-9a-f]{16}: language-modeling"):
        registry.export("pairs", str(tmp_path / "out"), format="trl", as_type="language-modeling")
    assert not list((tmp_path / "out").glob("*.jsonl"))
    registry.curate("plain", [write("q.jsonl", plain)], recipe="import")
    for dry_run in (True, False):
        done = registry.export(
            "plain", str(tmp_path / "two"), format="trl", as_type="unpaired-preference", dry_run=dry_run
        )
        assert done.files[str(tmp_path / "two" / "train.jsonl")] == 4


def test_options_that_do_not_go_together(desk: Registry, tmp_path: Path) -> None:
    for options, why in [
        ({"format": "trl", "as_type": "dialogue"}, "no dataset type"),
        ({"format": "trl", "container": "parquet"}, "JSON Lines"),
        ({"format": "source", "as_type": "preference"}, "--as names"),
    ]:
        with pytest.raises(UsageError, match=why):
            desk.export("服务台", str(tmp_path / "out"), **options)


def test_it_is_a_door_to_training(desk: Registry, tmp_path: Path) -> None:
    desk.policies.set({"training": "approved"})
    out = str(tmp_path / "out")
    with pytest.raises(NotForTraining):
        desk.export("服务台", out, format="trl")
    desk.export("服务台", str(tmp_path / "plain"))
    desk.export("服务台", out, format="trl", force=True, reason="一次")
    desk.releases.revoke("服务台@v1", reason="no consent")
    with pytest.raises(Revoked):
        desk.export("服务台", out, format="trl", force=True, reason="again")
