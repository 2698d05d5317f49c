"""Files that other generators leave behind: who wrote each example, and with what."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assay.formats.shapes import ShapeError, detect_shape, shape_named

ASKED = [{"role": "user", "content": "推荐一家书店"}]
REQUEST = {
    "model": "lab/m",
    "messages": ASKED,
    "generation_params": {"temperature": 0.7},
    "original_row": {"topic": "书"},
}


def read(record: dict[str, Any]) -> Any:
    shape = detect_shape([record])
    assert shape is not None
    parsed = shape.parse(record)
    assert shape.restore(parsed.payload, parsed.extra, parsed.hint) == record
    return parsed


def test_distilabel_says_which_model_wrote() -> None:
    record = {
        "instruction": "写一首诗", "system_prompt": "你是诗人", "generation": "春风", "model_name": "lab/m",
        "distilabel_metadata": {"statistics_text_generation_0": {"input_tokens": 4, "output_tokens": 2}},
    }  # fmt: skip
    parsed = read(record)
    assert [turn["content"] for turn in parsed.payload["messages"]] == ["你是诗人", "写一首诗", "春风"]
    assert parsed.provenance == {"origin": "synthetic", "generator": "lab/m"}
    assert "distilabel_metadata" in parsed.extra


def test_a_failed_generation_is_malformed_and_not_an_empty_answer() -> None:
    with pytest.raises(ShapeError, match="'generation' is null"):
        shape_named("distilabel").parse({"instruction": "x", "generation": None, "model_name": "m"})
    with pytest.raises(ShapeError, match="'response_message' is null"):
        shape_named("curator").parse({"generic_request": {"messages": ASKED}, "response_message": None})
    with pytest.raises(ShapeError, match="no question"):
        shape_named("distilabel").parse({"generation": "y", "model_name": "m"})
    with pytest.raises(ShapeError, match="'generic_request' is no object"):
        shape_named("curator").parse({"generic_request": 1, "response_message": "y"})


def test_curator_says_model_parameters_and_time() -> None:
    record = {
        "response_message": "三联", "generic_request": REQUEST, "created_at": "2026-11-01T00:00:00",
        "token_usage": {"input": 5, "output": 2}, "response_cost": 0.01,
    }  # fmt: skip
    parsed = read(record)
    assert parsed.payload["messages"] == [*ASKED, {"role": "assistant", "content": "三联"}]
    assert parsed.provenance == {
        "origin": "synthetic", "generator": "lab/m", "generation_params": '{"temperature":0.7}',
        "created": "2026-11-01T00:00:00",
    }  # fmt: skip
    assert parsed.extra["response_cost"] == 0.01
    assert "messages" not in parsed.extra["generic_request"]


def test_a_structured_response_is_the_text_of_its_json() -> None:
    parsed = read({"response_message": {"店": ["三联", 2**70]}, "generic_request": REQUEST})
    assert json.loads(parsed.payload["messages"][-1]["content"]) == {"店": ["三联", 2**70]}


def test_seeds_are_by_people_and_what_followed_by_a_model() -> None:
    task = {"instruction": "Name a bird.", "instances": [{"input": "", "output": "wren"}]}
    assert read({"id": "seed_task_3", **task}).provenance == {
        "key": "seed_task_3",
        "origin": "human",
        "depth": 0,
    }
    assert read({"id": "user_oriented_task_3", **task}).provenance == {"key": "user_oriented_task_3"}
    assert read({"id": "seed_task_4", "model": "m", **task}).provenance == {
        "key": "seed_task_4",
        "generator": "m",
    }
    regenerated = {"instruction": "a", "input": "", "output": "b", "avg_similarity_score": 0.1}
    assert read(regenerated).provenance == {"origin": "synthetic"}
    made_up = {
        "instruction": "写一句问候", "most_similar": {"a": 0.2}, "avg_similarity_score": 0.1, "request_idx": 7,
        "metadata": {"response": {"model": "davinci"}, "created_at": "2022-11-01"},
    }  # fmt: skip
    parsed = read(made_up)
    assert parsed.payload == {"text": "写一句问候"}
    assert parsed.provenance == {"origin": "synthetic", "generator": "davinci", "created": "2022-11-01"}


def test_an_evaluation_says_its_generator_and_a_record_may_say_otherwise() -> None:
    record = {"instruction": "q", "output": "a", "generator": "lab/m", "dataset": "koala"}
    assert read(record).provenance == {"origin": "synthetic", "generator": "lab/m"}
    assert read({**record, "generator": "crowd", "origin": "human"}).provenance["origin"] == "human"
    assert read({**record, "generator": ""}).provenance == {}
