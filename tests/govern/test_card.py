"""The card: facts are the registry's, blanks are listed, answers fill them."""

import json

import orjson
import pytest
import yaml

from assay.errors import BadInput, NotFound, UsageError
from assay.govern.card import CARD_KEYS
from assay.govern.header import size_category
from tests.govern import papers


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    return papers.make(tmp_path_factory.mktemp("card"))


@pytest.fixture(scope="module")
def facts(registry):
    return registry.papers.facts("helpdesk@v2")


def header_of(text):
    _, header, _ = text.split("---\n", 2)
    return yaml.safe_load(header)


def test_facts_are_those_of_the_registry(registry, facts):
    version = registry.version("helpdesk@v2")
    assert (facts.version, facts.fingerprint, facts.rows) == (
        "helpdesk@v2",
        version.fingerprint,
        len(version),
    )
    assert {split.name: split.rows for split in facts.splits} == dict(version.counts)
    assert facts.payload_bytes == sum(
        len(orjson.dumps(e.payload, option=orjson.OPT_SORT_KEYS)) for e in version
    )
    made = facts.curated
    assert made.read == made.kept + made.rejected + made.malformed == 23
    assert made.added and [step.stage for step in made.steps] == [s.stage for s in version.funnel]
    assert facts.parents == ("helpdesk@v1",)
    assert [(past.number, past.message, past.rows) for past in facts.history] == [
        (1, "the first", 60), (2, papers.HOSTILE, len(version)),
    ]  # fmt: skip
    assert facts.tally("generator").values[0] == ("lab/model-5", 12)
    assert facts.tally("depth").values == (("1", 12),)
    assert facts.synthetic == 12 + 3  # three hostile rows name a generator and no origin
    assert {source.rows for source in facts.sources} == {60, 23}
    assert all(len(source.sha256) == 64 for source in facts.sources)
    assert facts.collected == ("2025-01", "2025-07")
    assert set(facts.told_languages) == {"en", "zh"}
    (guard,) = facts.guards
    assert (guard.name, guard.items, guard.held) == ("gold", 1, True)
    assert [(run.run, run.model) for run in facts.trained] == [("run-1", "our/model-1")]
    assert [act.action for act in facts.acts] == ["run"]


def test_a_set_frozen_later_is_said_to_be_not_held_against(registry, tmp_path):
    later = papers.make(tmp_path)
    more = tmp_path / "more.jsonl"
    more.write_text('{"question": "What is frozen late?", "answer": "this"}\n')
    later.freeze("late", [str(more)])
    held = {guard.name: guard.held for guard in later.papers.facts("helpdesk@v2").guards}
    assert held == {"gold": True, "late": False}
    assert "| late | 1 |" in later.papers.card("helpdesk@v2").text
    assert "held against no frozen" not in later.papers.card("helpdesk@v2").text


def test_the_header_is_what_the_hub_reads(registry, facts):
    header = header_of(registry.papers.card("helpdesk@v2").text)
    assert set(header["language"]) == {"en", "zh"}
    assert header["size_categories"] == ["n<1K"] and header["task_categories"] == ["text-generation"]
    assert header["annotations_creators"] == ["machine-generated"]
    assert "license" not in header and "pretty_name" not in header and "source_datasets" not in header
    (config,) = header["configs"]
    assert {one["split"]: one["path"] for one in config["data_files"]} == {
        split.files: f"data/{split.files}-*.parquet" for split in facts.splits
    }
    assert {one["name"]: one["num_examples"] for one in header["dataset_info"]["splits"]} == {
        split.files: split.rows for split in facts.splits
    }
    features = {one["name"]: one for one in header["dataset_info"]["features"]}
    assert features["tools"]["dtype"] == "json"
    inside = {one["name"]: one["dtype"] for one in features["messages"]["list"]}
    assert inside == {"role": "string", "content": "string", "tool_calls": "json", "tool_call_id": "string"}


@pytest.mark.parametrize(("rows", "name"), [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (10**9, "n>1B")])
def test_size_categories(rows, name):
    assert size_category(rows) == name


def test_what_only_a_person_knows_is_left_blank_and_listed(registry):
    result = registry.papers.card("helpdesk@v2")
    assert set(result.open) == set(CARD_KEYS) - {"annotations_creators"}
    tail = result.text[result.text.index("## To be filled by a person") :]
    assert all(f"| `{key}` |" in tail for key in result.open)
    assert "*(to be filled by a person)*" in result.text


def test_answers_fill_the_blanks(registry, tmp_path):
    fill = tmp_path / "fill.yaml"
    rest = {key: f"answer to {key}" for key in CARD_KEYS if "." not in key}
    fill.write_text(
        yaml.safe_dump(rest | {"license": "CC0-1.0", "biases": ["偏见一", "<b>two</b>"]}, allow_unicode=True)
    )
    result = registry.papers.card("helpdesk@v2", fill=str(fill))
    assert result.open == () and "to be filled" not in result.text.split("## To be filled")[0]
    assert header_of(result.text)["license"] == "CC0-1.0"
    assert "- 偏见一" in result.text and "<b>two" not in result.text
    assert "answer to summary" in registry.papers.card("helpdesk@v2", "html", str(fill)).text


def test_hostile_texts_stay_texts(registry):
    for form in ("md", "html", "eu-summary", "dps"):
        text = registry.papers.card("helpdesk@v2", form).text
        assert "<script" not in text and "\u202e" not in text and "\x1b" not in text and "<img" not in text
    page = registry.papers.card("helpdesk@v2", "html").text
    assert "&lt;script&gt;" in page and "default-src &#x27;none" not in page and "default-src 'none'" in page


def test_the_same_version_gives_the_same_card(registry):
    for form in ("md", "html", "json"):
        assert (
            registry.papers.card("helpdesk@v2", form).text == registry.papers.card("helpdesk@v2", form).text
        )


def test_the_page_shows_the_funnel_and_verdicts(registry):
    page = registry.papers.card("helpdesk@v2", "html").text
    assert (
        "Funnel of the curation" in page
        and "Length of outputs" in page
        and "http://" not in page.split("</style>")[0]
    )


def test_json_holds_every_fact(registry, facts):
    value = json.loads(registry.papers.card("helpdesk@v2", "json").text)
    assert value["version"] == "helpdesk@v2" and value["facts"]["fingerprint"] == facts.fingerprint
    assert value["facts"]["curated"]["read"] == 23 and value["open"] and value["limits"]


def test_limits_follow_from_facts(registry):
    said = " ".join(json.loads(registry.papers.card("helpdesk@v2", "json").text)["limits"])
    assert "did not look for toxicity, near-duplicates" in said
    assert "held against no frozen" not in said and "Eval items were looked for" in said


def test_what_cannot_be_done_is_said(registry, tmp_path):
    with pytest.raises(UsageError, match="one split"):
        registry.papers.card("helpdesk@v2:train")
    with pytest.raises(UsageError, match="no card format 'pdf'"):
        registry.papers.card("helpdesk", "pdf")
    with pytest.raises(NotFound):
        registry.papers.card("nothing")
    with pytest.raises(BadInput, match="cannot read"):
        registry.papers.card("helpdesk", fill=str(tmp_path / "none.yaml"))


def test_labels_are_a_task_of_their_own(tmp_path):
    import assay

    registry = assay.init(tmp_path / "registry", actor="mira")
    rows = [{"text": f"case {n} is about {papers.WORDS[n % 12]}", "label": n % 2} for n in range(20)]
    papers.write(tmp_path / "l.jsonl", rows)
    registry.import_("labels", [str(tmp_path / "l.jsonl")])
    header = header_of(registry.papers.card("labels").text)
    assert header["task_categories"] == ["text-classification"]
