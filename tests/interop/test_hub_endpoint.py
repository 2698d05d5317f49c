"""`assay serve` as the Hub of the real clients, `datasets` and `huggingface_hub`, in processes of their own.

Written against the versions in PINNED, which the dependency group `hub-clients` installs. The protocol without the
clients is tested in tests/web/test_hub.py.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")
if importlib.util.find_spec("datasets") is None:
    pytest.skip("datasets is not installed: pip install --group hub-clients", allow_module_level=True)

import assay
from assay.registry import Registry
from tests.web.test_hub import filled
from tests.web.test_killed import Server

PINNED = {"datasets": "5.2", "huggingface_hub": "2.4"}
Run = Callable[..., Any]


def test_the_clients_are_those_that_the_tests_were_written_for() -> None:
    for name, wanted in PINNED.items():
        found = importlib.metadata.version(name)
        assert found.startswith(wanted + "."), (
            f"{name} {found} is installed, and these tests are about {wanted}: see that they hold, "
            "compare what it asks of the Hub with docs/guides/hub-endpoint.md, and raise PINNED and pyproject.toml"
        )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("endpoint")
    registry = filled(root)
    (root / "zh.jsonl").write_text((root / "1.jsonl").read_text("utf-8"), "utf-8")
    registry.curate("客服", [str(root / "zh.jsonl")], recipe="import")
    server = Server(root / "r")
    server.start()
    yield server
    server.kill()
    server.web.close()


@pytest.fixture(scope="module")
def registry(server: Server) -> Registry:
    return assay.open(server.root, actor="ann")


@pytest.fixture
def run(server: Server, tmp_path: Path) -> Run:
    """A script that knows nothing of assay, with HF_ENDPOINT set and a cache of its own (`home` keeps one)."""

    def run(script: str, *words: object, home: str = "hf", fails: bool = False, **environment: str) -> Any:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        told = {"HF_ENDPOINT": str(server.web.base_url).rstrip("/"), "HF_HOME": str(tmp_path / home)}
        told |= {
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_UPDATE_DOWNLOAD_COUNTS": "0",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        }
        done = subprocess.run(
            [sys.executable, "-c", script, *map(str, words)], cwd=tmp_path, env=kept | told | environment,
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        if fails:
            assert done.returncode != 0, done.stdout
            return done.stderr
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


def commit(registry: Registry, ref: str) -> str:
    return registry.version(ref).fingerprint.removeprefix("sha256:")[:40]


LOAD = """
import json, sys
from datasets import load_dataset
found = {}
for revision in sys.argv[2:]:
    data = load_dataset(sys.argv[1], revision=revision or None)
    path = data["train"].cache_files[0]["filename"].split("/")
    found[revision] = [len(data["train"]), path[-2], data["train"][0], path[-5]]
print(json.dumps(found))
"""


def test_load_dataset_by_every_name_of_a_version_and_the_commit_is_what_it_keeps(
    registry: Registry, run: Run
) -> None:
    first, second = commit(registry, "helpdesk@v1"), commit(registry, "helpdesk@v2")
    print_of = registry.version("helpdesk@v1").fingerprint
    names = {"v1": first, "golden": first, print_of: first, print_of[:20]: first, first: first, "v2": second,
             "main": second, "": second, "2100-01-01": second}  # fmt: skip
    found = run(LOAD, "assay/helpdesk", *names)
    assert {name: one[1] for name, one in found.items()} == names
    assert {one[0] for name, one in found.items() if names[name] == first} == {40}
    assert {one[0] for name, one in found.items() if names[name] == second} == {60}
    row = found["v1"][2]
    example = registry.example(row["id"])
    assert [{k: v for k, v in m.items() if v is not None} for m in row["messages"]] == example.payload[
        "messages"
    ]


def test_a_chinese_dataset_is_loaded_by_the_bytes_of_its_name(run: Run) -> None:
    assert run(LOAD, "assay-utf8/" + "客服".encode().hex(), "")[""][0] == 40


AGAIN = """
import json, sys
from datasets import load_dataset, config
data = load_dataset("assay/helpdesk", revision="v1")
print(json.dumps([data["train"].cache_files[0]["filename"], len(data["train"])]))
"""


def test_a_second_time_the_cache_answers_and_without_the_server_too(server: Server, run: Run) -> None:
    path, count = run(AGAIN)
    made = Path(path).stat().st_mtime_ns
    assert run(AGAIN) == [path, count]
    assert Path(path).stat().st_mtime_ns == made
    assert run(AGAIN, HF_HUB_OFFLINE="1", HF_ENDPOINT="http://127.0.0.1:9") == [path, count]


STREAM = """
import json, sys
from datasets import load_dataset
rows = load_dataset("assay/helpdesk", revision="v2", split="train", streaming=True)
print(json.dumps([row["id"] for row in rows]))
"""


def test_streaming_gives_every_row_once(registry: Registry, run: Run) -> None:
    assert sorted(run(STREAM)) == sorted(one.name for one in registry.version("helpdesk@v2"))


API = """
import json, sys
from pathlib import Path
import pyarrow, pyarrow.parquet
from huggingface_hub import HfApi, HfFileSystem, hf_hub_download, snapshot_download
api, at = HfApi(), {"repo_id": "assay/helpdesk", "repo_type": "dataset", "revision": "v1"}
info = api.dataset_info("assay/helpdesk", revision="v1", files_metadata=True)
paths = api.get_paths_info(**at, paths=["README.md", "data", "none"], expand=True)
helpdesk = {"repo_id": "assay/helpdesk", "repo_type": "dataset"}
snapshot = Path(snapshot_download(**at))
fs = HfFileSystem()
shard = "datasets/assay/helpdesk@v1/data/train-00000-of-00001.parquet"
with fs.open("hf://" + shard) as file:
    head = file.read(4)
    file.seek(-4, 2)
    ends = [head.decode(), file.read().decode()]
print(json.dumps({
    "sha": info.sha,
    "siblings": {one.rfilename: [one.size, one.lfs.sha256] for one in info.siblings},
    "tree": [one.path for one in api.list_repo_tree(**at, recursive=True, expand=True)],
    "paths": [[one.path, one.last_commit.oid] for one in paths],
    "files": api.list_repo_files(**at),
    "snapshot": [snapshot.name, sorted(str(one.relative_to(snapshot)) for one in snapshot.rglob("*") if one.is_file())],
    "one": Path(hf_hub_download(filename="README.md", **at)).read_text("utf-8"),
    "local": sorted(p.name for p in Path(snapshot_download(**at, local_dir="here")).iterdir()),
    "refs": {one.name: one.target_commit for one in api.list_repo_refs(**helpdesk).tags},
    "commits": [one.commit_id for one in api.list_repo_commits(**helpdesk)],
    "there": [api.repo_exists("assay/none", repo_type="dataset"), api.revision_exists(**helpdesk, revision="v9"),
              api.file_exists(**at, filename="x.py"), api.revision_exists(**at)],
    "listed": sorted(one.id for one in api.list_datasets()),
    "who": api.whoami(token="assay_x")["name"],
    "glob": fs.glob("datasets/assay/helpdesk@v1/**/*.parquet"),
    "ends": ends,
    # From bytes: a thread of Arrow's that lets go of a Python file while the interpreter ends aborts the program.
    "rows": pyarrow.parquet.read_table(pyarrow.BufferReader(fs.cat_file(shard))).num_rows,
}))
"""


def test_the_rest_of_huggingface_hub(registry: Registry, run: Run) -> None:
    found = run(API)
    first, second, shard = (
        commit(registry, "helpdesk@v1"),
        commit(registry, "helpdesk@v2"),
        "data/train-00000-of-00001.parquet",
    )
    assert found["sha"] == found["snapshot"][0] == first
    assert set(found["siblings"]) == set(found["files"]) == set(found["snapshot"][1]) == {"README.md", shard}
    assert all(size > 0 and len(digest) == 64 for size, digest in found["siblings"].values())
    assert sorted(found["tree"]) == ["README.md", "data", shard]
    assert found["paths"] == [["README.md", first], ["data", first]]
    assert "# helpdesk@v1" in found["one"]
    assert {"README.md", "data"} <= set(found["local"])
    assert found["refs"] == {"golden": first, "v1": first, "v2": second}
    assert found["commits"] == [second, first]
    assert found["there"] == [False, False, False, True]
    assert found["listed"] == ["assay-utf8/" + "客服".encode().hex(), "assay/helpdesk"]
    assert found["who"] == "ann"
    assert found["glob"] == [f"datasets/assay/helpdesk@v1/{shard}"]
    assert found["ends"] == ["PAR1", "PAR1"]
    assert found["rows"] == 40


TRAIN = """
import os, sys
from datasets import load_dataset
def main():
    data = load_dataset("assay/tickets", split="train", revision="v1")
    texts = data.map(lambda row: {"text": "\\n".join(m["content"] for m in row["messages"])})
    assert all(texts["text"])
    print("[%d]" % len(texts))
main()
"""


CALLS = """
import json
from huggingface_hub import *
said = {}
for call in (
    "HfApi().dataset_info('assay/tickets', revision='v1')",
    "snapshot_download('assay/tickets', repo_type='dataset', revision='v1')",
    "hf_hub_download('assay/tickets', 'README.md', repo_type='dataset', revision='v1')",
    "list(HfApi().list_repo_tree('assay/tickets', repo_type='dataset', revision='v1'))",
    "HfFileSystem().open('datasets/assay/tickets@v1/README.md')",
):
    try:
        said[call] = repr(eval(call))
    except Exception as error:
        said[call] = f"{error} {error.__cause__}"
print(json.dumps(said))
"""


def test_a_script_that_knows_nothing_of_us_is_kept_from_what_was_revoked(
    registry: Registry, run: Run, tmp_path: Path
) -> None:
    assert registry.root is not None
    registry.curate("tickets", [str(registry.root.parent / "1.jsonl")], recipe="import")
    assert run(TRAIN) == [40]
    sha = commit(registry, "tickets@v1")
    assert run(TRAIN.replace('"v1"', f'"{sha}"'), home="by-commit") == [40]
    registry.releases.revoke("tickets@v1", reason="顾客不同意 (ticket 7)")
    for script, home in ((TRAIN, "new"), (TRAIN, "hf"), (TRAIN.replace('"v1"', f'"{sha}"'), "by-commit")):
        said = run(script, home=home, fails=True)
        assert "tickets@v1 was revoked on" in said, "also who has the files in his cache is told"
        assert said.count("顾客不同意 (ticket 7)") >= 2, (
            "in the error, and in a warning that no except clause hides"
        )
    for call, said in run(CALLS, home="new").items():
        assert "顾客不同意" in said, call


def test_what_is_not_there_is_said_plainly(run: Run) -> None:
    said = run(LOAD, "assay/helpdesk", "v9", fails=True)
    assert "Revision 'v9' doesn't exist" in said
    assert "helpdesk has v1 to v2" in said
    assert "doesn't exist on the Hub or cannot be accessed" in run(LOAD, "openai/helpdesk", "", fails=True)
    said = run("from huggingface_hub import *\nhf_hub_download('gpt2', 'config.json')", fails=True)
    assert "this server has datasets and no models" in said
