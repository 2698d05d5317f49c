"""Published judges against published labels: figures that others computed come out again."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.registry.judgement.files import JudgeRequest, bias_files, calibrate_files

pytestmark = pytest.mark.shared_data

VOTES = "annotator1,annotator2,annotator3"
CONCISE, VERBOSE = "gpt-3.5-turbo-1106_concise", "gpt-3.5-turbo-1106_verbose"


def files(shared_data: Path, *names: str) -> tuple[str, ...]:
    found = [shared_data / "judge_vs_human" / f"{name}.json.zst" for name in names]
    for path in found:
        if not path.is_file():
            pytest.skip(f"{path.name} is not here")
    return tuple(map(str, found))


@pytest.mark.parametrize(
    ("judge", "field", "agreement", "kappa", "invalid"),
    [("gpt-3.5-turbo", "gpt_result", 0.698, 0.476, 25), ("pandalm-7b", "pandalm_result", 0.668, 0.435, 0)],
)
def test_pandalm(shared_data, judge, field, agreement, kappa, invalid):
    both = files(shared_data, "pandalm_testset-v1", f"pandalm_{judge}-testset-v1")
    found = calibrate_files(JudgeRequest(both, {"human": VOTES, "judge": field}, join="idx")).report
    assert (found.labelled, found.invalid, found.unlabelled, found.unjudged) == (999, invalid, 0, 0)
    assert round(found.agreement.value, 3) == agreement
    assert round(found.kappa.value, 3) == kappa
    assert [round(one.value, 3) for one in found.people.values()] == [0.913, 0.929, 0.918]
    assert found.agreement.low < agreement < found.agreement.high
    assert found.verdict == "warning"


def test_length_and_constant_answers_are_found(shared_data):
    three = files(shared_data, *(f"alpaca_eval_annot_{name}" for name in ("NullModel", CONCISE, VERBOSE)))
    found = bias_files(JudgeRequest(three), "gpt-4-turbo", (CONCISE, VERBOSE)).report
    rates = {one.generator: one for one in found.generators}
    assert round(rates[CONCISE].rate.value, 3) == 0.074 and round(rates[VERBOSE].rate.value, 3) == 0.128
    assert rates[CONCISE].units < rates[VERBOSE].units
    checks = {one.name: one for one in found.checks}
    assert checks["length_variants"].verdict == "warning" and checks["length_variants"].value.low > 0.03
    # NullModel's file calls its generator "example".
    assert checks["degenerate"].verdict == "warning" and round(checks["degenerate"].value.value, 3) == 0.769
    assert (rates["example"].answers, rates["example"].repeated) == (805, 805)


def test_honest_answers_are_not_called_degenerate(shared_data):
    two = files(shared_data, *(f"alpaca_eval_annot_{name}" for name in (CONCISE, VERBOSE)))
    found = bias_files(JudgeRequest(two)).report
    assert {one.name: one.verdict for one in found.checks}["degenerate"] == "healthy"
