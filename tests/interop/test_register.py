"""Datasets of Hugging Face go in and come out: one fingerprint whatever the way."""

import json
import sys
import types

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

import assay
from assay.errors import BadInput, MissingExtra, NotFound, Revoked, SchemaChanged, UsageError
from tests.govern import papers

datasets = pytest.importorskip("datasets", reason="pip install --group interop")

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["你好,世界", "123", "null", '{"a": 1}', "true", "", " ", "1.0", '"x"', "[]"]
)
SCALAR = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e6, 1e6) | TEXT
VALUE = st.recursive(
    SCALAR, lambda v: st.lists(v, max_size=2) | st.dictionaries(TEXT, v, max_size=2), max_leaves=4
)
ARGUMENTS = st.dictionaries(st.sampled_from(["city", "n", "城市", "deep"]), VALUE, max_size=3)
CALL = st.fixed_dictionaries(
    {"type": st.just("function"), "function": st.fixed_dictionaries({"name": TEXT, "arguments": ARGUMENTS})},
    optional={"id": TEXT},
)
PARTS = st.lists(
    st.fixed_dictionaries({"type": st.just("text"), "text": TEXT}, optional={"x": SCALAR}),
    min_size=1,
    max_size=2,
)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool", "system"])},
    optional={"content": TEXT | st.none() | PARTS, "name": TEXT | st.none(), "weight": st.sampled_from([0, 1, 0.5]),
              "tool_calls": st.lists(CALL, max_size=2) | st.none(), "meta": SCALAR | ARGUMENTS},
)  # fmt: skip
MESSAGES = st.lists(MESSAGE, min_size=1, max_size=3)
TOOLS = st.lists(
    st.fixed_dictionaries({"type": st.just("function"), "function": ARGUMENTS}), min_size=1, max_size=2
)
CHAT = st.fixed_dictionaries(
    {"messages": MESSAGES}, optional={"tools": TOOLS, "topic": SCALAR, "origin": st.just("human")}
)
PAIR = st.fixed_dictionaries({"prompt": MESSAGES | TEXT, "chosen": MESSAGES, "rejected": MESSAGES})
DONE = st.fixed_dictionaries(
    {"prompt": TEXT, "completion": TEXT | MESSAGES}, optional={"label": st.booleans()}
)
WORDS = st.fixed_dictionaries({"text": TEXT})
LABELLED = st.fixed_dictionaries({"text": TEXT, "label": TEXT | st.integers(0, 9) | st.just(0.5)})
ROWS = st.one_of(
    *(st.lists(kind, min_size=1, max_size=6) for kind in (CHAT, CHAT, PAIR, DONE, WORDS, LABELLED))
)
QUIET = settings(
    deadline=None,
    max_examples=25,
    phases=[Phase.explicit, Phase.generate],  # to shrink takes minutes
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.fixture(autouse=True, scope="module")
def quiet():
    datasets.disable_progress_bars()


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


@QUIET
@given(rows=ROWS, more=ROWS, name=st.sampled_from(["test", "eval-a"]))
def test_one_fingerprint_whatever_the_way(rows, more, name, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ways")
    registry = assay.init(folder / "registry", actor="mira")
    write(folder / "in" / "train.jsonl", rows)
    write(folder / "in" / f"{name}.jsonl", more)
    first = registry.register("first", folder / "in")
    assume("train" in first.splits and not first.malformed)
    loaded = registry.load("first@v1")
    loaded.save_to_disk(folder / "saved")
    registry.export("first@v1", str(folder / "hub"), format="hf")
    registry.export("first@v1", str(folder / "lines"), format="source")
    registry.export("first@v1", str(folder / "parquet"), format="source", container="parquet")
    ways = {
        "loaded": loaded,
        "saved": folder / "saved",
        "saved-and-loaded": datasets.load_from_disk(folder / "saved"),
        "hub": folder / "hub",
        "lines": folder / "lines",
        "parquet": folder / "parquet",
    }
    if name == "test":  # `datasets` has no name eval-a, and what it makes of a folder knows nothing of us
        ways["hub-and-loaded"] = datasets.load_dataset(str(folder / "hub"), cache_dir=str(folder / "cache"))
    for way, what in ways.items():
        found = registry.register(way, what)
        assert (found.fingerprint, found.malformed) == (first.fingerprint, 0), (way, rows, more)
        assert dict(found.splits) == dict(first.splits), way


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    return papers.make(tmp_path_factory.mktemp("hf"))


def test_what_is_loaded_says_which_version_it_is_and_holds_every_payload(registry):
    version = registry.version("helpdesk@v2")
    loaded = registry.load("helpdesk@v2")
    assert {split: len(rows) for split, rows in loaded.items()} == dict(version.counts)
    given = {example.name: example for example in version}
    for split, rows in loaded.items():
        assert [row["id"] for row in rows] == [example.name for example in version.split(split)]
        for row in rows:
            turns = [{k: v for k, v in turn.items() if v is not None} for turn in row["messages"]]
            want = [
                {k: v for k, v in turn.items() if v is not None}
                for turn in given[row["id"]].payload["messages"]
            ]
            assert turns == want and row["tools"] == given[row["id"]].payload.get("tools")
        assert version.fingerprint in rows.info.description and rows.info.description.startswith(
            "helpdesk@v2"
        )
        assert rows.info.homepage == f"assay://helpdesk@v2:{split}#{version.fingerprint}"
        assert str(rows.info.version) == "2.0.0" and str(rows.split) == split
        assert rows._fingerprint.startswith(f"{version.fingerprint[7:23]}-{split}")
    one = registry.load("helpdesk@v2:test")
    assert one["id"][:] == loaded["test"]["id"][:] and one._fingerprint == loaded["test"]._fingerprint
    assert {file["filename"].startswith(str(registry.root / "cache" / "hf")) for file in one.cache_files} == {
        True
    }


def test_equal_content_has_an_equal_cache_key_and_other_content_another(registry, tmp_path):
    other = assay.init(tmp_path / "other", actor="noor")
    other.register("elsewhere", registry.load("helpdesk@v2"))
    one, two = registry.load("helpdesk@v2"), other.load("elsewhere")
    keys = {split: rows._fingerprint for split, rows in one.items()}
    assert {split: rows._fingerprint for split, rows in two.items()} == keys
    assert len({*keys.values()}) == 2
    assert keys["train"] != registry.load("helpdesk@v1:train")._fingerprint
    noted = other.register("noted", two.map(lambda row: {"licence": "CC0"}))
    assert noted.fingerprint == registry.version("helpdesk@v2").fingerprint
    assert other.load("noted:train")._fingerprint != keys["train"]


def test_forgetting_takes_files_and_what_map_kept_beside_them(tmp_path):
    registry = papers.make(tmp_path)
    before = registry.load("helpdesk@v2:train")
    mapped = before.map(lambda row: {"n": len(row["messages"])})
    gone = before[0]["id"]
    registry.keeping.forget([gone], reason="asked for")
    assert not any((registry.root / "cache" / "hf").rglob("*.arrow")) and mapped.cache_files
    after = registry.load("helpdesk@v2:train")
    assert gone not in after["id"][:] and len(after) == len(before) - 1
    assert after._fingerprint != before._fingerprint


def test_a_revoked_version_is_loaded_by_force_alone_and_the_log_says_so(tmp_path):
    registry = papers.make(tmp_path)
    registry.load("helpdesk@v2")
    registry.releases.revoke("helpdesk@v2", "机密 inside")
    with pytest.raises(Revoked, match="机密"):
        registry.load("helpdesk@v2:train")
    assert len(registry.load("helpdesk@v2:train", force=True, reason="to see what happened")) == 65
    assert registry.log("helpdesk")[-1].action == "load"
    with pytest.raises(UsageError, match="no place"):
        registry.at("2030-01-01").load("helpdesk@v1")
    assert len(registry.at("2030-01-01").load("helpdesk@v1:train", folder=tmp_path / "x")) > 0


def test_edited_rows_come_from_those_they_were(registry, tmp_path):
    loaded = registry.load("helpdesk@v2")

    def edit(row):
        row["messages"][-1]["content"] += " Bye."
        return row

    copy = assay.init(tmp_path / "registry", actor="mira")
    found = copy.register("edited", loaded.map(edit))
    assert (found.malformed, dict(found.splits)) == (0, dict(registry.version("helpdesk@v2").counts))
    named = {json.loads(example.provenance["derived_from"])[0] for example in copy.version("edited")}
    assert named == {example.name for example in registry.version("helpdesk@v2")}


def test_datasets_of_others_their_structs_and_their_streams(tmp_path):
    registry = assay.init(tmp_path / "registry", actor="mira")
    rows = [
        {"messages": [{"role": "user", "content": f"q{n}"}, {"role": "assistant", "call": {f"k{n % 3}": n}}]}
        for n in range(6)
    ]
    whole = datasets.Dataset.from_list(rows)
    assert whole[0]["messages"][1]["call"] == {"k0": 0, "k1": None, "k2": None}  # Arrow filled them up
    found = registry.register("one", whole)
    assert {json.dumps(e.payload["messages"][1]["call"]) for e in registry.version("one")} == {
        json.dumps({f"k{n % 3}": n}) for n in range(6)
    }
    write(tmp_path / "a.jsonl", rows)
    assert registry.register("two", tmp_path / "a.jsonl").fingerprint == found.fingerprint
    assert registry.register("three", whole.to_iterable_dataset()).fingerprint == found.fingerprint
    assert registry.register("four", whole.with_format("numpy")).fingerprint == found.fingerprint
    assert registry.register("five", whole.shuffle(seed=1)).fingerprint == found.fingerprint
    halves = whole.train_test_split(test_size=2, seed=1)
    parts = registry.register("six", halves)
    assert dict(parts.splits) == {"test": 2, "train": 4} and parts.fingerprint != found.fingerprint
    swapped = datasets.DatasetDict(train=halves["test"], test=halves["train"])
    assert registry.register("seven", swapped).fingerprint != parts.fingerprint
    assert registry.why("six", "dataset:train", 1).outcome == "kept"
    with pytest.raises(SchemaChanged, match="call is missing"):
        registry.register("six", whole.map(lambda row: {"messages": row["messages"][:1]}))


def test_a_name_of_the_hub_goes_to_the_library_alone(tmp_path, monkeypatch):
    registry = assay.init(tmp_path / "registry", actor="mira")
    asked = []

    def load_dataset(name, revision=None):
        asked.append((name, revision))
        if name == "lab/none":
            raise FileNotFoundError("no such dataset")
        return datasets.DatasetDict(train=datasets.Dataset.from_list([{"text": "一"}]))

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    found = registry.register("one", "hf:lab/texts@v3")
    assert asked == [("lab/texts", "v3")] and found.kept == 1
    assert registry.version("one").sources[0]["uri"] == "hf:lab/texts@v3:train"
    assert registry.import_("one", ["hf:lab/texts"]).fingerprint == found.fingerprint
    with pytest.raises(BadInput, match="no such dataset"):
        registry.register("one", "hf:lab/none")
    with pytest.raises(NotFound, match="does not exist"):
        registry.register("one", "lab/texts")
    assert len(asked) == 3


def test_without_the_library_the_extra_is_named(registry, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtra) as refused:
        registry.load("helpdesk@v1")
    assert "assay-data[hf]" in refused.value.hint
    monkeypatch.setitem(sys.modules, "datasets", types.SimpleNamespace(__version__="3.0"))
    with pytest.raises(MissingExtra, match=r"3\.0"):
        registry.load("helpdesk@v1")
