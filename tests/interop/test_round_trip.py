"""A version goes through every container that others read, and comes back with the same fingerprint and fields."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import assay
from assay.model.canonical import canonical_json

PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG" + bytes(range(90))).decode()
TEXT = st.text(max_size=10) | st.sampled_from(
    ["你好，世界", "👩‍👩‍👧 family", "a\u0000b", "\u2028", "null", "1.0", PNG]
)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.sampled_from([1, 1.0, 2**63, 1e22, -0.0, 0.1])
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
ARGUMENTS = st.dictionaries(st.sampled_from(["城市", "n", "x", "when"]), VALUE, max_size=3) | VALUE.map(
    lambda value: json.dumps(value, ensure_ascii=False)
)
CALL = st.fixed_dictionaries(
    {"type": st.just("function"),
     "function": st.fixed_dictionaries({"name": st.sampled_from(["f", "查"]), "arguments": ARGUMENTS})},
    optional={"id": TEXT},
)  # fmt: skip
PART = st.fixed_dictionaries({"type": st.just("text"), "text": TEXT}) | st.fixed_dictionaries(
    {
        "type": st.just("image_url"),
        "image_url": st.fixed_dictionaries({"url": st.just(PNG)}, optional={"detail": TEXT}),
    }
)
TURN = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool"])},
    optional={"content": st.none() | TEXT | st.lists(PART, max_size=2), "name": st.none() | TEXT,
              "tool_calls": st.none() | st.lists(CALL, max_size=2), "x": VALUE},
)  # fmt: skip
TURNS = st.lists(TURN, min_size=1, max_size=3)
TOOLS = st.lists(st.dictionaries(TEXT, VALUE, max_size=2), max_size=2)
MORE = {"id": TEXT | st.integers(), "meta": VALUE, "score": st.none() | st.integers(0, 3) | st.floats(0, 1)}
CHAT = st.fixed_dictionaries({"messages": TURNS}, optional={"tools": st.none() | TOOLS, **MORE})
PAIR = st.fixed_dictionaries(
    {"prompt": TEXT | TURNS, "chosen": TEXT | TURNS, "rejected": TEXT | TURNS},
    optional={"tools": TOOLS, **MORE},
)
COMPLETION = st.fixed_dictionaries(
    {"prompt": TEXT, "completion": TEXT}, optional={"label": st.none() | st.booleans(), **MORE}
)
ANY = CHAT | PAIR | COMPLETION | st.fixed_dictionaries({"text": TEXT}, optional={"label": VALUE, **MORE})


def read(registry, name, folder, ending):
    """The next version of `name`, from a folder of an export: train, and test as it was."""
    files = sorted(map(str, folder.rglob(f"*{ending}")))
    trains = [file for file in files if "test" not in Path(file).name]
    tests = [file for file in files if "test" in Path(file).name]
    result = registry.curate(name, trains, eval_sources=tests, recipe="import", shape="payload")
    assert result.malformed == 0
    return registry.version(name)


def written(path, records):
    path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records), "utf-8")
    return str(path)


def exported(registry, name, folder, **how):
    registry.export(name, str(folder), **how)
    return folder


def lines(folder):
    """Every line of every file, as JSON in which 1 and 1.0 differ."""
    files = sorted(folder.glob("*.jsonl"))
    return [
        json.dumps(json.loads(line), sort_keys=True)
        for file in files
        for line in file.read_text("utf-8").split("\n")[:-1]
    ]


def go_round(folder, train, test):
    """JSONL → Parquet → folder for datasets → WebDataset → Parquet, each read into a dataset of its own."""
    registry = assay.init(folder / "r", actor="mira")
    tests = [written(folder / "test.jsonl", test)] if test else []
    registry.curate(
        "a", [written(folder / "train.jsonl", train)], eval_sources=tests, recipe="import", shape="payload"
    )
    first = registry.version("a")
    steps = [
        ("source", {"format": "source", "container": "parquet"}, ".parquet"),
        ("payload", {"format": "payload", "container": "parquet"}, ".parquet"),
        ("hf", {"format": "hf"}, ".parquet"),
        ("wds", {"format": "webdataset"}, ".tar"),
    ]
    before = "a"
    for name, how, ending in steps:
        later = read(registry, name, exported(registry, before, folder / name, **how), ending)
        assert later.fingerprint == first.fingerprint, name
        assert dict(later.counts) == dict(first.counts)
        before = name
    given, back = (exported(registry, name, folder / f"{name}-lines") for name in ("a", "source"))
    assert lines(back) == lines(given)
    return registry


@pytest.mark.parametrize("kind", ["mixed", "chats"])
@settings(deadline=None, max_examples=5)
@given(data=st.data())
def test_every_container_gives_the_same_fingerprint(tmp_path_factory, kind, data):
    rows = data.draw(st.lists(ANY if kind == "mixed" else CHAT, min_size=1, max_size=6))
    go_round(tmp_path_factory.mktemp("round"), rows, [])


def test_two_splits_and_what_is_hard_to_keep(tmp_path):
    def turn(role, **more):
        return {"role": role, **more}

    def calls(*arguments):
        return [{"type": "function", "function": {"name": "f", "arguments": one}} for one in arguments]

    asked = turn("user", content="几点？")
    several = calls({"城": 1}, {"b": [1.0, None]})
    train = [
        {"messages": [asked, turn("assistant", tool_calls=several)]},
        {"messages": [asked, turn("assistant", content=None, tool_calls=calls('{"x": 1}'))]},
        {"messages": [turn("user", content=[{"image_url": {"url": PNG}}])], "tools": [{"a": None}]},
        {
            "messages": [turn("user", content="👋"), turn("assistant", content="1", weight=1, name=None)],
            "tools": None,
        },
        {"messages": [turn("user", content="x", big=2**60, neg=-0.0, one=1.0)], "n": 2**70, "f": 1.0, "g": 1},
        {
            "messages": [turn("user", content="y", big=True)],
            "n": 1,
            "f": 1,
            "g": None,
            "created": "2026",
            "depth": 2,
        },
        {"prompt": "q", "chosen": "a", "rejected": "b", "g": {"a": None}},
        {"text": "字", "label": 0.5},
    ]
    test = [{"messages": [turn("user", content=f"题{k}"), turn("assistant", content="答")]} for k in range(3)]
    registry = go_round(tmp_path, train, test)
    assert dict(registry.version("wds").counts) == {"train": 8, "test": 3}
    for example in registry.version("wds"):
        assert canonical_json(example.payload) in {
            canonical_json(one.payload) for one in registry.version("a")
        }
