"""The team's documents: what they show is what the registry is set to."""

import re
import shlex
from pathlib import Path

import pytest

import assay
from assay.cli.main import COMMANDS
from assay.errors import UsageError
from assay.govern.rulebook import DOCUMENTS
from assay.model.ref import NAME_RULE, check_name
from assay.registry.governing.rulebook import write_rulebook
from assay.stages.pii import Pii
from tests.govern import papers

ELSEWHERE = {"forget"}
"""Commands that the texts name and that another part brings."""


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    return papers.make(tmp_path_factory.mktemp("rulebook"))


@pytest.fixture(scope="module")
def texts(registry, tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs") / "deep" / "governance"
    paths = write_rulebook(registry, folder)
    assert [Path(path).name for path in paths] == list(DOCUMENTS)
    return {Path(path).name: Path(path).read_text("utf-8") for path in paths}


def test_no_hole_is_left_open(texts):
    for text in texts.values():
        assert "{{" not in text and "}}" not in text
        assert "on 2026-11-01 from the settings" in " ".join(text.split())


def test_settings_of_stages_are_those_of_the_recipe(registry, texts):
    recipe = registry.version("helpdesk").recipe
    for name in ("generation-spec.md", "example-schema.md"):
        text = texts[name].replace("\\", "")
        for entry in recipe["stages"]:
            for kind, params in entry.items():
                (line,) = [line for line in text.split("\n") if line.startswith(f"| `{kind}` |")]
                for key, value in (params or {}).items():
                    shown = " ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)
                    assert f"{key} {shown}" in line
    for meaning in Pii.codes.values():
        assert meaning in texts["example-schema.md"].replace("\\", "")


def test_what_records_state_is_counted(texts):
    spec = texts["generation-spec.md"].replace("\\", "")
    assert (
        "| helpdesk@v2 | generator | lab/model-5 | 12 |" in spec
        and "| helpdesk@v2 | depth | 1 | 12 |" in spec
    )
    assert "| helpdesk@v2 | licence | CC-BY-4.0 | 12 |" in texts["compliance-and-ethics.md"]
    assert "| helpdesk@v2 | `licence` | 12 | 71 |" in texts["example-schema.md"]


def test_datasets_splits_eval_sets_and_people(registry, texts):
    counts = registry.version("helpdesk").counts
    shown = ", ".join(f"{split} {count}" for split, count in counts.items())
    assert (
        f"| `helpdesk` | helpdesk@v2 | {shown} | seed 7, test 0.2 | main | none |"
        in texts["naming-and-paths.md"]
    )
    handbook = texts["compliance-and-ethics.md"]
    assert "| gold | 1 | 2026-11-01 |" in handbook and "Names in the log: mira" in handbook
    assert "helpdesk@v2: pii (" in handbook


def test_policies_in_force_are_shown_the_newest_of_each(tmp_path):
    registry = papers.make(tmp_path)
    for share in (0.5, 0.25):
        stored = registry.store.objects.put_json({"max_synthetic_share": share})
        registry.act("policy", "helpdesk", {"policy": stored})
    registry.act("policy", None, {"policy": registry.store.objects.put_json({"pii": 0})})
    write_rulebook(registry, tmp_path / "g")
    text = (tmp_path / "g" / "compliance-and-ethics.md").read_text("utf-8")
    assert "    max_synthetic_share: 0.25" in text and "0.5" not in text
    assert "    pii: 0" in text and "for every dataset without one of its own" in text
    assert "None: nothing is checked" not in text


def test_names_are_as_the_registry_takes_them(texts):
    assert NAME_RULE.replace("_", "\\_") in texts["naming-and-paths.md"]
    check_name("题-1_a.b" + "x" * 92)
    for bad in ("x" * 101, "-a", "a b", "a..b", "a."):
        with pytest.raises(UsageError):
            check_name(bad)


def test_every_command_that_is_named_is_there(texts):
    named = set()
    for text in texts.values():
        for command in re.findall(r"`assay ([^`]*)`", text):
            named.add(shlex.split(command)[0])
    assert {"card", "evidence", "export", "init"} <= named <= set(COMMANDS) | ELSEWHERE


def test_an_empty_registry_says_so(tmp_path):
    registry = assay.init(tmp_path / "registry", actor="mira")
    write_rulebook(registry, tmp_path / "g")
    text = "".join((tmp_path / "g" / name).read_text("utf-8") for name in DOCUMENTS)
    assert "No dataset here was made by a recipe yet" in text and "None is frozen yet." in text


def test_what_people_wrote_is_not_written_over(registry, tmp_path):
    kept = tmp_path / "example-schema.md"
    kept.write_text("ours")
    with pytest.raises(UsageError, match=r"example-schema.md exists"):
        write_rulebook(registry, tmp_path)
    assert kept.read_text() == "ours" and len(list(tmp_path.iterdir())) == 1


def test_a_dry_run_writes_nothing(registry, tmp_path):
    assert len(write_rulebook(registry, tmp_path / "g", dry_run=True)) == 4
    assert not (tmp_path / "g").exists()


def test_hostile_values_stay_texts(texts):
    for text in texts.values():
        assert "<script" not in text and "\u202e" not in text
