"""Which files a folder holds, and of which split each is."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.errors import BadInput, NotFound
from assay.formats.dataset_folder import dataset_files
from assay.formats.source import open_source

TABLE = pa.table({"text": ["a", "你"]})


def names(folder):
    return [(split, str(path.relative_to(folder))) for split, path in dataset_files(folder)]


def put(folder, *files):
    for name in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".parquet"):
            pq.write_table(TABLE, path)
        else:
            path.write_text('{"text": "a"}\n')


def saved(folder, split, files=("data-00000-of-00001.arrow",), **more):
    folder.mkdir(parents=True)
    for name in files:
        with pa.ipc.new_stream(folder / name, TABLE.schema) as out:
            out.write_table(TABLE)
    state = {"_data_files": [{"filename": name} for name in files], "_split": split, **more}
    (folder / "state.json").write_text(json.dumps(state))


def readme(folder, header):
    (folder / "README.md").write_text(f"---\n{header}\n---\n# it\n")


def test_files_are_of_the_splits_that_they_are_named_after(tmp_path):
    put(tmp_path, "train.jsonl", "held-out.jsonl.gz", "notes.md", ".hidden.jsonl")
    assert names(tmp_path) == [("held-out", "held-out.jsonl.gz"), ("train", "train.jsonl")]
    put(
        tmp_path / "b",
        "data/test-00000-of-00002.parquet",
        "data/test-00001-of-00002.parquet",
        "dataset_info.json",
    )
    assert [split for split, _ in names(tmp_path / "b")] == ["test", "test"]


def test_names_that_are_no_splits_say_nothing(tmp_path):
    put(tmp_path, "tickets.jsonl", "more-00000-of-00001.parquet")
    assert names(tmp_path) == [(None, "more-00000-of-00001.parquet"), (None, "tickets.jsonl")]


def test_the_header_of_a_card_goes_before_names(tmp_path):
    put(tmp_path, "x/train-00000-of-00001.parquet", "x/b.parquet", "train.jsonl")
    readme(tmp_path, "configs: [{config_name: default, data_files: [{split: one, path: 'x/*.parquet'}]}]")
    assert names(tmp_path) == [("one", "x/b.parquet"), ("one", "x/train-00000-of-00001.parquet")]
    readme(
        tmp_path, "configs: [{config_name: a, data_files: train.jsonl}, {config_name: b, data_files: x/*}]"
    )
    with pytest.raises(BadInput, match="configs a, b"):
        dataset_files(tmp_path)
    readme(tmp_path, "license: mit")
    assert names(tmp_path) == [("train", "train.jsonl")]


def test_what_save_to_disk_left(tmp_path):
    saved(tmp_path / "all" / "train", "train", ("data-00000-of-00002.arrow", "data-00001-of-00002.arrow"))
    saved(tmp_path / "all" / "dev", "dev")
    (tmp_path / "all" / "dataset_dict.json").write_text('{"splits": ["train", "dev"]}')
    assert [split for split, _ in names(tmp_path / "all")] == ["train", "train", "dev"]
    assert names(tmp_path / "all" / "dev") == [("dev", "data-00000-of-00001.arrow")]
    with open_source(tmp_path / "all" / "dev" / "data-00000-of-00001.arrow") as reader:
        assert reader.container == "arrow"
        assert [record.data for record in reader.records()] == [{"text": "a"}, {"text": "你"}]


@pytest.mark.parametrize(
    "where", ["../secret.jsonl", "/etc/passwd", "link.jsonl", "https://x.example/a.jsonl"]
)
def test_nothing_leads_out_of_the_folder(tmp_path, where):
    (tmp_path / "secret.jsonl").write_text('{"text": "s"}\n')
    here = tmp_path / "in"
    put(here, "train.jsonl")
    (here / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    readme(here, f"configs: [{{data_files: [{{split: train, path: '{where}'}}]}}]")
    with pytest.raises(BadInput, match="another place"):
        dataset_files(here)
    saved(here / "saved", "train", ())
    (here / "saved" / "state.json").write_text(
        json.dumps({"_data_files": [{"filename": "../../secret.jsonl"}]})
    )
    with pytest.raises(BadInput, match="another place"):
        dataset_files(here / "saved")


def test_folders_that_cannot_be_read_say_why(tmp_path):
    with pytest.raises(NotFound, match="holds no data"):
        dataset_files(tmp_path)
    saved(tmp_path / "a", "train", _indices_files=[{"filename": "i.arrow"}])
    with pytest.raises(BadInput, match="indices"):
        dataset_files(tmp_path / "a")
    for text in ("[1]", "{", "{}", '{"_data_files": [1]}'):
        (tmp_path / "a" / "state.json").write_text(text)
        with pytest.raises((BadInput, NotFound)):
            dataset_files(tmp_path / "a")
    put(tmp_path / "b", "train.jsonl")
    readme(tmp_path / "b", "configs: [")
    with pytest.raises(BadInput, match="no YAML"):
        dataset_files(tmp_path / "b")


def test_a_damaged_arrow_file_is_bad_input(tmp_path):
    for data in (b"", b"ARROW1\0\0nothing", b"\xff\xff\xff\xff\x10\0\0\0"):
        (tmp_path / "a.arrow").write_bytes(data)
        with pytest.raises(BadInput, match=r"a\.arrow"), open_source(tmp_path / "a.arrow") as reader:
            list(reader.records())


def test_a_struct_field_that_is_null_is_no_key_and_json_is_a_value(tmp_path):
    arguments = pa.array(['{"n": 1, "m": null}', '"x"', None], pa.string()).cast(pa.json_())
    rows = pa.table(
        {
            "text": ["a", "b", "c"],
            "calls": [[{"a": 1, "b": {"c": None}}], [{"a": None, "b": None}], None],
            "arguments": arguments,
        }
    )
    pq.write_table(rows, tmp_path / "a.parquet")
    with open_source(tmp_path / "a.parquet") as reader:
        assert [record.data for record in reader.records()] == [
            {"text": "a", "calls": [{"a": 1, "b": {}}], "arguments": {"n": 1, "m": None}},
            {"text": "b", "calls": [{}], "arguments": "x"},
            {"text": "c", "calls": None, "arguments": None},
        ]


def test_json_that_is_none_makes_the_row_malformed(tmp_path):
    texts = ["{}", "no json", '{"a": 1, "a": 2}', "[1e999]"]
    pq.write_table(pa.table({"text": pa.array(texts).cast(pa.json_())}), tmp_path / "a.parquet")
    with open_source(tmp_path / "a.parquet", shape="text") as reader:
        codes = [getattr(record, "code", None) for record in reader.records()]
    assert codes == [None, "invalid_json", "duplicate_key", "number_out_of_range"]
