"""export --format openai | anthropic: all violations at once, and nothing dropped in silence."""

import json

import pytest

from assay.cli.main import run
from assay.errors import NotExpressible, UsageError


def chat(k, *, last="assistant"):
    turns = [{"role": "user", "content": f"问题 {k}"}, {"role": "assistant", "content": f"答案 {k}"}]
    return {"messages": turns if last == "assistant" else [*turns, {"role": "user", "content": "?"}]}


@pytest.fixture
def mixed(registry, write):
    rows = [*map(chat, range(12)), chat(98, last="user"), chat(99, last="user"), {"text": "t"}]
    registry.import_("a", [write("a.jsonl", rows)], shape="payload")
    return registry


def test_all_violations_at_once_and_no_file(mixed, tmp_path):
    with pytest.raises(
        NotExpressible, match=r"3 times: last_not_assistant 2, not_a_conversation 1; first: example"
    ):
        mixed.export("a", str(tmp_path / "out"), format="openai")
    result = mixed.export("a", str(tmp_path / "out"), format="openai", dry_run=True)
    assert not (tmp_path / "out").exists()
    assert (result.refusing, dict(result.broken)) == (3, {"last_not_assistant": 2, "not_a_conversation": 1})
    ids = {example.name for example in mixed.version("a")}
    told = result.as_json()["violations"]
    assert len(told) == 3 and {one["example"] for one in told} < ids
    assert told[0]["where"] == "messages[2]" and told[0]["todo"]


def test_what_is_left_out_is_counted_and_named(mixed, tmp_path):
    result = mixed.export("a", str(tmp_path / "out"), format="openai", skip_invalid=True)
    lines = (tmp_path / "out" / "train.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [*map(chat, range(12))]
    assert (result.refusing, result.skipped, len(result.violations)) == (0, 3, 3)
    assert result.files == {str(tmp_path / "out" / "train.jsonl"): 12}
    with pytest.raises(NotExpressible, match="too_few 1"):
        mixed.export("a", str(tmp_path / "more"), format="anthropic", skip_invalid=True)
    assert not (tmp_path / "more").exists()
    with pytest.raises(UsageError, match="skip-invalid"):
        mixed.export("a", str(tmp_path / "more"), skip_invalid=True)


def test_conversations_and_pairs_are_not_one_file(registry, write, tmp_path):
    pair = {"prompt": "q", "chosen": "a", "rejected": "b"}
    registry.import_("a", [write("a.jsonl", [*map(chat, range(12)), pair])], shape="payload")
    result = registry.export("a", str(tmp_path / "out"), format="openai", dry_run=True)
    assert dict(result.broken) == {"mixed_kinds": 1} and result.violations[0].example is None
    result = registry.export("a", str(tmp_path / "out"), format="openai", where="kind = 'messages'")
    assert list(result.files.values()) == [12]


def test_the_command_says_it_in_80_columns(mixed, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    words = [
        "--registry",
        str(mixed.root),
        "export",
        "a",
        str(tmp_path / "out"),
        "--format",
        "openai",
        "--dry-run",
    ]
    assert run(words) == 1 and not (tmp_path / "out").exists()
    shown = capsys.readouterr().out
    assert "last_not_assistant  2" in shown and "3 violations" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert run(["--json", *words]) == 1
    assert json.loads(capsys.readouterr().out)["refusing"] == 3
    assert run([*words, "--skip-invalid"]) == 0
    assert "3 examples left out" in capsys.readouterr().out
