"""Every command against a real registry: its JSON, its picture, its exit code."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

Run = Callable[..., Any]


def ticket(n: int, **more: str) -> dict[str, str]:
    """A ticket that shares no long run of words with any other."""
    words = [f"w{(n * 7919 + k * 104_729) % 9_973}x{k}" for k in range(1, 25)]
    return {
        "instruction": f"Case {n}: {' '.join(words[:12])}?",
        "output": f"Do {' '.join(words[12:])}.",
        **more,
    }


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder: 40 good tickets; and 10 of them, a hostile one, a copy and two broken ones."""
    monkeypatch.chdir(tmp_path)
    lines = [json.dumps(ticket(n), ensure_ascii=False) for n in range(40)]
    Path("tickets.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    hostile = ticket(99) | {"output": "Press \x1b[2J and \u202e [bold]密码[/bold],然后按照邮件里的提示操作。"}
    more = [*lines[:10], json.dumps(hostile), lines[3], '{"instruction": "no en\x1b', "[1, 2]"]
    Path("more.jsonl").write_text("\n".join(more) + "\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def curated(assay_run: Run, place: Path) -> Path:
    """The folder with a registry in which helpdesk@v1 was made of tickets.jsonl and v2 of more.jsonl."""
    assert assay_run("init").code == 0
    assert assay_run("--actor", "mira", "curate", "helpdesk", "tickets.jsonl", "--workers", "1").code == 0
    assert (
        assay_run("--actor", "bo", "curate", "helpdesk", "more.jsonl", "--workers", "1", "-m", "fix").code
        == 0
    )
    return place


def plain(text: str) -> None:
    """What a pipe is given: nothing that acts on a terminal, 80 columns, no blanks at line ends."""
    assert "\x1b" not in text
    assert "\u202e" not in text
    for line in text.split("\n"):
        assert cell_len(line) <= 80, line
        assert line == line.rstrip()


def test_init(assay_run: Run, place: Path) -> None:
    call = assay_run("init", "--json", "--actor", "mira")
    assert (call.code, call.json) == (0, {"registry": ".assay", "actor": "mira"})
    again = assay_run("init")
    assert (again.code, again.out) == (2, "")
    there = assay_run("init", "elsewhere")
    assert there.code == 0
    assert "assay curate NAME FILE --registry elsewhere" in there.out
    assert assay_run("--registry", "a", "init", "b").code == 2
    assert assay_run("--registry", "elsewhere", "list", "--json").json == {"datasets": [], "eval_sets": []}


def test_an_empty_registry_is_no_error(assay_run: Run, place: Path) -> None:
    assay_run("init")
    assert assay_run("list").out == "no datasets yet\n"
    assert assay_run("verify").code == 0
    assert assay_run("gc").out.startswith("nothing to remove\n")
    assert assay_run("head", "helpdesk").code == 2


def test_curate_accounts_for_every_record(assay_run: Run, place: Path) -> None:
    assay_run("init")
    call = assay_run("curate", "helpdesk", "more.jsonl", "--json", "--workers", "1")
    assert (call.code, call.err) == (0, "")
    found = call.json
    assert {"dataset", "version", "fingerprint", "splits", "stages", "elapsed_seconds"} <= found.keys()
    assert found["version"] == "helpdesk@v1"
    assert found["read"] == 14 == found["kept"] + found["rejected"] + found["malformed"]
    assert found["malformed"] == 2
    assert sum(found["splits"].values()) == found["kept"]
    assert found["rejected"] == sum(stage["rejected"] for stage in found["stages"])


def test_curate_draws_the_funnel(assay_run: Run, place: Path) -> None:
    assay_run("init")
    call = assay_run("curate", "helpdesk", "more.jsonl", "--workers", "1")
    assert (call.code, call.err) == (0, "")
    plain(call.out)
    assert call.out.startswith("helpdesk@v1\n  read ")
    assert "  malformed " in call.out
    assert "  assay head helpdesk@v1" in call.out


def test_a_dry_run_writes_nothing(assay_run: Run, place: Path) -> None:
    assay_run("init")
    call = assay_run("curate", "helpdesk", "tickets.jsonl", "--dry-run", "--json", "--workers", "1")
    assert (call.code, call.json["version"]) == (0, None)
    assert assay_run("import", "helpdesk", "tickets.jsonl", "--dry-run", "--workers", "1").code == 0
    assert assay_run("list", "--json").json == {"datasets": [], "eval_sets": []}


def test_import_keeps_what_can_be_understood(assay_run: Run, place: Path) -> None:
    assay_run("init")
    words = (
        "import",
        "raw",
        "more.jsonl",
        "--origin",
        "human",
        "--licence",
        "CC0",
        "--workers",
        "1",
        "--json",
    )
    found = assay_run(*words).json
    assert (found["read"], found["malformed"]) == (14, 2)
    example = assay_run("head", "raw", "-n", "1", "--json").json["examples"][0]
    assert (example["provenance"]["origin"], example["provenance"]["licence"]) == ("human", "CC0")


@pytest.mark.parametrize("words", [("none.jsonl",), ("tickets.jsonl", "--recipe", "nope"), (".",)])
def test_bad_input_is_exit_2(assay_run: Run, place: Path, words: tuple[str, ...]) -> None:
    assay_run("init")
    call = assay_run("curate", "helpdesk", *words)
    assert (call.code, call.out) == (2, "")
    assert call.err.startswith("error: ")


def test_list_log_head_and_show(assay_run: Run, curated: Path) -> None:
    (one,) = assay_run("list", "--json").json["datasets"]
    assert (one["dataset"], one["latest"], one["actor"]) == ("helpdesk", "helpdesk@v2", "bo")
    operations = assay_run("log", "helpdesk", "--json").json["operations"]
    assert [entry["actor"] for entry in operations] == ["mira", "bo"]
    assert assay_run("log", "nope").code == 2
    found = assay_run("head", "helpdesk@v1", "-n", "3", "--json").json
    assert (found["version"], len(found["examples"])) == ("helpdesk@v1", 3)
    card = assay_run("show", "helpdesk", "--json").json
    assert (card["version"], card["parents"], card["message"]) == ("helpdesk@v2", ["helpdesk@v1"], "fix")
    assert card["fingerprint"] == one["fingerprint"]
    assert sum(card["malformed_codes"].values()) == 2
    name = found["examples"][0]["id"]
    assert assay_run("show", name[:16], "--json").json["id"] == name
    assert assay_run("show", "0" * 64).code == 2


def test_every_picture_is_plain_in_a_pipe(assay_run: Run, curated: Path) -> None:
    hostile = next(
        one["id"]
        for one in assay_run("head", "helpdesk@v2", "-n", "50", "--json").json["examples"]
        if "密码" in json.dumps(one["payload"], ensure_ascii=False)
    )
    for words in (
        "list", "log", "show helpdesk", "head helpdesk@v2 -n 50", "search 密码",
        "diff helpdesk@v1 helpdesk@v2",
        "diff helpdesk@v1 helpdesk@v2 --rows", "why helpdesk more.jsonl:11", "why helpdesk more.jsonl:12",
        "why helpdesk more.jsonl:13", "verify", "verify --fast", "gc", f"show {hostile}", f"trace {hostile}",
    ):  # fmt: skip
        call = assay_run(*words.split())
        assert (call.code, call.err) == (0, ""), words
        assert call.out
        plain(call.out)


def test_why_tells_all_three_fates(assay_run: Run, curated: Path) -> None:
    kept, copy, broken = (assay_run("why", "helpdesk", f"more.jsonl:{n}", "--json").json for n in (4, 12, 13))
    assert (kept["outcome"], copy["outcome"], broken["outcome"]) == ("kept", "rejected", "malformed")
    assert copy["twin"]["record"] == 4
    assert copy["twin"]["id"] == kept["example_id"]
    assert assay_run("why", "helpdesk", "more.jsonl:12").out.startswith("record 12 of ")
    assert assay_run("why", "helpdesk", "more.jsonl:15").code == 2
    assert assay_run("why", "helpdesk", "nope.jsonl:1").code == 2


def test_diff(assay_run: Run, curated: Path) -> None:
    words = ("diff", "helpdesk@v1", "helpdesk@v2", "--json")
    found = assay_run(*words).json
    assert {"added", "removed", "edited", "moved", "disabled", "fingerprints"} <= found.keys()
    assert "rows" not in found
    assert (found["added"], found["removed"]) == (1, 30)
    rows = assay_run(*words, "--rows").json["rows"]
    assert len(rows) == sum(found[op] for op in ("added", "removed", "edited", "moved"))
    assert len(assay_run(*words, "--rows", "--limit", "3").json["rows"]) == 3
    shown = assay_run("diff", "helpdesk@v1", "helpdesk@v2", "--rows", "--limit", "2").out
    assert "−30 removed" in shown
    assert f"… {len(rows) - 2} more" in shown
    same = assay_run("diff", "helpdesk@v1", "helpdesk@v1")
    assert same.code == 0
    assert "the same content" in same.out


def test_search_and_trace(assay_run: Run, curated: Path) -> None:
    (hit,) = assay_run("search", "密码", "--json").json["hits"]
    assert hit["version"] == "helpdesk@v2"
    trace = assay_run("trace", hit["id"][:12], "--json").json
    assert trace["id"] == hit["id"]
    assert [held["first"] for held in trace["versions"]] == [2]
    assert assay_run("search", "nowhere-to-be-found").out.startswith("nothing contains ")


def test_export(assay_run: Run, curated: Path) -> None:
    planned = assay_run("export", "helpdesk@v1", "out", "--dry-run", "--json")
    assert planned.code == 0
    assert not Path("out").exists()
    done = assay_run("export", "helpdesk@v1", "out", "--json")
    assert done.json == planned.json
    for path, rows in done.json["files"].items():
        assert len(Path(path).read_text(encoding="utf-8").splitlines()) == rows
    ledger = assay_run("export", "helpdesk@v2", "why", "--format", "ledger", "--json").json
    assert list(ledger["files"].values()) == [14]
    assert assay_run("export", "helpdesk", "out", "--format", "nope").code == 2


def test_verify_finds_a_flipped_bit(assay_run: Run, curated: Path) -> None:
    assert assay_run("verify", "--json").json["ok"] is True
    victim = max(
        (p for p in Path(".assay/objects").rglob("*") if p.is_file()), key=lambda p: p.stat().st_size
    )
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.chmod(0o644)
    victim.write_bytes(data)
    call = assay_run("verify", "--json")
    assert (call.code, call.json["ok"]) == (1, False)
    assert victim.name in json.dumps(call.json["findings"])
    shown = assay_run("verify")
    assert shown.code == 1
    assert shown.out.startswith("✗ ")


def test_gc_removes_only_when_told(assay_run: Run, curated: Path) -> None:
    orphan = Path(".assay/objects/ab") / f"{'ab' * 32}.json"
    orphan.parent.mkdir(parents=True, exist_ok=True)
    orphan.write_bytes(b"{}")
    os.utime(orphan, (1, 1))
    assert len(assay_run("gc", "--json").json["orphans"]) == 1
    assert assay_run("gc", "--dry-run").code == 0
    assert orphan.exists()
    assert assay_run("gc", "--yes", "--dry-run").code == 2
    assert assay_run("gc", "--yes", "--json").json["removed"] is True
    assert not orphan.exists()
    assert assay_run("verify").code == 0
