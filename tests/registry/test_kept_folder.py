"""The files of a version that servers and file systems give out."""

import hashlib
import threading

import pyarrow.parquet as pq
import pytest
import yaml

import assay
from assay.errors import NotFound, Revoked, StorageFailure, UsageError
from assay.registry.export.kept_folder import kept_folder
from tests.govern import papers


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    return papers.make(tmp_path_factory.mktemp("kept"))


def test_every_row_lies_in_the_shards_of_its_split_and_the_index_is_true(registry):
    version = registry.version("helpdesk@v2")
    kept = kept_folder(registry, version)
    assert (kept.version, kept.fingerprint) == ("helpdesk@v2", version.fingerprint)
    assert [one.path for one in kept.files()] == [
        "README.md", "data/test-00000-of-00001.parquet", "data/train-00000-of-00001.parquet",
    ]  # fmt: skip
    for one in kept.files():
        with kept.open(one.path) as file:
            data = file.read()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (one.bytes, one.sha256)
        if one.split is not None:
            ids = set(pq.read_table(kept.place(one.path)).column("id").to_pylist())
            assert ids == {example.name for example in version.split(one.split)} and one.rows == len(ids)
    header = yaml.safe_load(kept.place("README.md").read_text("utf-8").split("---\n")[1])
    assert [one["split"] for one in header["configs"][0]["data_files"]] == ["test", "train"]


def test_it_is_made_once_and_what_a_release_says_changes_no_byte(registry):
    before = kept_folder(registry, registry.version("helpdesk@v1"))
    seen = before.place("README.md").stat().st_mtime_ns, before.files()
    registry.act("release", "helpdesk", {"version": 1, "fingerprint": before.fingerprint})
    again = kept_folder(registry, registry.version("helpdesk@v1"))
    assert (again.place("README.md").stat().st_mtime_ns, again.files()) == seen


def test_it_gives_no_file_of_another_place(registry):
    kept = kept_folder(registry, registry.version("helpdesk@v2"))
    for path in ("../index.json", "index.json", "/etc/passwd", "data/../index.json", ""):
        with pytest.raises(NotFound, match="has no file"):
            kept.open(path)
    with pytest.raises(UsageError, match="one split"):
        kept_folder(registry, registry.version("helpdesk@v2:train"))


def test_many_at_once_make_one_folder_and_leave_nothing_behind(tmp_path):
    registry = papers.make(tmp_path)
    found = []

    def make():
        found.append(kept_folder(assay.open(registry.root), registry.version("helpdesk@v2")).files())

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and len(set(found)) == 1
    assert not list((registry.root / "tmp").iterdir())


def test_forgetting_empties_it_and_what_is_made_then_lacks_the_example(tmp_path):
    registry = papers.make(tmp_path)
    version = registry.version("helpdesk@v2")
    old = kept_folder(registry, version)
    gone = next(iter(version.split("train"))).name
    registry.keeping.forget([gone], reason="asked for")
    assert not old.root.exists()
    with pytest.raises(StorageFailure, match="No such file"):
        old.files()
    new = kept_folder(registry, registry.version("helpdesk@v2"))
    ids = {
        i for one in new.files() if one.split for i in pq.read_table(new.place(one.path))["id"].to_pylist()
    }
    assert gone not in ids and sum(one.rows for one in new.files()) == len(version) - 1 == len(ids)
    registry.export("helpdesk@v2", str(tmp_path / "out"), format="hf")
    header = yaml.safe_load((tmp_path / "out" / "README.md").read_text("utf-8").split("---\n")[1])
    assert sum(one["num_examples"] for one in header["dataset_info"]["splits"]) == len(version) - 1


def test_a_revoked_version_is_not_given_out_and_a_registry_without_a_folder_needs_a_place(tmp_path):
    registry = papers.make(tmp_path)
    past = registry.at("2030-01-01")
    with pytest.raises(UsageError, match="no place"):
        kept_folder(past, past.version("helpdesk@v2"))
    made = kept_folder(past, past.version("helpdesk@v2"), tmp_path / "files")
    assert made.files() == kept_folder(registry, registry.version("helpdesk@v2")).files()
    registry.releases.revoke("helpdesk@v2", "leaked 机密")
    with pytest.raises(Revoked, match="机密"):
        kept_folder(registry, registry.version("helpdesk@v2"))
