"""assay:// as pandas, DuckDB, Polars and datasets see it."""

import hashlib
import pickle

import duckdb
import pytest

from assay.errors import Revoked, UsageError
from tests.govern import papers

fsspec = pytest.importorskip("fsspec", reason="pip install --group interop")
TRAIN = "assay://helpdesk@v2/data/train-00000-of-00001.parquet"


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    return papers.make(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def fs(registry):
    return fsspec.filesystem("assay", registry=str(registry.root))


@pytest.fixture(scope="module")
def ids(registry):
    return {example.name for example in registry.version("helpdesk@v2:train")}


def test_a_version_is_a_folder_with_the_digest_of_each_file(fs):
    assert fs.ls("", detail=False) == ["helpdesk@v1", "helpdesk@v2"]
    assert fs.ls("assay://helpdesk@v2", detail=False) == ["helpdesk@v2/README.md", "helpdesk@v2/data"]
    assert fs.glob("assay://helpdesk@v2/data/train-*.parquet") == [TRAIN.removeprefix("assay://")]
    assert sorted(fs.find("helpdesk@v2")) == [
        "helpdesk@v2/README.md",
        "helpdesk@v2/data/test-00000-of-00001.parquet",
        "helpdesk@v2/data/train-00000-of-00001.parquet",
    ]
    info, data = fs.info(TRAIN), fs.cat_file(TRAIN)
    assert (info["type"], info["size"], info["rows"]) == ("file", len(data), 65)
    assert info["sha256"] == info["ETag"] == hashlib.sha256(data).hexdigest() == fs.ukey(TRAIN)
    assert fs.cat_file(TRAIN, start=-4) == b"PAR1" and fs.cat_file(TRAIN, start=2, end=4) == data[2:4]
    with fs.open(TRAIN) as file:
        file.seek(info["size"] - 4)
        assert file.read() == b"PAR1"
    assert pickle.loads(pickle.dumps(fs)).info(TRAIN) == info
    assert fs.isdir("helpdesk@v2/data") and not fs.exists("helpdesk@v2/index.json")
    assert b"helpdesk@v2" in fs.cat_file("assay://helpdesk/README.md")


def test_what_is_not_there_what_cannot_be_written_and_a_registry_that_nobody_named(fs, tmp_path):
    for path in (
        "nothing@v1/README.md",
        "helpdesk@v9/README.md",
        "helpdesk@v2/../registry.json",
        "helpdesk@v2/x",
    ):
        with pytest.raises(FileNotFoundError):
            fs.open(path)
    with pytest.raises(IsADirectoryError):
        fs.open("helpdesk@v2/data")
    with pytest.raises(UsageError, match="to read"):
        fs.open("helpdesk@v2/README.md", "wb")
    with pytest.raises(UsageError, match="in which registry") as refused:
        fsspec.open("assay://helpdesk@v2/README.md").open()
    assert "storage_options" in refused.value.hint


def test_a_withdrawn_version_is_not_given_out(tmp_path):
    registry = papers.make(tmp_path)
    files = fsspec.filesystem("assay", registry=str(registry.root))
    assert files.exists(TRAIN)
    registry.releases.revoke("helpdesk@v2", "机密 inside")
    with pytest.raises(Revoked, match="机密"):
        files.open(TRAIN)
    assert files.exists("helpdesk@v1/README.md")


def test_duckdb_reads_it(fs, ids):
    with duckdb.connect() as connection:
        connection.register_filesystem(fs)
        rows = connection.execute(f"SELECT id FROM '{TRAIN}'").fetchall()
        both = connection.execute("SELECT count(*) FROM 'assay://helpdesk@v2/data/*.parquet'").fetchone()
    assert {row[0] for row in rows} == ids and both == (83,)


def test_pandas_reads_it(registry, ids):
    pandas = pytest.importorskip("pandas", reason="pip install --group interop")
    found = pandas.read_parquet(TRAIN, storage_options={"registry": str(registry.root)})
    assert set(found["id"]) == ids


def test_polars_reads_it(fs, ids):
    polars = pytest.importorskip("polars", reason="pip install --group interop")
    with fs.open(TRAIN) as file:
        assert set(polars.read_parquet(file, columns=["id"])["id"]) == ids


def test_datasets_reads_it_with_tool_calls_as_values(registry, fs, ids, tmp_path):
    datasets = pytest.importorskip("datasets", reason="pip install --group interop")
    datasets.disable_progress_bars()
    given = {
        "path": "parquet",
        "data_files": {"train": "assay://helpdesk@v2/data/train-*.parquet"},
        "storage_options": {"registry": str(registry.root)},
        "cache_dir": str(tmp_path),
    }
    found = datasets.load_dataset(**given)["train"]
    assert set(found["id"]) == ids
    calls = [m["tool_calls"] for row in found for m in row["messages"] if m["tool_calls"]]
    assert {"key1": 1} in [call[0]["function"]["arguments"] for call in calls]
    streamed = datasets.load_dataset(**given, streaming=True)["train"]
    assert {row["id"] for row in streamed} == ids
