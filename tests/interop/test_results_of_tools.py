"""Results are read from files that the tools themselves write, with models that answer without thinking.

The tools run in processes of their own: what they leave open is theirs.
"""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from assay.track.results.reading import read

SKIPPED = "{} is not installed: pip install --group interop"

INSPECT = """
import sys, tiktoken
class Letters:
    def encode(self, text, **_):
        return list(text.encode())
tiktoken.get_encoding = lambda name: Letters()  # which it would fetch from afar
import inspect_ai
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput, get_model
from inspect_ai.scorer import match
from inspect_ai.solver import generate
samples = [Sample(id=f"q{k}", input=f"What is {k}+{k}?", target=str(2 * k),
                  metadata={"topic": ("refunds", "billing")[k % 2]}) for k in range(6)]
said = [ModelOutput.from_content("mockllm/model", str(2 * k if k % 2 else 7)) for k in range(6)]
task = inspect_ai.Task(dataset=MemoryDataset(samples), solver=generate(), scorer=match(), name="adds")
for form in ("eval", "json"):
    inspect_ai.eval(task, model=get_model("mockllm/model", custom_outputs=list(said)), log_dir=sys.argv[1],
                    log_format=form, display="none", max_samples=1, max_connections=1)
"""

TASK = """
task: adds
dataset_path: json
dataset_kwargs: {data_files: {test: ITEMS}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: "{{choices}}"
doc_to_target: answer
metric_list:
  - {metric: acc, aggregation: mean, higher_is_better: true}
"""


def run(tmp_path, *words):
    here = {
        name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH") if name in os.environ
    }
    offline = {
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_HOME": str(tmp_path / "hf"),
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, *words], env=here | offline, capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr[-2_000:]


@pytest.mark.skipif(find_spec("inspect_ai") is None, reason=SKIPPED.format("inspect-ai"))
def test_inspect_ai(tmp_path):
    run(tmp_path, "-c", INSPECT, str(tmp_path / "logs"))
    for form in ("eval", "json"):
        [path] = (tmp_path / "logs").glob(f"*.{form}")
        [found] = read(str(path))
        assert (found.tool, found.name, found.figures) == ("inspect_ai", "adds", {"match": 0.5})
        assert [one.scores for one in found.items] == [{"match": 0.0}, {"match": 1.0}] * 3
        assert found.items[1].question == "What is 1+1?" and found.items[1].tags == {"topic": "billing"}
        assert found.model == "mockllm/model" and found.unread == 0


@pytest.mark.skipif(find_spec("lm_eval") is None, reason=SKIPPED.format("lm-eval"))
def test_lm_evaluation_harness(tmp_path):
    rows = [
        {"id": f"q{k}", "question": f"What is {k}+{k}?", "choices": ["1", "99", str(2 * k)], "answer": 2,
         "topic": ("refunds", "billing")[k % 2]}
        for k in range(8)
    ]  # fmt: skip
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "adds.yaml").write_text(TASK.replace("ITEMS", str(tmp_path / "items.jsonl")))
    run(
        tmp_path, "-m", "lm_eval", "--model", "dummy", "--tasks", "adds", "--include_path", str(tmp_path),
        "--output_path", str(tmp_path / "out"), "--log_samples", "--seed", "3",
    )  # fmt: skip
    [found] = read(str(tmp_path / "out"))
    assert (found.tool, found.name, found.metrics, len(found.items)) == ("lm-eval", "adds", ("acc",), 8)
    assert found.figures["acc"] == pytest.approx(sum(one.scores["acc"] for one in found.items) / 8)
    assert found.items[3].question == "What is 3+3?" and found.items[3].tags["topic"] == "billing"
    assert found.seed == 3 and found.unread == 0
