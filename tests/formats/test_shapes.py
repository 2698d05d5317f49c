"""Import then export in the source's own shape gives back every field, for every shape."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import BadInput, NotExpressible
from assay.formats.decode import decode
from assay.formats.export import ExportRow, write_rows
from assay.formats.shapes import ShapeError, detect_shape, shape_named, shape_names
from assay.formats.source import open_source
from assay.model.canonical import canonical_json
from assay.model.example import views
from assay.model.record import Malformed, RawRecord

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALAR = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | TEXT
JSON = st.recursive(
    SCALAR, lambda s: st.lists(s, max_size=3) | st.dictionaries(TEXT, s, max_size=3), max_leaves=6
)
MORE = st.dictionaries(
    st.sampled_from(["id", "source", "score", "meta", "generator", "nul", "日期"]), JSON, max_size=3
)


def fields(required, optional=None):
    return st.tuples(st.fixed_dictionaries(required, optional=optional or {}), MORE).map(
        lambda p: {**p[1], **p[0]}
    )


MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool"]), "content": TEXT | st.none()},
    optional={"name": TEXT | st.none(), "weight": st.integers(0, 1),
              "tool_calls": st.none() | st.just([{"id": "1", "type": "function", "function": {"name": "f"}}])},
)  # fmt: skip
MESSAGES = st.lists(MESSAGE, min_size=1, max_size=4)
ASKED = MESSAGES.map(lambda turns: [*turns, {"role": "user", "content": "q"}])
TOOLS = st.sampled_from([None, [], [{"type": "function"}], "[]", '[{"type": "function"}]', "no json"])
TURN = st.fixed_dictionaries(
    {
        "from": st.sampled_from(["human", "gpt", "system", "user", "observation", "function_call"]),
        "value": TEXT,
    },
    optional={"loss": st.booleans()},
)
SAID = st.lists(st.tuples(st.sampled_from(["Human", "Assistant"]), TEXT), min_size=1, max_size=4).map(
    lambda turns: "".join(f"\n\n{who}:{'' if not text else ' '}{text}" for who, text in turns)
)
ID = st.text("0123456789abcdef", min_size=64, max_size=64)
EXTRA = st.dictionaries(TEXT, JSON, max_size=3).map(lambda extra: json.dumps(extra, ensure_ascii=False))
KNOWN = {
    "origin": st.sampled_from(["human", "web", None]),
    "generator": TEXT | st.none(),
    "depth": st.integers(0, 3),
}
RECORDS = {
    "input_output": fields({"input": TEXT, "output": TEXT}),
    "question_answer": fields({"question": TEXT, "answer": TEXT}),
    "query_response": fields({"query": TEXT, "response": TEXT}),
    "instruction_response": fields({"instruction": TEXT, "response": TEXT}),
    "prompt_response": fields({"prompt": TEXT, "response": TEXT}),
    "alpaca": fields({"instruction": TEXT, "output": TEXT}, {"input": TEXT | st.none()}),
    "self_instruct": fields({"instruction": TEXT, "output": TEXT, "avg_similarity_score": st.floats(0, 1)},
                            {"input": TEXT | st.none(), "most_similar_instructions": JSON}),
    "alpaca_eval": fields({"instruction": TEXT, "output": TEXT, "generator": TEXT}, {"dataset": TEXT}),
    "machine_instructions": fields({"instruction": TEXT, "most_similar": JSON}, {"metadata": JSON}),
    "distilabel": fields({"generation": TEXT, "model_name": TEXT | st.none()}, {"distilabel_metadata": JSON}).flatmap(
        lambda rest: (st.fixed_dictionaries({"instruction": TEXT}, optional={"system_prompt": TEXT | st.none()})
                      | st.fixed_dictionaries({"prompt": TEXT, "instruction": st.none()})
                      | st.fixed_dictionaries({"messages": ASKED, "instruction": TEXT})).map(lambda q: {**rest, **q})),
    "curator": fields({"generic_request": st.fixed_dictionaries(
        {"messages": MESSAGES}, optional={"model": TEXT, "generation_params": JSON, "original_row": JSON}),
        "response_message": TEXT | st.dictionaries(TEXT, JSON, max_size=2)}, {"token_usage": JSON, "created_at": TEXT}),
    "seed_tasks": fields({"instruction": TEXT, "instances": st.lists(
        st.fixed_dictionaries({"output": TEXT}, optional={"input": TEXT, "n": SCALAR}), min_size=1, max_size=1)}),
    "messages": fields({"messages": MESSAGES}, {"tools": TOOLS}),
    "candidate": fields({"messages": MESSAGES, "candidate": st.fixed_dictionaries({"number": st.integers(0, 9)})}),
    "sharegpt": fields({"conversations": st.lists(TURN, min_size=1, max_size=4)},
                       {"system": TEXT | st.none(), "tools": TOOLS}),
    "history": fields({"history": st.lists(st.fixed_dictionaries({"user": TEXT, "bot": TEXT}, optional={"t": SCALAR}),
                                           min_size=1, max_size=3)}),
    "dialogue": fields({"dialogue": st.lists(st.fixed_dictionaries(
        {"role": st.sampled_from(["client", "counselor", "system"]), "content": TEXT}, optional={"annotation": JSON}),
        min_size=1, max_size=4)}),
    "exported": st.one_of(*(fields({"id": ID, **need}, {"extra": EXTRA | TEXT, **KNOWN, **more}) for need, more in (
        ({"messages": MESSAGES}, {"tools": TOOLS, "text": st.none()}),
        ({"prompt": TEXT | MESSAGES, "chosen": MESSAGES, "rejected": TEXT}, {"tools": st.none()}),
        ({"prompt": MESSAGES, "completion": TEXT, "messages": st.none()}, {"label": st.booleans() | st.none()}),
        ({"text": TEXT, "prompt": st.none()}, {"label": TEXT | st.none()})))),
    "prompt_completion": fields({"prompt": TEXT | MESSAGES, "completion": TEXT | MESSAGES},
                                {"label": st.booleans() | st.none()}),
    "preference": fields({"chosen": MESSAGES, "rejected": MESSAGES},
                         {"prompt": MESSAGES | TEXT | st.none(), "tools": TOOLS}),
    "openai_preference": fields({
        "input": st.fixed_dictionaries({"messages": MESSAGES}, optional={"tools": TOOLS, "x": st.booleans()}),
        "preferred_output": MESSAGES, "non_preferred_output": MESSAGES}),
    "hh": fields({"chosen": SAID, "rejected": SAID}),
    "sharegpt_preference": fields({"conversations": st.lists(TURN, max_size=3), "chosen": TURN, "rejected": TURN}),
    "text_label": fields({"text": TEXT}, {"label": TEXT | st.integers(0, 9) | st.none()}),
    "text": fields({"text": TEXT}),
}  # fmt: skip
RECORDS["payload"] = st.one_of(
    *(RECORDS[name] for name in ("messages", "preference", "prompt_completion", "text_label", "text"))
)


def test_every_shape_is_tested():
    assert set(RECORDS) == set(shape_names())


@pytest.mark.parametrize("name", shape_names())
@settings(max_examples=60)
@given(data=st.data())
def test_a_record_comes_back_with_every_field(name, data):
    record = data.draw(RECORDS[name])
    shape = shape_named(name)
    raw = RawRecord(1, 0, json.dumps(record, ensure_ascii=False).encode())
    parsed = decode(raw, shape)
    assert not isinstance(parsed, Malformed), parsed
    # Through storage, payload, extra and hint are JSON.
    payload, extra, hint = (
        json.loads(json.dumps(part)) for part in (parsed.payload, dict(parsed.extra), parsed.hint)
    )
    assert shape.restore(payload, extra, hint) == record


@pytest.mark.parametrize("name", shape_names())
@settings(max_examples=40)
@given(data=st.data())
def test_what_one_shape_renders_it_reads_as_the_same_example(name, data):
    source = data.draw(st.sampled_from(sorted(RECORDS)))
    payload = shape_named(source).parse(data.draw(RECORDS[source])).payload
    shape = shape_named(name)
    try:
        rendered = shape.render(payload)
    except NotExpressible as refused:
        assert refused.hint
        return
    again = shape.parse(json.loads(json.dumps(rendered))).payload
    assert again.get("tools") == payload.get("tools")
    if "messages" in payload and "messages" in again:
        assert canonical_json(again) == canonical_json(payload)
    elif "chosen" in payload and "chosen" in again:
        # A text and a conversation of one turn are different payloads that say the same.
        assert views(again).output == views(payload).output


@pytest.mark.parametrize("name", ["input_output", "alpaca", "messages", "text_label", "prompt_completion"])
def test_files_round_trip(tmp_path, name):
    records = {
        "input_output": [{"input": "问", "output": "答", "id": 7, "tags": ["a"], "n": 2**70}],
        "alpaca": [
            {"instruction": "i", "input": "x\ny", "output": "o"},
            {"instruction": "i", "input": "", "output": "p"},
        ],
        "messages": [
            {"messages": [{"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}], "k": None}
        ],
        "text_label": [{"text": "t", "label": "l"}, {"text": "u", "label": "m"}],
        "prompt_completion": [{"prompt": "p", "completion": "c", "label": True}],
    }[name]
    shape = shape_named(name)
    parsed = [shape.parse(record) for record in records]
    rows = [ExportRow(p.payload, p.extra, p.hint, name, {}, bytes(32)) for p in parsed]
    path = tmp_path / "out.jsonl"
    assert write_rows(path, rows, None, "jsonl") == len(records)
    with open_source(path) as reader:
        assert reader.shape.name == name
        assert [json.loads(r.data) for r in reader.records()] == records


def test_parquet_gives_the_same_examples(tmp_path):
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"u{n}", "name": None if n % 2 else "x"},
                {"role": "assistant", "content": "a"},
            ]
        }
        for n in range(9)
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    payloads = []
    for name in ("a.parquet", "a.jsonl"):
        with open_source(tmp_path / name) as reader:
            payloads.append([canonical_json(decode(raw, reader.shape).payload) for raw in reader.records()])
    assert payloads[0] == payloads[1]


@pytest.mark.parametrize(
    ("record", "name"),
    [
        ({"instruction": "a", "input": "", "output": "b"}, "alpaca"),
        ({"input": "a", "output": "b"}, "input_output"),
        ({"text": "a", "label": 1}, "text_label"),
        ({"text": "a"}, "text"),
        ({"messages": [{"role": "user", "content": "x"}]}, "messages"),
        ({"conversations": [{"from": "human", "value": "x"}]}, "sharegpt"),
        ({"chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "\n\nHuman: a\n\nAssistant: c"}, "hh"),
        ({"prompt": "p", "chosen": "c", "rejected": "r"}, "preference"),
        ({"prompt": "p", "completion": "c"}, "prompt_completion"),
        ({"instruction": "a", "output": "b", "generator": "m"}, "alpaca_eval"),
        ({"instruction": "a", "input": "", "output": "b", "generator": "m"}, "alpaca"),
        ({"instruction": "问", "generation": "答", "model_name": "lab/m"}, "distilabel"),
        ({"prompt": "p", "generation": None, "distilabel_metadata": {}}, "distilabel"),
        (
            {"messages": [{"role": "user", "content": "x"}], "generation": "y", "model_name": "m"},
            "distilabel",
        ),
        (
            {
                "messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}],
                "instruction": "x",
                "generation": "y",
                "model_name": "m",
            },
            "messages",
        ),
        ({"instruction": "x", "response": "y", "model_name": "m"}, "instruction_response"),
        ({"prompt": "p", "chosen": "c", "rejected": "r", "generation": "c", "model_name": "m"}, "preference"),
        ({"generic_request": {"messages": [], "model": "m"}, "response_message": "y"}, "curator"),
        ({"instruction": "a", "input": "", "output": "b", "avg_similarity_score": 0.1}, "self_instruct"),
        ({"instruction": "a", "most_similar": {}, "avg_similarity_score": 0.1}, "machine_instructions"),
        ({"instruction": "a", "instances": [{"input": "", "output": "b"}]}, "seed_tasks"),
        ({"prompt": "p", "instruction": "i", "input": "", "response": "r", "target": "t"}, "prompt_response"),
    ],
)
def test_shapes_are_recognised(record, name):
    assert detect_shape([record]).name == name


def test_what_is_no_shape():
    assert detect_shape([{"a": 1}]) is None
    with pytest.raises(BadInput, match="no shape"):
        shape_named("nonsense")
    with pytest.raises(ShapeError, match="'output' is null"):
        shape_named("alpaca").parse({"instruction": "x", "output": None})
