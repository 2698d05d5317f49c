"""A version as a table of Delta, Lance and Iceberg, read back with the libraries themselves."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import assay
from assay.errors import UsageError

FORMATS = {"delta": "deltalake", "lance": "lance", "iceberg": "pyiceberg"}
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def chat(k):
    call = {
        "type": "function",
        "function": {"name": "f", "arguments": {"城市": k} if k % 2 else {"x": [k, None, 1.0]}},
    }
    answer = (
        {"role": "assistant", "content": f"答 {k}"} if k % 3 else {"role": "assistant", "tool_calls": [call]}
    )
    tools = {"tools": [{"n": k}]} if k % 4 == 0 else {}
    more = {"id": f"k{k}", "generator": "lab/m", "score": k / 2, "odd key": None}
    return {"messages": [{"role": "user", "content": f"问题 {k} 👋", "big": 2**60}, answer], **tools, **more}


def written(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return str(path)


def delta(folder, name):
    from deltalake import DeltaTable

    table = DeltaTable(str(folder))
    return [(entry, DeltaTable(str(folder), version=entry["version"]).to_pyarrow_table())
            for entry in reversed(table.history())]  # fmt: skip


def lance(folder, name):
    import lance

    found = []
    for one in lance.dataset(str(folder)).versions():
        table = lance.dataset(str(folder), version=one["version"]).to_table()
        found.append(({k.decode(): v.decode() for k, v in table.schema.metadata.items()}, table))
    return found


def iceberg(folder, name):
    from pyiceberg.catalog.sql import SqlCatalog

    catalog = SqlCatalog("assay", uri=f"sqlite:///{folder / 'catalog.db'}", warehouse=folder.as_uri())
    table = catalog.load_table(("assay", name))
    kept = [one for one in table.metadata.snapshots if one.summary.operation.value == "append"]
    found = [
        (dict(one.summary.additional_properties), table.scan(snapshot_id=one.snapshot_id).to_arrow())
        for one in kept
    ]
    catalog.close()
    return found


READ = {"delta": delta, "lance": lance, "iceberg": iceberg}


@pytest.fixture(params=FORMATS)
def format(request):
    pytest.importorskip(FORMATS[request.param], reason="not installed: pip install --group interop")
    return request.param


def test_versions_are_versions_of_one_table(format, tmp_path):
    registry = assay.init(tmp_path / "registry", actor="mira")
    eval_source = written(tmp_path / "test.jsonl", [chat(k) for k in range(100, 103)])
    folder = tmp_path / "表 table"
    for rows in (range(20), range(5, 30)):
        source = written(tmp_path / "a.jsonl", map(chat, rows))
        registry.curate("help-desk", [source], eval_sources=[eval_source], recipe="import")
        before = sorted(folder.rglob("*"))
        planned = registry.export("help-desk", str(folder), format=format, dry_run=True)
        assert planned.files == {str(folder): len(rows) + 3}
        assert sorted(folder.rglob("*")) == before
        registry.export("help-desk", str(folder), format=format)
        after = sorted(folder.rglob("*"))
        registry.export("help-desk", str(folder), format=format)  # is there already
        assert sorted(folder.rglob("*")) == after
    found = READ[format](folder, "help_desk")
    assert len(found) == 2
    for number, (said, table) in enumerate(found, 1):
        version = registry.version(f"help-desk@v{number}")
        assert said["assay.fingerprint"] == version.fingerprint
        assert (said["assay.version"], said["assay.dataset"]) == (f"help-desk@v{number}", "help-desk")
        assert json.loads(said["assay.splits"]) == dict(version.counts)
        given = {example.name: example for example in version}
        rows = {row["id"]: row for row in table.to_pylist()}
        assert set(rows) == set(given) and len(table) == len(given)
        for key, row in rows.items():
            example = given[key]
            assert row["split"] == example.split and row["generator"] == "lab/m"
            assert row["messages"][0]["content"] == example.payload["messages"][0]["content"]

        # From the table's Arrow rows and what it says of its columns, the same examples come back.
        back = table.replace_schema_metadata({"assay": said["assay.columns"]})
        files = {}
        for split in version.counts:
            files[split] = str(tmp_path / f"{number}-{split}.parquet")
            pq.write_table(back.filter(pa.compute.equal(back["split"], split)), files[split])
        registry.curate("back", [files["train"]], eval_sources=[files["test"]], recipe="import")
        assert registry.version("back").fingerprint == version.fingerprint
    for name in ("back", "help-desk"):
        registry.export(name, str(tmp_path / "lines" / name))
    given, back = (
        sorted(json.dumps(json.loads(line), sort_keys=True) for line in path.read_text("utf-8").splitlines())
        for path in sorted((tmp_path / "lines").glob("*/train.jsonl"))
    )
    assert back == given


def test_tables_of_others_are_left_alone(format, tmp_path):
    registry = assay.init(tmp_path / "registry", actor="mira")
    for name in ("a", "b"):
        registry.import_(name, [written(tmp_path / "a.jsonl", [chat(1)])])
    registry.export("a", str(tmp_path / "t"), format=format)
    if format != "iceberg":  # a catalog has room for many tables
        with pytest.raises(UsageError, match="not of b"):
            registry.export("b", str(tmp_path / "t"), format=format)
    else:
        registry.export("b", str(tmp_path / "t"), format=format)
    with pytest.raises(UsageError, match="whole version"):
        registry.export("a", str(tmp_path / "u"), format=format, where="kind = 'messages'")
    other = assay.init(tmp_path / "other", actor="mira")
    other.import_("a", [written(tmp_path / "a.jsonl", [chat(1)])])
    with pytest.raises(UsageError, match="not of a in this registry"):
        other.export("a", str(tmp_path / "t"), format=format)


def test_names_that_a_format_refuses_are_json_and_a_changed_type_is_told(format, tmp_path):
    registry = assay.init(tmp_path / "registry", actor="mira")
    folder = tmp_path / "t"
    registry.import_("a", [written(tmp_path / "a.jsonl", [chat(1)])])
    registry.export("a", str(folder), format=format)
    odd = {"messages": [{"role": "user", "content": "a", "日期": 1, "a b": 2, "A B": 3}], "depth": 1}
    registry.import_("a", [written(tmp_path / "a.jsonl", [odd])])
    if format == "iceberg":
        with pytest.raises(UsageError, match="another type"):
            registry.export("a", str(folder), format=format)
        folder = tmp_path / "u"
    registry.export("a", str(folder), format=format)
    row = READ[format](folder, "a")[-1][1].to_pylist()[0]
    assert json.loads(row["messages"]) == odd["messages"] and row["depth"] == 1
