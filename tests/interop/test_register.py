"""Datasets of Hugging Face go in and come out: one fingerprint whatever the way."""

import json

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

import assay
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


def test_a(tmp_path):
    registry = papers.make(tmp_path)
    found = registry.register("copy", registry.load("helpdesk@v2"))
    assert found.fingerprint == registry.version("helpdesk@v2").fingerprint
