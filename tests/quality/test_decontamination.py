"""How much of a leaked eval set decontaminate finds, and what it takes for one, on the licensed test data.

`pytest tests/quality/test_decontamination.py -s` prints the tables of docs/stages/decontaminate.md.
"""

from __future__ import annotations

import json
import os

import numpy as np
import pyarrow as pa
import pytest

from assay.curate.batch import Batch
from assay.curate.stage import EvalSet
from assay.formats.questions import read_questions
from assay.kernels.injection import KINDS, injections
from assay.stages.decontaminate import Decontaminate

pytestmark = pytest.mark.shared_data

ZH = ("0_3252", "3252_6382", "6382_9407", "12345_15323", "15323_18280")


def read(folder, name):
    with pa.CompressedInputStream(pa.OSFile(str(folder / name)), "zstd") as stream:
        return stream.read().decode("utf-8")


def alpaca(folder, name):
    rows = json.loads(read(folder, name))
    return [f"{row['instruction']}\n{row.get('input', '')}\n{row['output']}" for row in rows]


@pytest.fixture
def gsm8k(shared_data):
    return list(read_questions(str(shared_data / "contam_gsm8k" / "gsm8k_test.jsonl.zst")))


@pytest.fixture
def mgsm_zh(shared_data):
    return list(read_questions(str(shared_data / "contam_gsm8k" / "mgsm_zh.tsv.zst")))


def guarding(items, **parameters):
    return Decontaminate(**parameters).guarding([EvalSet("frozen", "", items)])


def found(stage, texts, code="contaminated"):
    """The share of texts that the stage rejects, and how many those are."""
    count = 0
    for start in range(0, len(texts), 5_000):
        batch = Batch([{"text": text} for text in texts[start : start + 5_000]])
        count += sum(
            int(check.failed.sum()) for check in stage.checks(stage.measure(batch)) if check.code == code
        )
    return count / len(texts), count


def recalls(stage, items, hosts):
    table = {
        kind: found(stage, injections(kind, items, hosts, number))[0] for number, kind in enumerate(KINDS)
    }
    print()
    for kind, recall in table.items():
        print(f"{kind:16} {recall:.3f}")
    return table


def test_english(shared_data, gsm8k):
    stage, folder = guarding(gsm8k), shared_data / "contam_gsm8k"
    assert len(gsm8k) == 1_319
    hosts = alpaca(shared_data / "sft_en_alpaca", "alpaca_data.json.zst")
    recall = recalls(stage, gsm8k, hosts)
    assert min(recall[kind] for kind in ("verbatim", "question", "upper_case", "wrapped")) == 1.0
    assert recall["no_punctuation"] == pytest.approx(0.998, abs=0.003)
    assert recall["words_dropped"] == pytest.approx(0.97, abs=0.02)
    mgsm = [f"{q}\n{a}" for q, a in read_questions(str(folder / "mgsm_en.tsv.zst"))]
    rephrased = [json.loads(line)["text"] for line in read(folder, "rephrase_gsm8k.jsonl.zst").splitlines()]
    translated = [q for q, _ in read_questions(str(folder / "mgsm_zh.tsv.zst"))]
    train = [f"{q}\n{a}" for q, a in read_questions(str(folder / "gsm8k_train.jsonl.zst"))]
    shares = {
        "mgsm_en": found(stage, mgsm),
        "rephrased": found(stage, rephrased),
        "translated": found(stage, translated),
        "gsm8k_train": found(stage, train),
        "alpaca": found(stage, hosts),
    }
    for kind, (share, count) in shares.items():
        print(f"{kind:16} {share:.4f} {count}")
    assert shares["mgsm_en"][0] == 1.0
    assert shares["rephrased"][0] == pytest.approx(0.006, abs=0.006)
    assert shares["translated"][1] == 0
    assert shares["gsm8k_train"][1] <= 12
    assert shares["alpaca"][1] == 0


def test_chinese(shared_data, mgsm_zh):
    stage = guarding(mgsm_zh)
    folder = shared_data / "sft_zh"
    hosts = [text for part in ZH for text in alpaca(folder, f"hikariming_zh_{part}.json.zst")]
    recall = recalls(stage, mgsm_zh, hosts)
    assert min(recall[kind] for kind in ("verbatim", "question", "wrapped", "no_punctuation")) == 1.0
    assert recall["words_dropped"] == pytest.approx(0.96, abs=0.03)
    alarms = found(stage, hosts)[1]
    print(f"{len(hosts)} Chinese rows: {alarms}")
    assert alarms == 0


def test_short_questions_and_long_answers(shared_data):
    rows = json.loads(read(shared_data / "provenance", "alpaca_eval_outputs_gpt4_1106_preview.json.zst"))
    stage = guarding([(row["instruction"], row["output"]) for row in rows])
    hosts = alpaca(shared_data / "sft_en_alpaca", "alpaca_data.json.zst")
    share, count = found(stage, hosts)
    print(f"\nalpaca_eval in alpaca: {count} of {len(hosts)}, {share:.5f}")
    assert count <= 20


@pytest.mark.parametrize("model", ["lexical", os.environ.get("ASSAY_TEST_MODEL")])
def test_a_model_finds_what_was_rephrased(shared_data, gsm8k, model):
    """With the built-in lexical vectors, and with the folder of an embedding model in ASSAY_TEST_MODEL."""
    if not model:
        pytest.skip("name the folder of an embedding model in ASSAY_TEST_MODEL")
    folder = shared_data / "contam_gsm8k"
    stage = guarding(gsm8k, model=model)
    texts = {
        "rephrased": [
            json.loads(line)["text"].removeprefix("Question: ").partition("\nAnswer:")[0]
            for line in read(folder, "rephrase_gsm8k.jsonl.zst").splitlines()
        ],
        "translated": [q for q, _ in read_questions(str(folder / "mgsm_zh.tsv.zst"))],
        "train": [q for q, _ in read_questions(str(folder / "gsm8k_train.jsonl.zst"))],
        "alpaca": alpaca(shared_data / "sft_en_alpaca", "alpaca_data.json.zst")[:5_000],
    }
    values = {
        name: stage.measure(Batch([{"text": text} for text in rows]))["similarity"]
        for name, rows in texts.items()
    }
    shares = {
        bound: {name: float(np.mean(column >= bound)) for name, column in values.items()}
        for bound in (0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.85, 0.9)
    }
    print("\nthreshold ", *(f"{name:>10}" for name in values))
    for bound, row in shares.items():
        print(f"{bound:10}", *(f"{share:10.4f}" for share in row.values()))
    if model == "lexical":
        assert shares[0.55]["rephrased"] == pytest.approx(0.47, abs=0.03)
        assert shares[0.55]["translated"] == shares[0.55]["alpaca"] == 0.0
        assert shares[0.55]["train"] == pytest.approx(0.0135, abs=0.004)
    else:
        assert shares[stage.rephrase_threshold]["alpaca"] <= shares[0.45]["alpaca"]
