"""Our suite is loaded by Great Expectations and holds for the table beside it; another version breaks it."""

import json

import pytest

from tests.govern import papers
from tests.interop.foreign import run

CODE = """
import json, logging, sys, warnings
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
import great_expectations as gx
import pandas
from great_expectations.core.expectation_validation_result import expectationSuiteValidationResultSchema
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
said = json.load(open(sys.argv[1] + "/suite.json", encoding="utf-8"))
suite = context.suites.add(gx.ExpectationSuite(**said))
source = context.data_sources.add_pandas("p").add_dataframe_asset("d").add_batch_definition_whole_dataframe("w")
found = {}
for folder in sys.argv[1:]:
    batch = source.get_batch({"dataframe": pandas.read_parquet(folder + "/examples.parquet")})
    result = batch.validate(suite)
    found[folder] = [[one.expectation_config.type, one.expectation_config.kwargs.get("column")]
                     for one in result.results if not one.success]
    kept = len(result.results)
ours = json.load(open(sys.argv[1] + "/validation.json", encoding="utf-8"))
loaded = expectationSuiteValidationResultSchema.load(ours)
told = [bool(loaded["success"]), len(loaded["results"]), loaded["statistics"]["evaluated_expectations"]]
print(json.dumps({"failed": list(found.values()), "kept": kept, "ours": told}))
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gx")
    registry = papers.make(folder / "registry")
    registry.policies.set({"rules": ["schema", "pii", {"size": {"min": 100}}]})
    for number in (1, 2):
        registry.export(f"helpdesk@v{number}", str(folder / f"v{number}"), format="gx")
    return registry, folder


def test_great_expectations_takes_the_suite_and_the_results(exported):
    registry, folder = exported
    found = run("great_expectations", CODE, folder / "v2", folder / "v1")
    said = json.loads((folder / "v2" / "suite.json").read_text("utf-8"))
    assert found["kept"] == len(said["expectations"]) > 20
    assert found["failed"][0] == []
    assert ["expect_table_row_count_to_equal", None] in found["failed"][1]
    gate = registry.policies.check("helpdesk@v2")
    assert not gate.passed and len(gate.outcomes) > 3
    assert found["ours"] == [gate.passed, len(gate.outcomes), len(gate.outcomes)]
