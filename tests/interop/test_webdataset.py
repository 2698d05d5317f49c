"""Our tar shards are read by the library `webdataset` and by `datasets`."""

import base64
import json

import pytest

import assay
from tests.interop.foreign import run

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
URL = "data:image/png;base64," + base64.b64encode(PNG).decode()


def chats(images):
    for k in range(12):
        call = {
            "id": f"c{k}",
            "type": "function",
            "function": {"name": "f", "arguments": {f"key{k % 2}": k, "否": None}},
        }
        content = [{"type": "text", "text": f"第{k}张图 🖼"}, {"type": "image_url", "image_url": {"url": URL}}]
        if images:  # all content in parts: Arrow, and so `datasets`, holds no column of texts and lists
            answer = {"role": "assistant", "content": [{"type": "text", "text": f"看{k}"}]}
            yield {"messages": [{"role": "user", "content": content}, answer]}
        else:
            answer = {"role": "assistant", "content": "", "tool_calls": [call]}
            yield {"messages": [{"role": "user", "content": f"问题{k}"}, answer]}


@pytest.fixture(scope="module", params=[False, True], ids=["text", "images"])
def exported(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wds")
    registry = assay.init(folder / "registry", actor="mira")
    source = folder / "a.jsonl"
    source.write_text(
        "".join(json.dumps(chat, ensure_ascii=False) + "\n" for chat in chats(request.param)), "utf-8"
    )
    registry.import_("a", [str(source)])
    registry.export("a", str(folder / "out"), format="webdataset")
    return registry, folder / "out", request.param


LIBRARY = """
import json, sys, webdataset
rows = {}
for one in webdataset.WebDataset(sys.argv[1], shardshuffle=False, nodesplitter=None):
    rows[one["__key__"]] = {name: data.hex() for name, data in one.items() if not name.startswith("__")}
print(json.dumps(rows))
"""


def test_the_library_webdataset_reads_every_sample(exported):
    registry, folder, images = exported
    found = run("webdataset", LIBRARY, folder / "train-000000.tar")
    given = {example.name: example.payload for example in registry.version("a")}
    assert set(found) == set(given)
    for key, members in found.items():
        record = json.loads(bytes.fromhex(members["json"]))
        if images:
            assert bytes.fromhex(members["0.png"]) == PNG
            assert record["messages"][0]["content"][1]["image_url"]["url"] == "0.png"
        else:
            assert record == given[key]


DATASETS = """
import datasets, json, sys
datasets.disable_progress_bars()
found = datasets.load_dataset("webdataset", data_files={"train": sys.argv[1]}, cache_dir=sys.argv[2])["train"]
if "0.png" in found.column_names:
    found = found.cast_column("0.png", datasets.Image(decode=False))
rows = [{"key": row["__key__"], "json": row["json"], "png": row.get("0.png")} for row in found]
for row in rows:
    row["png"] = row["png"] and row["png"]["bytes"].hex()
print(json.dumps(rows))
"""


def test_datasets_loads_every_sample(exported, tmp_path):
    registry, folder, images = exported
    rows = run("datasets", DATASETS, folder / "train-000000.tar", tmp_path)
    given = {example.name: example.payload for example in registry.version("a")}
    assert {row["key"] for row in rows} == set(given)
    for row in rows:
        said = row["json"]["messages"]
        assert [message["role"] for message in said] == ["user", "assistant"]
        if images:
            assert bytes.fromhex(row["png"]) == PNG
        else:
            assert said[0]["content"] == given[row["key"]]["messages"][0]["content"]
