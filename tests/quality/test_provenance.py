"""Who wrote what: the answers of thirteen generators and the seeds that people wrote, in one registry."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.curate.batch import Batch
from assay.model.recipe import Recipe
from assay.stages.repeated_answer import RepeatedAnswer
from assay.testing.selectors import rows_of
from tests.quality.corpora import alpaca, alpaca_zh, as_payload

pytestmark = pytest.mark.shared_data

PREDICTIONS = (
    "davinci-self-instruct-and-superni-ft", "davinci-self-instruct", "davinci-superni-ft", "davinci-t0-ft", "davinci",
    "text-davinci-001", "text-davinci-002", "text-davinci-003",
)  # fmt: skip
EVALUATED = {
    "NullModel": "example", "gpt-3.5-turbo-1106_concise": "gpt-3.5-turbo-1106_concise",
    "gpt-3.5-turbo-1106_verbose": "gpt-3.5-turbo-1106_verbose", "gpt4_1106_preview": "gpt4_1106_preview",
    "vicuna-7b": "vicuna-7b",
}  # fmt: skip


def source(shared_data: Path, name: str) -> str:
    path = shared_data / "provenance" / name
    if not path.is_file():
        pytest.skip(f"{name} is not here")
    return str(path)


@pytest.fixture
def registry(tmp_path: Path) -> assay.Registry:
    return assay.init(tmp_path / "registry", actor="mira")


def told(registry: assay.Registry, ref: str) -> Counter[tuple[Any, Any]]:
    rows = registry.version(ref)
    return Counter((row.provenance.get("generator"), row.provenance.get("origin")) for row in rows)


def test_every_example_says_its_generator_and_whether_people_wrote_it(shared_data, registry):
    seeds = registry.import_("lineage", [source(shared_data, "self_instruct_seed_tasks.jsonl.zst")])
    assert (seeds.read, seeds.kept, seeds.malformed) == (175, 175, 0)
    expected = Counter({(None, "human"): 175})
    for model in PREDICTIONS:
        result = registry.import_(
            "lineage", [source(shared_data, f"{model}_predictions.jsonl.zst")], add=True,
            provenance={"generator": model, "origin": "synthetic"},
        )  # fmt: skip
        assert (result.read, result.malformed) == (252, 0) and result.kept + result.rejected == 252
        expected[model, "synthetic"] += result.kept
        print(model, result.kept)
    for name, generator in EVALUATED.items():
        file = source(shared_data, f"alpaca_eval_outputs_{name}.json.zst")
        result = registry.import_("lineage", [file], add=True)
        assert (result.read, result.malformed) == (805, 0)
        expected[generator, "synthetic"] += result.kept
        print(name, result.kept)
    assert told(registry, "lineage") == expected
    assert {
        row.provenance["depth"] for row in registry.version("lineage") if row.provenance["origin"] == "human"
    } == {0}

    profile = registry.stats("lineage", by="generator").profile
    assert {one.name: one.rows for one in profile.generators} == {
        generator: rows for (generator, _), rows in expected.items() if generator
    }
    assert profile.synthetic == sum(expected.values()) - 175
    null = next(one for one in profile.generators if one.name == "example")
    assert null.opening_share == 1.0 and null.similarity == 1.0
    page = registry.report("lineage", by="generator")
    assert all(generator in page for generator in [*PREDICTIONS, *EVALUATED.values()])


@pytest.mark.parametrize("stages", [[{"repeated_answer": {}}], [{"near_dedup": {}}, {"repeated_answer": {}}]])
def test_805_identical_answers_collapse_to_one(shared_data, registry, stages):
    recipe = Recipe.model_validate({"stages": stages})
    names = ["NullModel", "vicuna-7b"]
    files = [source(shared_data, f"alpaca_eval_outputs_{name}.json.zst") for name in names]
    result = registry.curate("judged", files, recipe=recipe)
    print([(stage.stage, dict(stage.codes)) for stage in result.stages], told(registry, "judged"))
    assert (result.read, result.malformed) == (1610, 0)
    assert told(registry, "judged")["example", "synthetic"] == 1
    assert told(registry, "judged")["vicuna-7b", "synthetic"] >= 795
    (stays,) = [row.name for row in registry.version("judged") if row.provenance["generator"] == "example"]
    for fate in (registry.why("judged", files[0], n) for n in range(1, 806)):
        if fate.outcome == "kept":
            assert fate.example_id == stays
            continue
        assert (fate.stage, fate.code, fate.threshold) == ("repeated_answer", "repeated_answer", 3.0)
        if "near_dedup" not in stages[0]:
            assert (fate.twin.id, fate.value) == (stays, 805.0)
            assert fate.message == "after 805 of 805 different questions"


@pytest.mark.parametrize(("corpus", "rows"), [(alpaca, 6), (alpaca_zh, 0)])
def test_what_it_takes_of_instructions_that_people_train_on(shared_data, corpus, rows):
    payloads = [as_payload(record) for record in corpus(shared_data)]
    stage = RepeatedAnswer()
    found = stage.select(rows_of(stage, payloads))
    print(corpus.__name__, found.summary, Counter(Batch([payloads[k]]).views[0].output for k in found.row))
    assert len(found.row) == rows
